import { isDeepStrictEqual } from 'node:util';
import * as energy from '../../../src/echonet/energy.ts';
import { decodeFrame, encodeFrame, toldOf } from '../../../src/echonet/frame.ts';
import type { ReceivedFrame } from '../../../src/echonet/frame.ts';
import * as history from '../../../src/echonet/history.ts';
import * as nameplate from '../../../src/echonet/nameplate.ts';
import { decodePropertyMap, encodePropertyMap } from '../../../src/echonet/nameplate.ts';
import {
  decodeCurrents,
  decodePower,
  encodeCurrents,
  encodePower,
  halfHoursOf,
  readingOf,
} from '../../../src/echonet/smart-meter.ts';
import { decodeDate, decodeDateTime, decodeTimeOfDay, encodeDate, encodeDateTime } from '../../../src/echonet/time.ts';
import { ProfileBuilder } from '../../../src/meter/profile.ts';
import { Refusals } from '../../../src/meter/refusals.ts';
import { corpusOf, frames } from '../material.ts';
import { Dice, mutated } from '../mutator.ts';
import type { Material } from '../mutator.ts';
import { must, nothing } from '../target.ts';
import type { Target } from '../target.ts';

/** A decoder and, where it has one, its encoder. */
interface Codec {
  readonly decode: (edt: Uint8Array) => unknown;
  readonly encode?: (value: never) => Uint8Array;
}

const codecs: Readonly<Record<string, Codec>> = {
  power: { decode: decodePower, encode: encodePower },
  currents: {
    decode: decodeCurrents,
    encode: ({ r, t }: { r?: number; t?: number }) => encodeCurrents(tenths(r), tenths(t)),
  },
  counter: { decode: energy.decodeCounter, encode: energy.encodeCounter },
  unit: { decode: energy.decodeUnit },
  coefficient: { decode: energy.decodeCoefficient, encode: energy.encodeCoefficient },
  digits: { decode: energy.decodeDigits, encode: energy.encodeDigits },
  fixedTime: { decode: energy.decodeFixedTime, encode: energy.encodeFixedTime },
  oneMinute: { decode: energy.decodeOneMinuteEnergy, encode: energy.encodeOneMinuteEnergy },
  historyDay: { decode: history.decodeHistoryDay },
  dayHistory: { decode: history.decodeDayHistory, encode: history.encodeDayHistory },
  slots2: {
    decode: (edt) => history.decodeSlotHistory(history.HISTORY2, edt),
    encode: (value: history.SlotHistory) => history.encodeSlotHistory(history.HISTORY2, value),
  },
  slots3: {
    decode: (edt) => history.decodeSlotHistory(history.HISTORY3, edt),
    encode: (value: history.SlotHistory) => history.encodeSlotHistory(history.HISTORY3, value),
  },
  request2: {
    decode: (edt) => history.decodeSlotRequest(history.HISTORY2, edt),
    encode: (value: history.SlotRequest) => history.encodeSlotRequest(history.HISTORY2, value),
  },
  fault: { decode: nameplate.decodeFault, encode: nameplate.encodeFault },
  version: { decode: nameplate.decodeStandardVersion, encode: nameplate.encodeStandardVersion },
  maker: { decode: nameplate.decodeMakerCode, encode: nameplate.encodeMakerCode },
  serial: { decode: nameplate.decodeSerialNumber, encode: nameplate.encodeSerialNumber },
  date: { decode: decodeDate, encode: encodeDate },
  time: { decode: decodeTimeOfDay },
  dateTime: { decode: valueOf(decodeDateTime), encode: (value: number) => encodeDateTime(value, 7) },
  map: { decode: (edt) => valueOf(decodePropertyMap)(edt)?.epcs, encode: encodePropertyMap },
};

const tenths = (ampere: number | undefined): number | undefined =>
  ampere === undefined ? undefined : Math.round(ampere * 10);
function valueOf<T>(decode: (edt: Uint8Array) => { readonly ok: true; readonly value: T } | { readonly ok: false }) {
  return (edt: Uint8Array): T | undefined => {
    const result = decode(edt);
    return result.ok ? result.value : undefined;
  };
}

/** Property data of the lengths that are decoded, so that luck is not needed to get behind the length check. */
const LENGTHS = [1, 2, 3, 4, 6, 7, 11, 12, 15, 16, 17, 23, 103, 194];
const EPCS = [
  0x80, 0x81, 0x82, 0x88, 0x8a, 0x8d, 0x97, 0x98, 0x9f, 0xc0, 0xd0, 0xd3, 0xd7, 0xe0, 0xe1, 0xe3, 0xe7, 0xe8, 0xea,
  0xeb,
];

function structured(dice: Dice): Uint8Array {
  const properties = Array.from({ length: dice.below(5) }, () => ({
    epc: dice.chance(0.9) ? dice.pick(EPCS) : dice.below(256),
    edt: plausible(dice, dice.chance(0.9) ? dice.pick(LENGTHS) : dice.below(256)),
  }));
  const esv = dice.pick([0x62, 0x72, 0x72, 0x73, 0x74, 0x52]);
  return encodeFrame({ tid: dice.below(0x10000), seoj: 0x028801, deoj: 0x05ff01, esv, properties });
}

/** A date now and then, small numbers, extremes. */
function plausible(dice: Dice, length: number): Uint8Array {
  const edt = dice.chance(0.3) ? new Uint8Array(length).fill(dice.pick([0x00, 0xff, 0x7f, 0x80])) : dice.bytes(length);
  if (length >= 4 && dice.chance(0.6)) edt.set([0x07, 0xd0 + dice.below(48), 1 + dice.below(13), dice.below(33)]);
  if (length >= 7 && dice.chance(0.6)) edt.set([dice.below(26), dice.below(62), dice.below(62)], 4);
  if (length === 23 && dice.chance(0.9)) edt.set([dice.pick([0, 30]), 2], 5);
  for (let at = length % 4; at + 4 <= length; at += 4) if (dice.chance(0.3)) edt[at] = 0;
  if (length === 4 || length === 17) edt[0] = dice.pick([0, edt[0] as number, length - 1, 16]);
  return edt;
}

export const echonet: Target = {
  name: 'echonet',
  share: 36,
  open: () => {
    const material: Material = {
      seeds: [...corpusOf('echonet'), ...frames],
      words: frames.map((frame) => frame.subarray(12)),
      most: 1500,
    };
    return {
      make: (seed) => {
        const dice = new Dice(seed);
        return dice.chance(0.5) ? structured(dice) : mutated(dice, material);
      },
      check,
      [Symbol.asyncDispose]: nothing,
    };
  },
};

const scale = { coefficient: 7, exponent: -2, digits: 6 };

function check(input: Uint8Array): void {
  const result = decodeFrame(input);
  for (const name in codecs) checkCodec(name, input); // as property data: no frame is needed to send them to a decoder
  if (!result.ok) return must(result.reason.length < 80, 'a reason that is a novel');
  const { trailing, ...frame }: ReceivedFrame = result.value;
  const used = input.length - trailing;
  must(trailing >= 0 && used >= 12, 'more bytes than there are');
  must(
    Buffer.compare(encodeFrame(frame), input.subarray(0, used)) === 0,
    'an accepted frame is not encoded as it came',
  );
  must(!decodeFrame(input.subarray(0, used - 1)).ok, 'a frame cut short was accepted');
  const all = [...frame.properties, ...(frame.getProperties ?? [])];
  for (const { edt } of all) for (const name in codecs) checkCodec(name, edt);
  checkNumbers(readingOf(frame.properties, scale));
  for (const half of halfHoursOf(frame.properties, scale)) {
    checkNumbers(half);
    must(half.markMs >= -9 * 3_600_000, 'a mark before 1970');
  }
  const refusals = new Refusals();
  refusals.accept([0xe7, 0xd3, 0xd3], toldOf(frame.properties), 0);
  const builder = new ProfileBuilder(refusals);
  builder.learn(frame.properties);
  must(builder.energyScale === undefined || builder.energyScale.coefficient > 0, 'a scale of zero');
}

/** What is decoded says the same again when it is encoded; undefined is "no data" and needs nothing. */
function checkCodec(name: string, edt: Uint8Array): void {
  const { decode, encode } = codecs[name] as Codec;
  const value = decode(edt);
  if (value === undefined) return;
  must(typeof value !== 'number' || Number.isSafeInteger(value), () => `${name}: ${JSON.stringify(value)}`);
  if (encode)
    must(isDeepStrictEqual(decode(encode(value as never)), value), () => `${name} is not read as it is written`);
}

function checkNumbers(values: object): void {
  for (const [key, value] of Object.entries(values))
    must(typeof value !== 'number' || Number.isFinite(value), () => `${key} is ${String(value)}`);
}
