import { expect, test } from 'vitest';
import type { Registers } from '../../../src/echonet/energy.ts';
import type { MemoryFailure } from '../../../src/meter/memory-questions.ts';
import { MinuteReader } from '../../../src/meter/minute-reader.ts';
import { MinuteTrail } from '../../../src/meter/minute-trail.ts';
import type { MinuteRegisters } from '../../../src/model/reading.ts';
import { logLines } from '../../support/log-lines.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const MINUTE = 60_000;
const noon = Date.parse('2026-01-15T12:00:00+09:00');
const { signal } = new AbortController();
/** Minute i has register 1000 + i, in tenths of a kWh. */
const at = (i: number): MinuteRegisters => ({ minuteMs: noon + i * MINUTE, importKwh: (1000 + i) / 10 });

interface Question {
  readonly last: number;
  readonly count: number;
}

/** A reader whose stream stands at noon; `answer` is the meter’s memory, which has everything unless told otherwise. */
function readerOf(answer: (question: Question) => readonly Registers[] | MemoryFailure = remembered()) {
  const { log, lines } = logLines();
  const told: number[] = [];
  const asked: Question[] = [];
  const position = { meter: 'a', ...at(0) };
  const onMinute = ({ minuteMs }: MinuteRegisters): void => void told.push((minuteMs - noon) / MINUTE);
  const trail = new MinuteTrail({ log, onMinute, onFar: () => undefined }, position);
  const of = { meter: 'a', scale: { coefficient: 1, exponent: -1, digits: 6 }, getMap: [0xee, 0xef] };
  const reader = new MinuteReader(of, {
    clock: new VirtualClock(),
    log,
    trail,
    questions: {
      minutes: (atMs, count) => {
        const question = { last: (atMs - noon) / MINUTE, count };
        asked.push(question);
        return Promise.resolve(answer(question));
      },
    },
  });
  const steps = async (most = 200): Promise<void> => {
    for (let i = 0; i < most && reader.nextMs < Infinity; i++) await reader.step(signal);
  };
  return { reader, trail, told, asked, lines, steps };
}

/** Newest first. @param from the oldest minute it has @param to the newest */
function remembered(from = -Infinity, to = Infinity) {
  return ({ last, count }: Question): Registers[] =>
    Array.from({ length: count }, (_, i) => (last - i < from || last - i > to ? {} : { normal: 1000 + last - i }));
}
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test('the next minute goes on at once; a gap is asked for ten at a time, from its oldest on', async () => {
  const { reader, told, asked, steps } = readerOf();
  reader.told(at(1));
  expect([told, reader.nextMs]).toEqual([[1], Infinity]);
  reader.told(at(25));
  await steps();
  expect(told).toEqual(range(1, 25));
  expect(asked).toEqual([
    { last: 11, count: 10 },
    { last: 21, count: 10 },
    { last: 25, count: 4 },
  ]);
  reader.told(at(100));
  await steps();
  expect([told.at(-1), told.length]).toEqual([100, 100]);
});

test('a minute that is told while its question is under way is not told twice', async () => {
  let during = (): void => undefined;
  const { reader, told, steps } = readerOf((question) => {
    during();
    return remembered()(question);
  });
  reader.told(at(3));
  during = () => reader.told(at(4));
  await steps();
  reader.told(at(4));
  expect(told).toEqual([1, 2, 3, 4]);
});

test('a half-hour mark alone says how far the meter is; one that comes late says nothing new', async () => {
  const { reader, told, steps } = readerOf();
  reader.told({ minuteMs: noon + 5 * MINUTE });
  await steps();
  expect(told).toEqual(range(1, 5));
  reader.told(at(6));
  reader.told({ minuteMs: noon + 2 * MINUTE });
  reader.told({ minuteMs: noon + 6 * MINUTE });
  reader.told(at(7));
  expect([told, reader.nextMs]).toEqual([range(1, 7), Infinity]);
});

test('a memory that comes after the registers: the newest minute is what the meter told', async () => {
  const { reader, told, steps } = readerOf(remembered(-Infinity, 8));
  reader.told(at(9));
  await steps();
  expect(told).toEqual(range(1, 9));
});

test.each([61, 500, 20_000])(
  'of a gap of %i minutes the last 50 are remembered: found with few questions',
  async (n) => {
    const { reader, told, asked, steps, lines } = readerOf(remembered(n - 49));
    reader.told(at(n));
    await steps();
    expect(told).toEqual(range(n - 49, n));
    expect(asked.length).toBeLessThan(10 + 2 * Math.log2(n));
    expect(lines.map(({ msg }) => msg)).toContain('minutes that the meter remembers no more: left out');
  },
);

test('a hole in the memory is left out, and what lies behind it read', async () => {
  const hole = (question: Question): Registers[] =>
    remembered()(question).map((registers, i) => (question.last - i > 30 && question.last - i <= 90 ? {} : registers));
  const { reader, told, steps } = readerOf(hole);
  reader.told(at(120));
  await steps();
  expect(told).toEqual([...range(1, 30), ...range(91, 120)]);
});

test('answers that are lost: asked for less, then not any more in this session; what is told waits for the next', async () => {
  const { reader, told, asked, steps } = readerOf(() => 'lost');
  reader.told(at(20));
  await steps();
  expect(asked.map(({ count }) => count)).toEqual([10, 5, 3, 2, 1].flatMap((count) => Array<number>(3).fill(count)));
  reader.told(at(21));
  expect([told, reader.nextMs]).toEqual([[], Infinity]);
});

test('a stick that cuts long answers is asked for less at once', async () => {
  const { reader, told, steps } = readerOf((question) => (question.count > 3 ? 'cut' : remembered()(question)));
  reader.told(at(20));
  await steps();
  expect(told).toEqual(range(1, 20));
});

test('refused again and again: the stream goes on with what the meter tells, and asks no more', async () => {
  const { reader, told, asked, steps } = readerOf(() => 'refused');
  reader.told(at(20));
  await steps();
  expect(told).toEqual([20]);
  const before = asked.length;
  reader.told(at(25));
  await steps();
  expect([told, asked.length]).toEqual([[20, 25], before]);
});
