import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../../src/kernel/clock.ts';
import { latin1OfBytes } from '../../../src/kernel/bytes.ts';
import { Recording } from '../../../src/transcript/recording.ts';
import { Replayer } from '../../../src/transcript/replayer.ts';
import { formatTranscript, parseTranscript } from '../../../src/transcript/transcript.ts';
import type { Transcript } from '../../../src/transcript/transcript.ts';
import { transcriptTexts, wordsOf } from '../material.ts';
import { Dice, mutated } from '../mutator.ts';
import { must, nothing } from '../target.ts';
import type { Target } from '../target.ts';

const ID = '0123456789ABCDEF0123456789ABCDEF';
const words = wordsOf(
  '\n',
  '\r\n',
  '> ',
  '< ',
  '>[1.5] ',
  '# format: broute2mqtt transcript 1\n',
  '# edition: J11\n',
  '; ',
  '{0D0A}',
  '{',
  '}',
  '\\c',
  '\\r',
  `SKSETRBID ${ID}`,
  `PairID:${ID.slice(-8)}`,
  ID,
);

/** Time that never comes: what is said at once is said. */
const never: Clock = { now: () => 0, monotonicMs: () => 0, sleep: () => new Promise(() => undefined) };

/** The reader of recordings; and what it reads, replayed and recorded again. */
export const transcript: Target = {
  name: 'transcript',
  share: 4,
  open: () => {
    const seeds = transcriptTexts();
    return {
      make: (seed) => mutated(new Dice(seed), { seeds, words, most: 4000 }),
      check,
      [Symbol.asyncDispose]: nothing,
    };
  },
};

function check(input: Uint8Array): void {
  const result = parseTranscript(Buffer.from(input).toString('utf8'));
  if (!result.ok) {
    must(result.problem.line >= 1 && !result.problem.reason.en.includes('\n'), 'a problem without its line');
    return;
  }
  checkWritten(result.value);
  checkReplayed(result.value);
  checkRecorded(result.value);
}

function checkWritten({ lines }: Transcript): void {
  const text = formatTranscript(
    [],
    lines.map((line) => ({ ...line, atMs: 0 })),
  );
  const again = parseTranscript(text);
  const same = again.ok && isDeepStrictEqual(wireOf(again.value), wireOf({ header: new Map(), lines }));
  must(same, 'it is not read as it is written');
}

const wireOf = ({ lines }: Transcript): string[] => lines.map(({ from, bytes }) => `${from} ${latin1OfBytes(bytes)}`);

function checkReplayed(value: Transcript): void {
  const replayer = new Replayer(value, { clock: never, timeFactor: 1, send: () => undefined, report: () => undefined });
  replayer.attached();
  for (const { from, bytes } of value.lines) if (from === 'host') replayer.push(bytes);
  replayer.stop();
}

function checkRecorded({ lines }: Transcript): void {
  const recording = new Recording(() => 0);
  for (const { from, bytes } of lines) recording.accept(from, bytes);
  const file = recording.text({ routeBId: ID, routeBPassword: 'ABCDEFGHIJKL' }, []);
  const again = parseTranscript(file);
  if (recording.bytes === 0) return;
  must(again.ok, 'what was recorded is not read');
  const all = again.value.lines.map(({ bytes }) => latin1OfBytes(bytes)).join('');
  must(all.length === recording.bytes, 'bytes were lost or added');
  for (const side of ['host', 'module'] as const) {
    const text = again.value.lines.filter(({ from }) => from === side).map(({ bytes }) => latin1OfBytes(bytes));
    must(!text.join('').toUpperCase().includes(ID), 'the Route-B ID is in the recording');
  }
}
