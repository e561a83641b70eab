import { expect, test } from 'vitest';
import { Capacity } from '../../../src/meter/capacity.ts';
import { RoundTrips } from '../../../src/meter/round-trips.ts';

const MAC = '001C6400030C12A4';
const remembered = { macAddress: MAC, requestSize: 2, roundTripMs: 3000 };
const late = (roundTripMs: number, ...told: readonly number[]) => ({
  properties: told.map((code) => ({ epc: code, edt: Uint8Array.of(1) })),
  datagram: { payload: new Uint8Array(), atMs: 0, monotonicMs: 0 },
  roundTripMs,
  asked: [0xe7, 0xe8, 0xe0],
  isLate: true,
});

test('what is remembered counts for the meter it was found out of, and is kept from session to session', () => {
  const capacity = new Capacity(new RoundTrips(), undefined);
  capacity.begin(MAC, remembered);
  expect([capacity.size.limit, capacity.timeoutMs]).toEqual([2, 12_000]);
  expect(capacity.rememberedOf(MAC)).toEqual({ requestSize: 2, roundTripMs: 3000 });
  capacity.begin(MAC, {});
  expect(capacity.size.limit).toBe(2);
  capacity.begin('001C640003DD6393', remembered);
  expect([capacity.size.limit, capacity.timeoutMs]).toEqual([6, 4000]);
  expect(capacity.rememberedOf(MAC)).toEqual({});
  expect(capacity.rememberedOf(undefined)).toEqual({});
});

test('a fixed time-out is the time-out', () => {
  const capacity = new Capacity(new RoundTrips(), 7);
  capacity.begin(MAC, remembered);
  expect(capacity.timeoutMs).toBe(7000);
});

test('a late answer proves as many properties as it tells of those asked, unless no time-out could bear it', () => {
  for (const [replyTimeoutS, roundTripMs, told, limit] of [
    [undefined, 9000, [0xe7, 0xe8, 0xe0], 3],
    [undefined, 9000, [0xe7, 0xe8, 0xf9, 0xfa], 2],
    [undefined, 20_000, [0xe7, 0xe8, 0xe0], 3],
    [undefined, 20_001, [0xe7, 0xe8, 0xe0], 2],
    [7, 7000, [0xe7, 0xe8, 0xe0], 3],
    [7, 7001, [0xe7, 0xe8, 0xe0], 2],
  ] as const) {
    const capacity = new Capacity(new RoundTrips(), replyTimeoutS);
    capacity.begin(MAC, remembered);
    capacity.accept(late(roundTripMs, ...told));
    expect(capacity.size.limit).toBe(limit);
  }
});

test('an answer in time, and a notification, prove no size by their time', () => {
  const capacity = new Capacity(new RoundTrips(), undefined);
  capacity.begin(MAC, remembered);
  const { asked: _, ...notification } = late(500, 0xe7, 0xe8, 0xe0);
  capacity.accept({ ...late(500, 0xe7, 0xe8, 0xe0), isLate: false });
  capacity.accept(notification);
  expect(capacity.size.limit).toBe(2);
});

test('nothing is to be remembered of no meter, and no round trip before the first answer', () => {
  const capacity = new Capacity(new RoundTrips(), undefined);
  expect(capacity.rememberedOf(undefined)).toEqual({});
  capacity.begin(MAC, {});
  expect(capacity.rememberedOf(MAC)).toEqual({ requestSize: 6 });
});
