import { expect, test } from 'vitest';
import { MinuteTrail } from '../../../src/meter/minute-trail.ts';
import type { MinutePosition } from '../../../src/meter/minute-trail.ts';
import type { MinuteRegisters } from '../../../src/model/reading.ts';
import { logLines } from '../../support/log-lines.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const noon = Date.parse('2026-01-15T12:00:00+09:00');
const at = (i: number, importKwh?: number, exportKwh?: number): MinuteRegisters => ({
  minuteMs: noon + i * MINUTE,
  ...(importKwh === undefined ? {} : { importKwh }),
  ...(exportKwh === undefined ? {} : { exportKwh }),
});

function trailOf(position?: MinutePosition) {
  const { log, lines } = logLines();
  const told: MinuteRegisters[] = [];
  const far: number[] = [];
  const onMinute = (minute: MinuteRegisters): void => void told.push(minute);
  const trail: MinuteTrail = new MinuteTrail({ log, onMinute, onFar: () => void far.push(told.length) }, position);
  return { trail, told, far, lines };
}

test('it begins with the first minute that is told, and goes on with the next: each once, none before an earlier one', () => {
  const { trail, told } = trailOf();
  expect(trail.keep()).toEqual({});
  expect(trail.lacksBefore('a', at(0, 1))).toBe(false);
  for (const minute of [at(0, 1, 5), at(0, 1, 5), at(1, 1, 5), at(0, 1, 5), at(2, 1.1)]) trail.add('a', minute);
  expect(told).toEqual([at(0, 1, 5), at(1, 1, 5), at(2, 1.1)]);
  expect(trail.keep()).toEqual({ minute: { meter: 'a', ...at(2, 1.1, 5) } });
  expect(trail.nextMs).toBe(noon + 3 * MINUTE);
  expect(trail.lacksBefore('a', at(3, 1.2))).toBe(false);
  expect(trail.lacksBefore('a', at(5, 1.2))).toBe(true);
});

test('a restart goes on where it was, and an empty minute is none', () => {
  const { trail, told } = trailOf({ meter: 'a', ...at(0, 1) });
  expect(trail.lacksBefore('a', at(3, 2))).toBe(true);
  trail.add('a', at(1));
  trail.skipTo(noon + 2 * MINUTE);
  trail.skipTo(noon);
  trail.add('a', at(2, 1.5));
  trail.add('a', at(3, 2));
  expect(told).toEqual([at(3, 2)]);
});

test('an hour of minutes is worth a write: whoever is killed tells no more of them again', () => {
  const { trail, told, far } = trailOf({ meter: 'a', ...at(0, 1) });
  const until = (last: number): void => {
    for (let i = told.length + 1; i <= last; i++) trail.add('a', at(i, 1));
  };
  until(59);
  expect(far).toEqual([]);
  until(60);
  expect([far, trail.keep().minute?.minuteMs]).toEqual([[60], noon + 60 * MINUTE]);
  until(119);
  expect(far).toEqual([60]);
  until(120);
  expect(far).toEqual([60, 120]);
});

test('a register that does not lie between the last and the newest is left out, and said', () => {
  const { trail, told, lines } = trailOf({ meter: 'a', ...at(0, 10, 3) });
  trail.add('a', at(1, 9.9, 3), at(5, 11, 3));
  trail.add('a', at(2, 11.1, 3), at(5, 11, 3));
  trail.add('a', at(3, 10.5, 2.9), at(5, 11, 3));
  trail.add('a', at(4, 10.5, 3), at(5, 11, 3));
  expect(told).toEqual([at(4, 10.5, 3)]);
  expect(lines.map(({ msg }) => msg)).toEqual(Array(3).fill('minute does not fit its neighbours: left out'));
});

test('across a roll-over, and of another meter, nothing is said against it', () => {
  const { trail, told } = trailOf({ meter: 'a', ...at(0, 99_999.9) });
  trail.add('a', at(1, 0), at(2, 0.1));
  expect(told).toEqual([at(1, 0)]);
  trail.add('b', at(2, 7), at(3, 7.1));
  trail.add('a', at(3, 1));
  expect(told).toEqual([at(1, 0), at(2, 7), at(3, 1)]);
});

test('the meter’s clock is put back by days: it begins anew there; by less: it waits until it has caught up', () => {
  const { trail, told, lines } = trailOf({ meter: 'a', ...at(0, 1) });
  expect(trail.lacksBefore('a', at(-30, 1))).toBe(false);
  trail.add('a', at(-30, 1));
  expect(told).toEqual([]);
  const back = { ...at(0, 1.1), minuteMs: noon - 40 * DAY };
  expect(trail.lacksBefore('a', back)).toBe(false);
  trail.add('a', back);
  expect(told).toEqual([back]);
  expect(lines).toHaveLength(1);
});
