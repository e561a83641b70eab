import { describe, expect, test } from 'vitest';
import { EPC } from '../../../src/echonet/epc.ts';
import { encodeDate, encodeTimeOfDay } from '../../../src/echonet/time.ts';
import { ClockCheck } from '../../../src/meter/clock-check.ts';
import type { MeterClock } from '../../../src/model/reading.ts';
import { logLines } from '../../support/log-lines.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

/** 12:34:30 in Japan. */
const NOON = Date.UTC(2026, 0, 15, 3, 34, 30);
const MINUTE = 60_000;

function rig(startMs = NOON) {
  const clock = new VirtualClock(startMs);
  const { log, lines } = logLines();
  const check = new ClockCheck(clock, log);
  const answer = (properties: readonly { epc: number; edt: Uint8Array }[], roundTripMs = 0): MeterClock | undefined =>
    check.compare({
      properties,
      roundTripMs,
      datagram: { payload: new Uint8Array(), atMs: clock.now(), monotonicMs: clock.monotonicMs() },
    });
  const time = (atMs: number) => ({ epc: EPC.currentTime, edt: encodeTimeOfDay(atMs) });
  const date = (atMs: number) => ({ epc: EPC.currentDate, edt: encodeDate(atMs) });
  const both = (atMs: number, roundTripMs = 0) => answer([time(atMs), date(atMs)], roundTripMs);
  const warnings = (): unknown[] => lines.filter(({ level }) => level === 'warn');
  return { clock, check, answer, time, date, both, warnings };
}

describe('the skew', () => {
  test('is the middle of the minute the meter tells, minus our time', () => {
    const { both } = rig();
    expect(both(NOON)).toEqual({ atMs: NOON, skewMs: 0 });
    expect(both(NOON + 10 * MINUTE)).toEqual({ atMs: NOON, skewMs: 10 * MINUTE });
    expect(both(NOON - 3 * 24 * 60 * MINUTE)?.skewMs).toBe(-3 * 24 * 60 * MINUTE);
  });

  test.each([0, 1, 29_999, 59_999])('is wrong by half a minute at most: %d ms into the minute', (ms) => {
    const { both, clock } = rig(NOON - 30_000 + ms);
    expect(Math.abs(both(clock.now())?.skewMs ?? Infinity)).toBeLessThanOrEqual(30_000);
  });

  test('is that of the middle of the round trip', () => {
    const { both } = rig(NOON + 2000);
    expect(both(NOON, 4000)?.skewMs).toBe(0);
  });

  test('is not known from an answer that waited for airtime: nobody knows when in that time it was said', () => {
    const { both } = rig(NOON + 5 * MINUTE);
    expect(both(NOON + 5 * MINUTE, 10 * MINUTE)).toBeUndefined();
    expect(both(NOON + 5 * MINUTE, MINUTE)).toBeDefined();
  });

  test.each(['Asia/Tokyo', 'America/New_York', 'UTC'])('does not depend on TZ=%s', (zone) => {
    const before = process.env['TZ'];
    process.env['TZ'] = zone;
    try {
      expect(
        rig().answer([
          { epc: 0x97, edt: Uint8Array.of(12, 34) },
          { epc: 0x98, edt: Uint8Array.of(7, 0xea, 1, 15) },
        ]),
      ).toMatchObject({ skewMs: 0 });
    } finally {
      if (before === undefined) delete process.env['TZ'];
      else process.env['TZ'] = before;
    }
  });
});

test.each([
  ['24:00', [24, 0], [0x07, 0xea, 1, 15]],
  ['12:60', [12, 60], [0x07, 0xea, 1, 15]],
  ['never set', [0xff, 0xff], [0xff, 0xff, 0xff, 0xff]],
  ['month 13', [12, 34], [0x07, 0xea, 13, 1]],
  ['February 30th', [12, 34], [0x07, 0xea, 2, 30]],
  ['a short time', [12], [0x07, 0xea, 1, 15]],
  ['a long date', [12, 34], [0x07, 0xea, 1, 15, 0]],
])('%s is no time: the skew is unknown, and nothing is thrown', (_name, time, date) => {
  const { answer, warnings } = rig();
  const compared = answer([
    { epc: EPC.currentTime, edt: Uint8Array.from(time) },
    { epc: EPC.currentDate, edt: Uint8Array.from(date) },
  ]);
  expect(compared).toEqual({ atMs: NOON });
  expect(warnings()).toEqual([]);
});

describe('told in two answers', () => {
  test('they are put together', async () => {
    const { answer, time, date, clock } = rig();
    expect(answer([time(NOON)])).toBeUndefined();
    await clock.advance(2000);
    expect(answer([date(NOON)])).toEqual({ atMs: NOON + 2000, skewMs: 0 });
    expect(answer([date(NOON)])).toBeUndefined();
  });

  test('not when they are an hour apart, nor over two sessions', async () => {
    const { answer, time, date, clock, check } = rig();
    answer([time(NOON)]);
    await clock.advance(60 * MINUTE);
    expect(answer([date(NOON)])).toBeUndefined();
    check.newSession();
    expect(answer([time(NOON)])).toBeUndefined();
  });

  test('not over midnight, where the date may be that of the next day', async () => {
    const midnight = Date.UTC(2026, 0, 15, 15);
    const { answer, time, date, clock } = rig(midnight - 1000);
    answer([time(clock.now())]);
    await clock.advance(2000);
    expect(answer([date(clock.now())])).toBeUndefined();
  });

  test('a refused half leaves nothing to compare', () => {
    const { answer, time } = rig();
    expect(answer([time(NOON), { epc: EPC.currentDate, edt: new Uint8Array() }])).toBeUndefined();
  });
});

describe('the warning', () => {
  test('comes beyond three minutes, either way', () => {
    for (const sign of [1, -1]) {
      const { both, warnings } = rig();
      both(NOON + sign * 3 * MINUTE);
      expect(warnings()).toEqual([]);
      both(NOON + sign * 4 * MINUTE);
      expect(warnings()).toMatchObject([{ skewS: sign * 240 }]);
    }
  });

  test('is said once a day however our clock jumps', async () => {
    const { both, warnings, clock } = rig();
    for (let hour = 0; hour < 23; hour++) {
      const truth = NOON + hour * 60 * MINUTE;
      clock.jumpWall((hour % 2 === 0 ? 1 : -1) * 60 * MINUTE);
      both(truth);
      await clock.advance(60 * MINUTE);
    }
    expect(warnings()).toHaveLength(1);
    await clock.advance(2 * 60 * MINUTE);
    both(NOON);
    expect(warnings()).toHaveLength(2);
  });
});
