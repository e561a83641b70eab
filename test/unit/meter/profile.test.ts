import { expect, test } from 'vitest';
import { encodeCoefficient, encodeCounter, encodeDigits, encodeUnit } from '../../../src/echonet/energy.ts';
import { epc } from '../../../src/echonet/epc.ts';
import type { Property } from '../../../src/echonet/frame.ts';
import { encodeCurrents } from '../../../src/echonet/smart-meter.ts';
import type { MeterProfile } from '../../../src/model/reading.ts';
import { isAnother, mergeProfiles, nameplateEpcs, ProfileBuilder, scaleEpcs } from '../../../src/meter/profile.ts';

const none = new Uint8Array();
const map = (...codes: readonly number[]): Property => ({
  epc: epc.getMap,
  edt: Uint8Array.of(codes.length, ...codes),
});
const is = (code: number, edt: Uint8Array): Property => ({ epc: code, edt });
const unit = is(epc.energyUnit, encodeUnit(-1));
const digits = is(epc.digits, encodeDigits(6));
const fullMap = [...scaleEpcs, ...nameplateEpcs, epc.currents, epc.exportEnergy];
const nameplate = [
  is(epc.makerCode, Uint8Array.of(0, 0, 0x16)),
  is(epc.serialNumber, Buffer.from('A1'.padEnd(12, '\0'))),
  is(epc.standardVersion, Uint8Array.of(0, 0, 0x46, 0)),
];

test('without a map nothing is open and nothing complete', () => {
  const builder = new ProfileBuilder();
  builder.learn([unit, digits]);
  expect(builder.open([...scaleEpcs])).toEqual([]);
  expect([builder.getMap, builder.complete, builder.energyScale]).toEqual([undefined, undefined, undefined]);
});

test('a meter that has everything is learnt in three answers', () => {
  const builder = new ProfileBuilder();
  builder.learn([map(...fullMap)]);
  expect(builder.open([...scaleEpcs, ...nameplateEpcs])).toEqual([...scaleEpcs, ...nameplateEpcs]);
  builder.learn([unit, digits, is(epc.coefficient, encodeCoefficient(10))]);
  expect(builder.energyScale).toEqual({ exponent: -1, digits: 6, coefficient: 10 });
  expect(builder.complete).toBeUndefined();
  builder.learn([...nameplate, is(epc.currents, encodeCurrents(10, 12)), is(epc.exportEnergy, encodeCounter(5))]);
  expect(builder.complete).toEqual({
    getMap: fullMap.toSorted((a, b) => a - b),
    makerCode: '000016',
    serialNumber: 'A1',
    release: 'F',
    energyScale: { exponent: -1, digits: 6, coefficient: 10 },
    hasTPhase: true,
    hasExport: true,
  });
  expect(builder.serialNumber).toBe('A1');
});

test('a map without a coefficient means a coefficient of 1', () => {
  const builder = new ProfileBuilder();
  builder.learn([map(epc.energyUnit, epc.digits)]);
  builder.learn([unit, digits]);
  expect(builder.energyScale?.coefficient).toBe(1);
});

test('a coefficient that is refused is asked three times, then it is 1', () => {
  const builder = new ProfileBuilder();
  builder.learn([map(...scaleEpcs)]);
  builder.learn([unit, digits]);
  for (let times = 0; times < 3; times++) {
    expect(builder.open([...scaleEpcs])).toEqual([epc.coefficient]);
    expect(builder.energyScale).toBeUndefined();
    builder.learn([is(epc.coefficient, none)], [epc.coefficient]);
  }
  expect(builder.open([...scaleEpcs])).toEqual([]);
  expect(builder.energyScale?.coefficient).toBe(1);
});

test('without a unit there is no energy, but a profile', () => {
  const builder = new ProfileBuilder();
  builder.learn([map(epc.energyUnit, epc.digits)]);
  builder.learn([digits]);
  for (let times = 0; times < 3; times++) builder.learn([], [epc.energyUnit]);
  expect(builder.energyScale).toBeUndefined();
  expect(builder.complete).not.toHaveProperty('energyScale');
});

test('an unknown unit and a coefficient of zero give no energy', () => {
  for (const broken of [is(epc.energyUnit, Uint8Array.of(0x07)), is(epc.coefficient, encodeCoefficient(0))]) {
    const builder = new ProfileBuilder();
    builder.learn([map(...scaleEpcs)]);
    builder.learn([unit, digits, is(epc.coefficient, encodeCoefficient(1)), broken]);
    expect(builder.energyScale).toBeUndefined();
  }
});

test('the nameplate and the export register are asked once: refused is not there', () => {
  const builder = new ProfileBuilder();
  builder.learn([map(...nameplateEpcs, epc.exportEnergy)]);
  builder.learn([], [...nameplateEpcs, epc.exportEnergy]);
  expect(builder.complete).toEqual({
    getMap: [...nameplateEpcs, epc.exportEnergy].toSorted((a, b) => a - b),
    hasTPhase: false,
    hasExport: false,
  });
});

test('a two-wire meter has no T phase, and an export register without data is none', () => {
  const builder = new ProfileBuilder();
  builder.learn([map(epc.currents, epc.exportEnergy)]);
  builder.learn([
    is(epc.currents, encodeCurrents(10, undefined)),
    is(epc.exportEnergy, Uint8Array.of(0xff, 0xff, 0xff, 0xfe)),
  ]);
  expect(builder.complete).toMatchObject({ hasTPhase: false, hasExport: false });
  builder.learn([is(epc.currents, encodeCurrents(10, 5)), is(epc.exportEnergy, encodeCounter(0))]);
  builder.learn([is(epc.currents, encodeCurrents(10, undefined))]);
  expect(builder.complete).toMatchObject({ hasTPhase: true, hasExport: true });
});

test('a damaged map is no map', () => {
  const builder = new ProfileBuilder();
  builder.learn([is(epc.getMap, Uint8Array.of(9, 0xe7))]);
  expect(builder.getMap).toBeUndefined();
});

const fresh: MeterProfile = { getMap: [0xe7], serialNumber: 'A1', hasTPhase: false, hasExport: false };
const full: MeterProfile = {
  getMap: [0xe7, 0xe8],
  makerCode: '000016',
  release: 'F',
  serialNumber: 'A1',
  energyScale: { coefficient: 1, exponent: -1, digits: 6 },
  hasTPhase: true,
  hasExport: true,
};

test('what was announced of a meter is never taken back', () => {
  expect(mergeProfiles(undefined, fresh)).toEqual(fresh);
  expect(mergeProfiles(full, fresh)).toEqual({ ...full, getMap: [0xe7] });
  expect(mergeProfiles(fresh, full)).toEqual(full);
});

test('a meter that did not tell its serial number this time is the same one', () => {
  const { serialNumber: _, ...untold } = fresh;
  expect(isAnother(full, untold)).toBe(false);
  expect(mergeProfiles(full, untold)).toEqual({ ...full, getMap: [0xe7] });
});

test('another meter starts afresh', () => {
  const other = { ...fresh, serialNumber: 'B2' };
  expect(isAnother(full, other)).toBe(true);
  expect(mergeProfiles(full, other)).toEqual(other);
});
