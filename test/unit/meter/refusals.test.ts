import { expect, test } from 'vitest';
import { Refusals } from '../../../src/meter/refusals.ts';

const MINUTE = 60_000;
const told = (...codes: readonly number[]): ReadonlySet<number> => new Set(codes);
const five = [0xe7, 0xe8, 0xe0, 0xe3, 0x88];

test('what is refused beside others is asked again in a smaller request, then alone, then believed', () => {
  const refusals = new Refusals();
  refusals.accept(five, told(0xe7, 0xe8), 0);
  expect(refusals.askable([0xe0, 0xe3, 0x88], 0)).toEqual([0xe0, 0xe3, 0x88]);
  expect(refusals.group([0xe0, 0xe3, 0x88], 6)).toEqual([0xe0, 0xe3]);
  refusals.accept([0xe0, 0xe3], told(), 0);
  expect(refusals.group([0xe0, 0xe3, 0x88], 6)).toEqual([0xe0]);
  expect(refusals.isBelieved(0xe0)).toBe(false);
  refusals.accept([0xe0], told(), 0);
  expect(refusals.isBelieved(0xe0)).toBe(true);
  expect(refusals.askable([0xe0, 0xe3, 0x88], 0)).toEqual([0x88, 0xe3]);
});

test('of a request refused whole, half is asked next', () => {
  const refusals = new Refusals();
  refusals.accept(five, told(), 0);
  expect(refusals.group(five, 6)).toEqual([0xe7, 0xe8]);
});

test('a believed refusal is asked again after 1, 5, 15 minutes, then 1, 6, 6 hours', () => {
  const refusals = new Refusals();
  let now = 0;
  for (const minutes of [1, 5, 15, 60, 360, 360]) {
    refusals.accept([0xd3], told(), now);
    expect(refusals.askable([0xd3], now + minutes * MINUTE - 1)).toEqual([]);
    now += minutes * MINUTE;
    expect(refusals.askable([0xd3], now)).toEqual([0xd3]);
    expect(refusals.isBelieved(0xd3)).toBe(true);
  }
});

test('what is told, asked for or not, is refused no more, and begins anew', () => {
  const refusals = new Refusals();
  for (let i = 0; i < 3; i++) refusals.accept([0xea], told(), 0);
  refusals.accept([], told(0xea), 0);
  expect([refusals.isBelieved(0xea), refusals.askable([0xea], 0)]).toEqual([false, [0xea]]);
  refusals.accept([0xea], told(), 0);
  expect(refusals.askable([0xea], MINUTE)).toEqual([0xea]);
});

test('of several believed refusals one at a time is asked again, alone and last', () => {
  const refusals = new Refusals();
  for (const code of [0x8a, 0x8d, 0x82]) refusals.accept([code], told(), 0);
  const askable = refusals.askable([0x8a, 0x8d, 0x82, 0xe7, 0xe8], MINUTE);
  expect(askable).toEqual([0xe7, 0xe8, 0x8a]);
  expect(refusals.group(askable, 6)).toEqual([0xe7, 0xe8]);
  refusals.accept([0x8a], told(), MINUTE);
  expect(refusals.askable([0x8a, 0x8d, 0x82], MINUTE)).toEqual([0x8d]);
});

test('the vital property is asked however often it is refused', () => {
  const refusals = new Refusals();
  refusals.accept([0xe7], told(), 0);
  expect(refusals.askable([0xe7, 0xe8], 0)).toEqual([0xe8, 0xe7]);
});
