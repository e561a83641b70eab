import { expect, test } from 'vitest';
import { encodeCoefficient, encodeCounter, encodeDigits } from '../../../src/echonet/energy.ts';
import { EPC } from '../../../src/echonet/epc.ts';
import type { Property } from '../../../src/echonet/frame.ts';
import { encodeCurrents } from '../../../src/echonet/smart-meter.ts';
import type { MeterProfile } from '../../../src/model/reading.ts';
import { ASKED_ONCE, isAnother, mergeProfiles, ProfileBuilder } from '../../../src/meter/profile.ts';

/** The meter was believed to refuse these. */
const refusing = (...codes: readonly number[]) => ({ isBelieved: (code: number) => codes.includes(code) });
const builderOf = (before?: MeterProfile, ...refused: readonly number[]): ProfileBuilder =>
  new ProfileBuilder(refusing(...refused), before);
const map = (...codes: readonly number[]): Property => ({
  epc: EPC.getMap,
  edt: Uint8Array.of(codes.length, ...codes),
});
const is = (code: number, edt: Uint8Array): Property => ({ epc: code, edt });
const unit = is(EPC.energyUnit, Uint8Array.of(1));
const digits = is(EPC.digits, encodeDigits(6));
const scaleEpcs = ASKED_ONCE.slice(0, 3);
const nameplateEpcs = ASKED_ONCE.slice(3);
const fullMap = [...scaleEpcs, ...nameplateEpcs, EPC.currents, EPC.exportEnergy];
const nameplate = [
  is(EPC.makerCode, Uint8Array.of(0, 0, 0x16)),
  is(EPC.serialNumber, Buffer.from('A1'.padEnd(12, '\0'))),
  is(EPC.standardVersion, Uint8Array.of(0, 0, 0x46, 0)),
];

test('without a map nothing is open and nothing complete', () => {
  const builder = builderOf();
  builder.learn([unit, digits]);
  expect(builder.open([...scaleEpcs])).toEqual([]);
  expect([builder.getMap, builder.complete, builder.energyScale]).toEqual([undefined, undefined, undefined]);
});

test('a meter that has everything is learnt in three answers', () => {
  const builder = builderOf();
  builder.learn([map(...fullMap)]);
  expect(builder.open([...scaleEpcs, ...nameplateEpcs])).toEqual([...scaleEpcs, ...nameplateEpcs]);
  builder.learn([unit, digits, is(EPC.coefficient, encodeCoefficient(10))]);
  expect(builder.energyScale).toEqual({ exponent: -1, digits: 6, coefficient: 10 });
  expect(builder.complete).toBeUndefined();
  builder.learn([...nameplate, is(EPC.currents, encodeCurrents(10, 12)), is(EPC.exportEnergy, encodeCounter(5))]);
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
  const builder = builderOf();
  builder.learn([map(EPC.energyUnit, EPC.digits)]);
  builder.learn([unit, digits]);
  expect(builder.energyScale?.coefficient).toBe(1);
});

test('a coefficient that the map offers is what the meter says, never 1 because it was refused', () => {
  const builder = builderOf(undefined, EPC.coefficient);
  builder.learn([map(...scaleEpcs)]);
  builder.learn([unit, digits]);
  expect(builder.open([...scaleEpcs])).toEqual([EPC.coefficient]);
  expect(builder.isSettled(scaleEpcs)).toBe(true);
  expect(builder.energyScale).toBeUndefined();
  expect(builder.complete).not.toHaveProperty('energyScale');
  builder.learn([is(EPC.coefficient, encodeCoefficient(20))]);
  expect(builder.energyScale?.coefficient).toBe(20);
});

test('without a unit there is no energy, but a profile', () => {
  const builder = builderOf(undefined, EPC.energyUnit);
  builder.learn([map(EPC.energyUnit, EPC.digits)]);
  builder.learn([digits]);
  expect(builder.energyScale).toBeUndefined();
  expect(builder.complete).toMatchObject({ hasExport: false });
  expect(builder.complete).not.toHaveProperty('energyScale');
});

const said: MeterProfile = {
  getMap: fullMap,
  serialNumber: 'A1',
  energyScale: { coefficient: 20, exponent: -1, digits: 6 },
  hasTPhase: true,
  hasExport: true,
};

test('a part of the scale that is not told yet is what the same meter said before', () => {
  const builder = builderOf(said);
  builder.learn([map(...fullMap)]);
  expect(builder.energyScale).toBeUndefined(); // who it is has not been told
  builder.learn(nameplate);
  expect(builder.energyScale).toEqual(said.energyScale);
  builder.learn([is(EPC.energyUnit, Uint8Array.of(2))]);
  expect(builder.energyScale).toEqual({ coefficient: 20, exponent: -2, digits: 6 });
});

test('what another meter said of its scale counts for nothing', () => {
  const builder = builderOf({ ...said, serialNumber: 'B2' });
  builder.learn([map(...fullMap), ...nameplate]);
  expect(builder.energyScale).toBeUndefined();
});

test('a meter that never told a serial number is known by its address alone', () => {
  const { serialNumber: _, ...nameless } = said;
  const builder = builderOf(nameless, EPC.serialNumber);
  builder.learn([map(...fullMap)]);
  expect(builder.energyScale).toEqual(said.energyScale);
});

test('a coefficient of zero is what the meter said: the remembered one does not take its place', () => {
  const builder = builderOf(said);
  builder.learn([map(...fullMap), ...nameplate, is(EPC.coefficient, encodeCoefficient(0))]);
  expect(builder.energyScale).toBeUndefined();
});

test('a map without a coefficient means 1, whatever an earlier one offered', () => {
  const builder = builderOf(said);
  builder.learn([map(EPC.energyUnit, EPC.digits, EPC.serialNumber), ...nameplate]);
  expect(builder.energyScale?.coefficient).toBe(1);
});

test('an unknown unit and a coefficient of zero give no energy', () => {
  for (const broken of [is(EPC.energyUnit, Uint8Array.of(0x07)), is(EPC.coefficient, encodeCoefficient(0))]) {
    const builder = builderOf();
    builder.learn([map(...scaleEpcs)]);
    builder.learn([unit, digits, is(EPC.coefficient, encodeCoefficient(1)), broken]);
    expect(builder.energyScale).toBeUndefined();
  }
});

test('a profile is complete without what is refused and that believed, and not before', () => {
  const believed: number[] = [];
  const builder = new ProfileBuilder({ isBelieved: (code) => believed.includes(code) });
  builder.learn([map(...nameplateEpcs, EPC.exportEnergy)]);
  expect(builder.complete).toBeUndefined();
  believed.push(...nameplateEpcs, EPC.exportEnergy);
  expect(builder.complete).toEqual({
    getMap: [...nameplateEpcs, EPC.exportEnergy].toSorted((a, b) => a - b),
    hasTPhase: false,
    hasExport: false,
  });
});

test('a two-wire meter has no T phase, and an export register without data is none', () => {
  const builder = builderOf();
  builder.learn([map(EPC.currents, EPC.exportEnergy)]);
  builder.learn([
    is(EPC.currents, encodeCurrents(10, undefined)),
    is(EPC.exportEnergy, Uint8Array.of(0xff, 0xff, 0xff, 0xfe)),
  ]);
  expect(builder.complete).toMatchObject({ hasTPhase: false, hasExport: false });
  builder.learn([is(EPC.currents, encodeCurrents(10, 5)), is(EPC.exportEnergy, encodeCounter(0))]);
  builder.learn([is(EPC.currents, encodeCurrents(10, undefined))]);
  expect(builder.complete).toMatchObject({ hasTPhase: true, hasExport: true });
});

test('a damaged map is no map', () => {
  const builder = builderOf();
  builder.learn([is(EPC.getMap, Uint8Array.of(9, 0xe7))]);
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
