import { expect, test } from 'vitest';
import { RequestSize } from '../../../src/meter/capacity.ts';

test('six properties are asked at first', () => {
  const size = new RequestSize();
  expect([size.next, size.limit]).toEqual([6, 6]);
});

test('a single loss changes nothing: it is the radio', () => {
  const size = new RequestSize();
  size.lost(6);
  expect(size.next).toBe(6);
  size.answered(6);
  size.lost(6);
  expect(size.next).toBe(6);
});

test('after two losses one property is tried, and its answer halves the limit', () => {
  const size = new RequestSize();
  size.lost(6);
  size.lost(6);
  expect(size.next).toBe(1);
  size.answered(1);
  expect([size.next, size.limit]).toEqual([3, 3]);
});

test('it goes down to one property and no further', () => {
  const size = new RequestSize();
  for (let i = 0; i < 10; i++) {
    size.lost(size.next);
    size.lost(size.next);
    size.answered(1);
  }
  expect(size.next).toBe(1);
});

test('lost requests for one property tell nothing about the size', () => {
  const size = new RequestSize();
  size.lost(1);
  size.lost(1);
  size.answered(1);
  expect(size.limit).toBe(6);
});

test('the same size answered after all shrinks nothing', () => {
  const size = new RequestSize();
  size.lost(2);
  size.lost(2);
  size.answered(2);
  expect(size.limit).toBe(6);
});

test('a hundred answers in a row let it grow by one, up to six; a loss starts the count anew', () => {
  const size = new RequestSize();
  size.lost(2);
  size.lost(2);
  size.answered(1);
  expect(size.limit).toBe(1);
  for (let i = 0; i < 98; i++) size.answered(1);
  size.lost(1);
  for (let i = 0; i < 99; i++) size.answered(1);
  expect(size.limit).toBe(1);
  size.answered(1);
  expect(size.limit).toBe(2);
  for (let i = 0; i < 1000; i++) size.answered(1);
  expect(size.limit).toBe(6);
});

test('what was lost because the session was dead does not make the next session’s requests small', () => {
  const size = new RequestSize();
  size.lost(2);
  size.lost(2);
  size.lost(1);
  size.newSession();
  size.lost(2);
  expect(size.next).toBe(6);
  size.answered(1);
  expect(size.limit).toBe(6);
});

test('of two lost sizes the smaller one is halved', () => {
  const size = new RequestSize();
  size.lost(4);
  size.lost(6);
  size.answered(1);
  expect(size.limit).toBe(2);
});

test('a larger request answered between two lost ones clears them', () => {
  const size = new RequestSize();
  size.lost(2);
  size.lost(6);
  size.answered(4);
  expect([size.next, size.limit]).toEqual([6, 6]);
});

test('losses of a single property do not add up with those of more', () => {
  const size = new RequestSize();
  size.lost(1);
  size.lost(6);
  expect(size.next).toBe(6);
});

test('a remembered size is where it begins', () => {
  const size = new RequestSize(2);
  expect([size.next, size.limit]).toEqual([2, 2]);
});

test('a larger request refused in part, all of it told in smaller ones: the second time it is the size', () => {
  const size = new RequestSize();
  size.refused(6, 2);
  expect(size.limit).toBe(6);
  size.refused(5, 2);
  expect([size.next, size.limit]).toEqual([2, 2]);
});

test('a refusal between two that told everything at that size was not the size', () => {
  const size = new RequestSize();
  for (let i = 0; i < 5; i++) {
    size.refused(2, 1);
    size.answered(2);
  }
  expect(size.limit).toBe(6);
});

test('a refusal counts until its size is told whole, not a smaller one, and only once', () => {
  const size = new RequestSize();
  size.refused(6, 2);
  size.answered(5);
  size.refused(6, 2);
  expect(size.limit).toBe(2);
  size.refused(2, 1);
  expect(size.limit).toBe(2);
});

test('a late answer to a size that was not lost takes no loss back', () => {
  const size = new RequestSize();
  size.lost(6);
  size.lost(6);
  size.late(2, 2);
  expect(size.next).toBe(1);
});

test('a late answer takes its loss back', () => {
  const size = new RequestSize();
  size.lost(2);
  size.lost(2);
  size.late(2, 2);
  expect(size.next).toBe(6);
  size.answered(1);
  expect(size.limit).toBe(6);
});

test('a late answer of many properties proves at once that so many can be asked', () => {
  const size = new RequestSize();
  size.lost(6);
  size.lost(6);
  size.answered(1);
  expect(size.limit).toBe(3);
  size.late(6, 6);
  expect(size.limit).toBe(6);
  size.lost(4);
  size.late(4, 1);
  expect(size.limit).toBe(6);
});

function fail(size: RequestSize): void {
  size.lost(2);
  size.lost(2);
  size.answered(1);
}
/** Hundreds of good answers until more than one property is asked again. */
function hundredsUntilMore(size: RequestSize): number {
  for (let n = 1; ; n++) {
    size.answered(1);
    if (size.limit > 1) return Math.round(n / 100);
  }
}

test('a size that failed again is tried again after twice as many successes', () => {
  const size = new RequestSize();
  const needed: number[] = [];
  for (let i = 0; i < 9; i++) {
    fail(size);
    needed.push(hundredsUntilMore(size));
  }
  expect(needed).toEqual([1, 2, 4, 8, 16, 32, 32, 32, 32]);
});

test('a late answer of more than is asked takes one doubling back, one of no more takes none', () => {
  for (const told of [1, 2]) {
    const size = new RequestSize();
    for (let i = 0; i < 4; i++) fail(size);
    size.late(2, told);
    if (told === 2) fail(size);
    expect(hundredsUntilMore(size)).toBe(8);
  }
});
