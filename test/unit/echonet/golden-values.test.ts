import { describe, expect, test } from 'vitest';
import {
  decodeCoefficient,
  decodeCounter,
  decodeDigits,
  decodeFixedTime,
  decodeOneMinuteEnergy,
  decodeUnit,
  type Registers,
} from '../../../src/echonet/energy.ts';
import {
  decodeDayHistory,
  decodeHistoryDay,
  decodeSlotHistory,
  decodeSlotRequest,
  HISTORY2,
  HISTORY3,
  type SlotForm,
} from '../../../src/echonet/history.ts';
import {
  decodeFault,
  decodeMakerCode,
  decodeSerialNumber,
  decodeStandardVersion,
  encodeInstanceList,
  encodeOperationStatus,
  encodeRouteBId,
  decodePropertyMap,
} from '../../../src/echonet/nameplate.ts';
import { decodeCurrents, decodePower } from '../../../src/echonet/smart-meter.ts';
import { decodeDate, decodeTimeOfDay } from '../../../src/echonet/time.ts';
import { goldenFrames, hex } from './golden.ts';

/** Our decoders' answers in the golden file's own words. A special code is no value to us, whichever it is. */
const none = undefined;
const jst = (atMs: number | undefined, end: number): string | null =>
  atMs === undefined ? null : new Date(atMs + 9 * 3_600_000).toISOString().slice(0, end);
const counter = (raw: number | undefined) => (raw === undefined ? none : { raw });
const registers = ({ normal, reverse }: Registers) => ({ normal: counter(normal), reverse: counter(reverse) });
const two = (code: number, width = 2): string => code.toString(16).toUpperCase().padStart(width, '0');
const phase = (ampere: number | undefined) => (ampere === undefined ? none : { deciAmpere: ampere * 10 });
const map = (edt: Uint8Array) => {
  const result = decodePropertyMap(edt);
  if (!result.ok || result.value.warning !== undefined) return none;
  return { count: result.value.epcs.length, epcs: result.value.epcs.map((epc) => two(epc)) };
};
const fixed = (edt: Uint8Array) => {
  const value = decodeFixedTime(edt);
  return value && { at: jst(value.atMs, 19), ...counter(value.raw) };
};
const day = (edt: Uint8Array) => {
  const value = decodeDayHistory(edt);
  return value && { day: value.day ?? null, values: value.values.map((raw) => raw ?? null) };
};

const slots = (form: SlotForm) => (edt: Uint8Array) => {
  const value = decodeSlotHistory(form, edt);
  return value && { at: jst(value.atMs, 16), count: value.count, values: value.values.map(registers) };
};
const slotRequest = (form: SlotForm) => (edt: Uint8Array) => {
  const value = decodeSlotRequest(form, edt);
  return value && { at: jst(value.atMs, 16), count: value.count };
};

const inGoldenWords: Readonly<Record<string, (edt: Uint8Array) => unknown>> = {
  '82': decodeStandardVersion,
  '88': (edt) => ({ fault: decodeFault(edt) }),
  '8A': (edt) => ({ manufacturer: decodeMakerCode(edt) }),
  '8D': (edt) => ({ serial: decodeSerialNumber(edt) }),
  '97': (edt) => ({ time: new Date(decodeTimeOfDay(edt)!).toISOString().slice(11, 16) }),
  '98': (edt) => ({ date: jst(decodeDate(edt), 10) }),
  '9D': map,
  '9E': map,
  '9F': map,
  D0: (edt) => {
    const value = decodeOneMinuteEnergy(edt);
    return value && { at: jst(value.atMs, 19), ...registers(value) };
  },
  D3: (edt) => ({ coefficient: decodeCoefficient(edt) }),
  D7: (edt) => ({ digits: decodeDigits(edt) }),
  E0: (edt) => counter(decodeCounter(edt)),
  E1: (edt) => ({ unitKWh: String(Number(`1e${decodeUnit(edt)}`)) }),
  E2: day,
  E3: (edt) => counter(decodeCounter(edt)),
  E5: (edt) => ({ day: decodeHistoryDay(edt) }),
  E7: (edt) => (decodePower(edt) === undefined ? none : { watt: decodePower(edt) }),
  E8: (edt) => ({ r: phase(decodeCurrents(edt)?.r), t: phase(decodeCurrents(edt)?.t) }),
  EA: fixed,
  EB: fixed,
  EC: slots(HISTORY2),
  ED: slotRequest(HISTORY2),
  EE: slots(HISTORY3),
  EF: slotRequest(HISTORY3),
};

/** What only the simulator says is compared as it is written. */
const fromGoldenWords: Readonly<Record<string, (value: never) => Uint8Array>> = {
  '80': ({ status }: { status: string }) => encodeOperationStatus(status === 'on'),
  C0: ({ manufacturer, free }: { manufacturer: string; free: string }) =>
    encodeRouteBId({ makerCode: manufacturer, free }),
  D5: ({ instances }: { instances: string[] }) =>
    encodeInstanceList(instances.map((object) => Number.parseInt(object, 16))),
};

/** `special` and `noData` both become "no value", wherever they stand. */
function withoutSpecials(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('special' in value || 'noData' in value) return none;
  if (Array.isArray(value)) return value.map(withoutSpecials);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutSpecials(inner)]));
}

const properties = goldenFrames.flatMap(({ name, decoded }) =>
  'error' in decoded ? [] : decoded.properties.map((property) => ({ name, ...property })),
);
const valued = properties.filter(({ value }) => value !== undefined);

describe('values of golden frames', () => {
  test.each(valued.filter(({ epc }) => epc in inGoldenWords))('$name: $epc', ({ epc, edt, value }) => {
    expect(inGoldenWords[epc]!(hex(edt))).toEqual(withoutSpecials(value));
  });

  test.each(valued.filter(({ epc }) => epc in fromGoldenWords))('$name: $epc, written', ({ epc, edt, value }) => {
    expect(fromGoldenWords[epc]!(value as never)).toEqual(hex(edt));
  });

  test('only the place, which we never ask for, is not compared', () => {
    const compared = new Set([...Object.keys(inGoldenWords), ...Object.keys(fromGoldenWords)]);
    expect(new Set(valued.map(({ epc }) => epc).filter((epc) => !compared.has(epc)))).toEqual(new Set(['81']));
  });

  test('only empty properties are without a value', () => {
    expect(properties.filter(({ value, pdc }) => value === undefined && pdc > 0)).toEqual([]);
  });
});
