import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { systemClock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import { inBoth } from '../kernel/language.ts';
import type { Text } from '../kernel/language.ts';
import type { Replayer, ReplayEvent } from '../transcript/replayer.ts';
import { parseTranscript } from '../transcript/transcript.ts';
import type { Transcript } from '../transcript/transcript.ts';
import { WireEnd } from '../wire/wire-end.ts';
import { addCommand, numeric } from '../app/command.ts';
import { say } from '../app/context.ts';
import type { CliContext } from '../app/context.ts';
import { serveStdio, serveTcp, WIRE_OPTIONS } from '../app/serve-wire.ts';
import type { WireModule } from '../app/serve-wire.ts';

interface ReplayFlags {
  readonly listen?: string;
  readonly timeFactor: number;
}

/** `replay`: is a module that answers as one did in a transcript. Standard output, or the TCP connection, is its wire. */
export function addReplayCommand(program: Command, context: CliContext): void {
  const help = { en: 'be the stick and the meter of a recording', ja: '記録ファイルのスティックとメーターを再現する' };
  addCommand(program, context, 'replay <FILE>', help, [
    ...WIRE_OPTIONS,
    [
      '--time-factor <N>',
      { en: 'how many times faster than recorded', ja: '記録時に対する速さの倍率' },
      numeric(0.01, 1000, 1),
    ],
  ]).action(async (file: string, flags: ReplayFlags) => replay(file, flags, context));
}

async function replay(file: string, { listen, timeFactor }: ReplayFlags, context: CliContext): Promise<void> {
  const transcript = await readTranscript(file);
  const { Replayer } = await import('../transcript/replayer.ts');
  const wire = new WireEnd((bytes) => replayer.push(bytes));
  const replayer: Replayer = new Replayer(transcript, {
    clock: systemClock,
    timeFactor,
    send: (text) => wire.write(Buffer.from(text, 'latin1')),
    report: (event) => say(context.stderr, context, eventText(event)),
  });
  const module: WireModule = {
    plugged: true,
    get attached() {
      return wire.attached;
    },
    attach: (stream) => {
      wire.attach(stream);
      replayer.attached();
    },
  };
  try {
    if (listen === undefined) await serveStdio(module, context);
    else await serveTcp(module, listen, ready, context);
  } finally {
    replayer.stop();
    wire.detach();
  }
}

/** @throws BridgeError USAGE with the number of the line that is wrong. */
async function readTranscript(file: string): Promise<Transcript> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new BridgeError(
      'USAGE',
      { en: `${file} cannot be read`, ja: `${file} を読めません` },
      { cause: error, hint: NOT_READABLE },
    );
  }
  const parsed = parseTranscript(text);
  if (!parsed.ok) {
    const { line, reason } = parsed.problem;
    throw new BridgeError(
      'USAGE',
      inBoth((language) => `${file}:${line}: ${reason[language]}`),
      { hint: NOT_TRANSCRIPT },
    );
  }
  const [edition = ''] = parsed.value.header.get('edition') ?? [];
  const isJ11 = edition.startsWith('J11') || parsed.value.lines.some(({ text }) => /^\{D0(?:EA83FC|F9EE5D)/.test(text));
  if (isJ11)
    throw new BridgeError(
      'USAGE',
      { en: `${file}: a recording of a J11 module`, ja: `${file}: J11モジュールの記録です` },
      { hint: NO_J11 },
    );
  return parsed.value;
}

const NOT_READABLE: Text = {
  en: 'Check the name of the file and who may read it.',
  ja: 'ファイル名と、読み取りの権限を確認してください。',
};
const NOT_TRANSCRIPT: Text = {
  en: 'Give a file that `broute2mqtt record` has written. Mail can damage it: send it as an attachment.',
  ja: '`broute2mqtt record` で作成したファイルを指定してください。メール本文に貼ると壊れることがあるため、添付で送ってください。',
};
const NO_J11: Text = {
  en: 'J11 modules cannot be replayed yet.',
  ja: 'J11モジュールの再生にはまだ対応していません。',
};

const ready = (address: string): Text => ({ en: `replayed stick on ${address}`, ja: `再生中のスティック: ${address}` });

function eventText(event: ReplayEvent): Text {
  switch (event.kind) {
    case 'unknown':
      return {
        en: `not in the recording, answered FAIL ER04: ${event.asked}`,
        ja: `記録にないため FAIL ER04 を返しました: ${event.asked}`,
      };
    case 'composed':
      return {
        en: `asked together what was recorded apart, answered with the recorded values: ${event.asked}`,
        ja: `記録では別々の要求だったため、記録された値を組み合わせて応答しました: ${event.asked}`,
      };
    case 'end':
      return {
        en: `end of the recording (${event.played} of ${event.exchanges} exchanges played); from here on answers come again`,
        ja: `記録の終わりに達しました（${event.exchanges} 件中 ${event.played} 件を再生）。以後は同じ応答を繰り返します`,
      };
  }
}
