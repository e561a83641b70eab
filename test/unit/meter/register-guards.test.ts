import { expect, test } from 'vitest';
import type { EnergyScale } from '../../../src/model/reading.ts';
import { RegisterGuards } from '../../../src/meter/register-guards.ts';
import { logLines } from '../../support/log-lines.ts';

const MAC = '001C6400030C12A4';
const MINUTE = 60_000;
const scale: EnergyScale = { coefficient: 1, exponent: -1, digits: 6 };
const at = (minutes: number): { atMs: number; monotonicMs: number } => ({
  atMs: Date.UTC(2026, 0, 15) + minutes * MINUTE,
  monotonicMs: minutes * MINUTE,
});

test('without a scale or without energy nothing is judged', () => {
  const { log } = logLines();
  const guards = new RegisterGuards({ log, onHeld: () => undefined }, undefined, {});
  expect(guards.pass({ powerW: 5, importKwh: 7 }, at(0), undefined)).toEqual({ powerW: 5, importKwh: 7 });
  expect(guards.pass({ powerW: 5 }, at(0), scale)).toEqual({ powerW: 5 });
  expect(guards.accepted).toEqual({});
});

test('import and export are judged each on its own, and the rest passes', () => {
  const { log, lines } = logLines();
  const guards = new RegisterGuards({ log, onHeld: () => undefined }, 40, {});
  guards.pass({ importKwh: 1000, exportKwh: 200 }, at(0), scale);
  expect(guards.pass({ powerW: 5, importKwh: 1000.1, exportKwh: 0 }, at(1), scale)).toEqual({
    powerW: 5,
    importKwh: 1000.1,
  });
  expect(guards.accepted).toMatchObject({ import: { kwh: 1000.1 }, export: { kwh: 200 } });
  expect(lines).toEqual([
    expect.objectContaining({ register: 'export', before: 200, kwh: 0, why: 'fall', heldBack: 1, level: 'warn' }),
  ]);
});

test('registers of a whole minute pass beside the register they belong to, and never alone or while it is held back', () => {
  const { log } = logLines();
  const guards = new RegisterGuards({ log, onHeld: () => undefined }, undefined, {});
  const minuteMs = at(0).atMs;
  const pass = (measured: object, minute: number): unknown => guards.pass(measured, at(minute), scale).minute;
  expect(pass({ minute: { minuteMs, importKwh: 1000 } }, 0)).toBeUndefined();
  expect(pass({ importKwh: 1000, minute: { minuteMs, importKwh: 999.9, exportKwh: 3 } }, 1)).toEqual({
    minuteMs,
    importKwh: 999.9,
  });
  expect(pass({ minute: { minuteMs, importKwh: 1000.3 } }, 2)).toEqual({ minuteMs, importKwh: 1000.3 });
  for (const importKwh of [0, 990, 1010, 10_000]) expect(pass({ minute: { minuteMs, importKwh } }, 2)).toBeUndefined();
  expect(pass({ importKwh: 0, minute: { minuteMs, importKwh: 0 } }, 3)).toBeUndefined();
  expect(pass({ minute: { minuteMs, importKwh: 1000 } }, 4)).toBeUndefined();
  expect(pass({ importKwh: 1000.1, minute: { minuteMs, importKwh: 1000 } }, 5)).toEqual({ minuteMs, importKwh: 1000 });
});

test('a roll-over and a confirmed fall are told', () => {
  const { log, lines } = logLines();
  const remembered = { import: { kwh: 99_999.9, atMs: at(0).atMs }, export: { kwh: 5000, atMs: at(0).atMs } };
  const guards = new RegisterGuards({ log, onHeld: () => undefined }, undefined, remembered);
  expect(guards.pass({ importKwh: 0.2 }, at(1), scale)).toEqual({ importKwh: 0.2 });
  for (const minute of [2, 4, 7]) guards.pass({ exportKwh: 3 }, at(minute), scale);
  expect(lines.map(({ why }) => why)).toEqual(['roll-over', 'fall', 'fall', 'confirmed']);
});

const other = '0011223344556677';
const remembered = {
  macAddress: MAC,
  profile: { getMap: [], hasTPhase: true, hasExport: true, serialNumber: 'A1' },
  import: { kwh: 12_345, atMs: at(0).atMs },
};
for (const [name, mac, serial, passes] of [
  ['the same meter', MAC, 'A1', false],
  ['the same meter that does not tell its serial number', MAC, undefined, false],
  ['another MAC address', other, 'A1', true],
  ['another serial number', MAC, 'B2', true],
] as const) {
  test(`${name}: a lower register is ${passes ? 'right at once' : 'held back'}`, () => {
    const { log, lines } = logLines();
    const guards = new RegisterGuards({ log, onHeld: () => undefined }, undefined, remembered);
    guards.ofMeter(mac, serial);
    expect(guards.pass({ importKwh: 7 }, at(1), scale)).toEqual(passes ? { importKwh: 7 } : {});
    expect(lines.some(({ msg }) => msg.startsWith('another meter'))).toBe(passes);
  });
}

test('a meter that was never named before is no other one', () => {
  const { log, lines } = logLines();
  const guards = new RegisterGuards({ log, onHeld: () => undefined }, undefined, { import: remembered.import });
  guards.ofMeter(MAC, 'A1');
  guards.ofMeter(MAC, undefined);
  expect(lines).toEqual([]);
  guards.ofMeter(MAC, 'B2');
  expect(lines).toHaveLength(1);
});

test('a contract says nothing of what is sold', () => {
  const { log } = logLines();
  const guards = new RegisterGuards({ log, onHeld: () => undefined }, 15, {});
  guards.pass({ importKwh: 1000, exportKwh: 200 }, at(0), scale);
  const passed = guards.pass({ importKwh: 1000.5, exportKwh: 200.5 }, at(1), scale);
  expect(passed).toEqual({ exportKwh: 200.5 });
});

for (const [name, measured] of [
  ['power', { powerW: 45_000 }],
  ['currents', { currentRA: 200, currentTA: 250 }],
] as const) {
  test(`${name} of the same minutes let a fast register pass, in their own direction`, () => {
    const { log } = logLines();
    const guards = new RegisterGuards({ log, onHeld: () => undefined }, undefined, {});
    guards.pass({ importKwh: 1000, exportKwh: 200 }, at(0), scale);
    guards.pass(measured, at(0.5), undefined);
    const passed = guards.pass({ importKwh: 1000.9, exportKwh: 200.9 }, at(1), scale);
    expect(passed).toEqual({ importKwh: 1000.9 });
  });
}

test('a hold is told once, and each of its readings is counted', () => {
  const { log, lines } = logLines();
  const held: string[] = [];
  const guards = new RegisterGuards({ log, onHeld: (register) => held.push(register) }, undefined, {});
  guards.pass({ importKwh: 1000 }, at(0), scale);
  for (const minute of [1, 2, 3, 4]) guards.pass({ importKwh: 5 }, at(minute), scale);
  expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  expect(held).toEqual(['import', 'import', 'import', 'import']);
  guards.pass({ importKwh: 1000.1 }, at(5), scale);
  guards.pass({ importKwh: 5 }, at(6), scale);
  expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(2);
});
