import { expect, test } from 'vitest';
import { HalfHourArchive } from '../../../src/archive/half-hour-archive.ts';
import type { Registers } from '../../../src/echonet/energy.ts';
import { EPC } from '../../../src/echonet/epc.ts';
import { HALF_HOUR_MS } from '../../../src/kernel/clock.ts';
import { HistoryReader } from '../../../src/meter/history-reader.ts';
import { logLines } from '../../support/log-lines.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const noon = Date.parse('2026-01-15T12:00:00+09:00');
const { signal } = new AbortController();

test('a mark of which the memory has no more than was told is no news, in whatever session', async () => {
  const { log } = logLines();
  const archive = await HalfHourArchive.open(undefined, log);
  archive.add('M', { markMs: noon, importKwh: 100, exportKwh: 7 });
  archive.add('M', { markMs: noon + HALF_HOUR_MS, exportKwh: 7 });
  const filled: number[] = [];
  const reader = new HistoryReader(
    {
      meter: 'M',
      scale: { coefficient: 1, exponent: 0, digits: 6 },
      getMap: [EPC.history2, EPC.history2Request],
    },
    {
      clock: new VirtualClock(),
      log,
      archive,
      questions: { slots: () => Promise.resolve([{ reverse: 7 }]), day: () => Promise.resolve('refused') },
      onFilled: ({ markMs }) => void filled.push(markMs),
    },
  );
  reader.told(noon + HALF_HOUR_MS);
  await reader.step(signal);
  expect(filled).toEqual([]);
});

test('a mark that the meter told while its memory was asked for it had not been missed', async () => {
  const { log } = logLines();
  const archive = await HalfHourArchive.open(undefined, log);
  const mark = (i: number) => ({ markMs: noon + i * HALF_HOUR_MS, importKwh: 100 + i });
  for (const i of [0, 3]) archive.add('M', mark(i));
  const filled: number[] = [];
  const slots = (atMs: number, count: number): Promise<readonly Registers[]> => {
    archive.add('M', mark(2)); // a late answer
    const at = (atMs - noon) / HALF_HOUR_MS;
    return Promise.resolve(Array.from({ length: count }, (_, back) => ({ normal: 100 + at - back })));
  };
  const getMap = [EPC.history2, EPC.history2Request];
  const of = { meter: 'M', scale: { coefficient: 1, exponent: 0, digits: 6 }, getMap };
  const reader = new HistoryReader(of, {
    clock: new VirtualClock(),
    log,
    archive,
    questions: { slots, day: () => Promise.resolve('refused') },
    onFilled: ({ markMs }) => void filled.push((markMs - noon) / HALF_HOUR_MS),
  });
  reader.told(mark(3).markMs);
  await reader.step(signal);
  expect(filled).toEqual([1]);
  expect(archive.at(mark(2).markMs)?.importKwh).toBe(102);
});
