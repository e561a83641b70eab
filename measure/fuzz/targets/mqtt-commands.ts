import type { Clock } from '../../../src/kernel/clock.ts';
import type { MeterCommand } from '../../../src/model/status.ts';
import { CommandGate } from '../../../src/model/command-gate.ts';
import { bytesOfLatin1 } from '../../../src/kernel/bytes.ts';
import { logLines } from '../../../test/support/log-lines.ts';
import { VirtualClock } from '../../../test/support/virtual-clock.ts';
import { corpusOf, wordsOf } from '../material.ts';
import { Dice, mutated } from '../mutator.ts';
import type { Material } from '../mutator.ts';
import { must, nothing } from '../target.ts';
import type { Target } from '../target.ts';

const NAMES = ['read_now', 'restart_session', 'rescan', 'poll_interval'];
/** ms between two of a kind. */
const PACE: Readonly<Record<string, number>> = {
  read_now: 10_000,
  restart_session: 30_000,
  rescan: 60_000,
  poll_interval: 10_000,
};
const PAYLOADS = [
  '',
  'PRESS',
  '2',
  '30',
  '30.0',
  '3600',
  '3601',
  '1',
  '-5',
  '1e3',
  '0x10',
  ' 60 ',
  'NaN',
  '٣٠',
  '9999999',
];
const material: Material = {
  seeds: [...corpusOf('mqtt-commands'), ...wordsOf(...NAMES, 'READ_NOW', '', '__proto__', 'read_now/x')],
  words: wordsOf(...NAMES, '/', '+', '#', '\0', '$', ' ', '\u00e3\u0081\u0082'),
  most: 300,
};

/** A line a message: seconds since the one before, R when retained, bytes of payload, the name, and what the payload begins with. */
const messageLine = (dice: Dice): string => {
  const name = dice.chance(0.6)
    ? dice.pick(NAMES)
    : Buffer.from(mutated(dice, material))
        .toString('latin1')
        .replaceAll(/[\n\t]/g, ' ');
  const bytes = dice.pick([0, 5, 5, 5, 1024, 1025, 1_000_000]);
  return `${dice.pick([0, 0, 1, 9, 10, 30, 60])} ${dice.chance(0.2) ? 'R' : '-'} ${bytes} ${name}\t${dice.pick(PAYLOADS)}`;
};

export const mqttCommands: Target = {
  name: 'mqtt-commands',
  share: 4,
  open: () => ({
    make(seed) {
      const dice = new Dice(seed);
      return bytesOfLatin1(Array.from({ length: 1 + dice.below(12) }, () => messageLine(dice)).join('\n'));
    },
    check,
    [Symbol.asyncDispose]: nothing,
  }),
};

const clock = new VirtualClock();
const { log, lines } = logLines();

function check(input: Uint8Array): void {
  lines.length = 0;
  const taken: { readonly name: MeterCommand | 'poll_interval'; readonly atS: number }[] = [];
  let atS = 0;
  const gate = new CommandGate(
    at(() => atS),
    log,
    {
      onCommand: (name) => void taken.push({ name, atS }),
      onInterval: (intervalS) => {
        must(Number.isInteger(intervalS) && intervalS >= 2 && intervalS <= 3600, 'an interval nobody may ask for');
        taken.push({ name: 'poll_interval', atS });
      },
    },
  );
  const messages = Buffer.from(input).toString().split('\n');
  for (const message of messages) {
    const [, seconds, retained, bytes, rest = ''] = /^(\d{1,6}) ([R-]) (\d{1,9}) ([^]*)$/.exec(message) ?? [];
    const [name = '', text = ''] = rest.split('\t');
    const payload = Buffer.from(text.padEnd(Math.min(Number(bytes ?? 0), 2000)));
    atS += Number(seconds ?? 0);
    const before = taken.length;
    gate.accept({ name, payload, retained: retained === 'R' });
    if (taken.length === before) continue;
    const command = taken.at(-1)?.name;
    must(name === command && NAMES.includes(name), 'a command nobody gave');
    must(retained !== 'R' && payload.length <= 1024, 'a command that had to be refused');
    const last = taken.slice(0, -1).findLast((other) => other.name === command);
    must(!last || (atS - last.atS) * 1000 >= (PACE[name] ?? Infinity), 'faster than the radio bears');
  }
  must(lines.length <= messages.length, 'more lines than messages');
  must(
    lines.every((line) => JSON.stringify(line).length < 600),
    'a line without an end',
  );
}

/** Time moves with the messages. */
const at = (seconds: () => number): Clock => ({
  now: () => clock.now() + seconds() * 1000,
  monotonicMs: () => seconds() * 1000,
  sleep: clock.sleep.bind(clock),
});
