import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeFrame,
  edtOf,
  encodeFrame,
  EOJ,
  ESV,
  toldOf,
  type Frame,
  type Property,
} from '../../../src/echonet/frame.ts';
import { goldenFrames, hex, toHex } from './golden.ts';

const twoLists: readonly number[] = [ESV.setGet, ESV.setGetRes, ESV.setGetSna];

const property: fc.Arbitrary<Property> = fc.record({
  epc: fc.integer({ min: 0, max: 0xff }),
  edt: fc.uint8Array({ maxLength: 255 }),
});
const head = {
  tid: fc.integer({ min: 0, max: 0xffff }),
  seoj: fc.integer({ min: 0, max: 0xffffff }),
  deoj: fc.integer({ min: 0, max: 0xffffff }),
  properties: fc.array(property, { maxLength: 8 }),
};
const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ ...head, esv: fc.integer({ min: 0, max: 0xff }).filter((code) => !twoLists.includes(code)) }),
  fc.record({ ...head, esv: fc.constantFrom(...twoLists), getProperties: fc.array(property, { maxLength: 8 }) }),
);

const valueOf = (bytes: Uint8Array) => {
  const result = decodeFrame(bytes);
  if (!result.ok) throw new Error(result.reason);
  return result.value;
};

describe('golden frames', () => {
  test('are all there', () => {
    expect(goldenFrames).toHaveLength(90);
  });

  test.each(goldenFrames)('$name', ({ hex: text, decoded }) => {
    const result = decodeFrame(hex(text));
    if ('error' in decoded) {
      expect(result).toEqual({ ok: false, reason: decoded.error });
      return;
    }
    expect(result).toEqual({
      ok: true,
      value: {
        tid: Number.parseInt(decoded.tid, 16),
        seoj: Number.parseInt(decoded.seoj, 16),
        deoj: Number.parseInt(decoded.deoj, 16),
        esv: Number.parseInt(decoded.esv, 16),
        properties: decoded.properties.map(({ epc, edt }) => ({ epc: Number.parseInt(epc, 16), edt: hex(edt) })),
        trailing: 0,
      },
    });
    const frame = valueOf(hex(text));
    expect(frame.properties).toHaveLength(decoded.opc);
    expect(frame.properties.map(({ edt }) => edt.length)).toEqual(decoded.properties.map(({ pdc }) => pdc));
    expect(toHex(encodeFrame(frame))).toBe(text);
  });

  test.each(goldenFrames)('$name is refused wherever it is cut off', ({ hex: text }) => {
    const whole = hex(text);
    for (let length = 0; length < whole.length; length++) {
      expect(decodeFrame(whole.subarray(0, length)), `${length} bytes`).toMatchObject({ ok: false });
    }
  });
});

describe('decodeFrame', () => {
  test.each([
    [
      'a fourth property announced, three there',
      '1081 0001 028801 05FF01 72 02 E7 04 00000001',
      'property header cut off',
    ],
    ['data shorter than PDC', '1081 0001 028801 05FF01 72 01 E7 04 000000', 'property data cut off'],
    ['free format', '1082 0001 028801 05FF01 72 00', 'EHD is not 1081'],
    ['another protocol', '1181 0001 028801 05FF01 72 00', 'EHD is not 1081'],
    ['SetGet without its second list', '1081 0001 05FF01 028801 6E 01 E5 01 02', 'property count cut off'],
    ['SetGet with its second list cut off', '1081 0001 05FF01 028801 6E 00 01 E2', 'property header cut off'],
    ['nothing', '', 'shorter than the 12-byte minimum'],
  ])('refuses %s', (_, text, reason) => {
    expect(decodeFrame(hex(text))).toEqual({ ok: false, reason });
  });

  test('counts and ignores what follows the last property', () => {
    const frame = valueOf(hex('1081 0001 028801 05FF01 72 01 E7 04 000001C0 0D0A'));
    expect(frame).toMatchObject({ trailing: 2, properties: [{ epc: 0xe7, edt: hex('000001C0') }] });
  });

  test('takes an answer without properties', () => {
    expect(valueOf(hex('1081 0001 028801 05FF01 52 00'))).toMatchObject({
      esv: ESV.getSna,
      properties: [],
      trailing: 0,
    });
  });

  test('reads both lists of SetGet_Res', () => {
    expect(valueOf(hex('1081 0001 028801 05FF01 7E 01 E5 00 01 D7 01 06'))).toEqual({
      tid: 1,
      seoj: EOJ.meter,
      deoj: EOJ.controller,
      esv: ESV.setGetRes,
      properties: [{ epc: 0xe5, edt: hex('') }],
      getProperties: [{ epc: 0xd7, edt: hex('06') }],
      trailing: 0,
    });
  });

  test('reads a frame in the middle of a larger buffer, Buffer or not', () => {
    const whole = Buffer.from('FFFF1081000102880105FF017201E704000001C0', 'hex');
    expect(toHex(valueOf(whole.subarray(2)).properties[0]!.edt)).toBe('000001C0');
  });

  test('never throws, whatever the bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void decodeFrame(bytes)));
    const behindHeader = fc.uint8Array({ maxLength: 60 }).map((rest) => new Uint8Array([0x10, 0x81, ...rest]));
    fc.assert(fc.property(behindHeader, (bytes) => void decodeFrame(bytes)));
  });

  test('undoes encodeFrame; every truncation is refused, every extension counted', () => {
    fc.assert(
      fc.property(frame, fc.uint8Array({ maxLength: 9 }), (frame, rest) => {
        const bytes = encodeFrame(frame);
        expect(decodeFrame(bytes)).toEqual({ ok: true, value: { ...frame, trailing: 0 } });
        expect(valueOf(new Uint8Array([...bytes, ...rest]))).toEqual({ ...frame, trailing: rest.length });
        for (let length = 0; length < bytes.length; length++) {
          if (decodeFrame(bytes.subarray(0, length)).ok) throw new Error(`took ${length} of ${bytes.length} bytes`);
        }
      }),
    );
  });
});

describe('encodeFrame', () => {
  const ask = (epcs: readonly number[]): readonly Property[] => epcs.map((epc) => ({ epc, edt: new Uint8Array() }));
  const toMeter = { seoj: EOJ.controller, deoj: EOJ.meter };
  const node = { seoj: EOJ.nodeProfile, deoj: EOJ.nodeProfile };

  test.each<[string, Frame, string]>([
    [
      'Get E7',
      { tid: 1, ...toMeter, esv: ESV.get, properties: ask([0xe7]) },
      '10 81 00 01 05 FF 01 02 88 01 62 01 E7 00',
    ],
    [
      'Get E7 E8 E0',
      { tid: 2, ...toMeter, esv: ESV.get, properties: ask([0xe7, 0xe8, 0xe0]) },
      '10 81 00 02 05 FF 01 02 88 01 62 03 E7 00 E8 00 E0 00',
    ],
    [
      'SetC E5 = 1',
      { tid: 3, ...toMeter, esv: ESV.setC, properties: [{ epc: 0xe5, edt: hex('01') }] },
      '10 81 00 03 05 FF 01 02 88 01 61 01 E5 01 01',
    ],
    [
      'INF_REQ D5',
      { tid: 4, ...node, esv: ESV.infReq, properties: ask([0xd5]) },
      '10 81 00 04 0E F0 01 0E F0 01 63 01 D5 00',
    ],
    [
      'INFC_Res for EA and EB',
      { tid: 0x0210, ...toMeter, esv: ESV.infcRes, properties: ask([0xea, 0xeb]) },
      '10 81 02 10 05 FF 01 02 88 01 7A 02 EA 00 EB 00',
    ],
  ])('%s', (_, frame, expected) => {
    expect(toHex(encodeFrame(frame))).toBe(expected.replaceAll(' ', ''));
  });

  const good: Frame = { tid: 1, ...toMeter, esv: ESV.get, properties: [] };
  const onlySetGet = 'getProperties goes with SetGet, and only with it';
  test.each<[string, Frame, string]>([
    ['a transaction id beyond FFFF', { ...good, tid: 0x10000 }, 'tid must be an integer from 0 to 65535, not 65536'],
    ['a fraction', { ...good, tid: 0.5 }, 'tid must be'],
    ['an object beyond 24 bits', { ...good, seoj: 0x1000000 }, 'seoj must be'],
    ['a negative object', { ...good, deoj: -1 }, 'deoj must be'],
    ['a service beyond FF', { ...good, esv: 0x100 }, 'esv must be'],
    ['an EPC beyond FF', { ...good, properties: ask([0x100]) }, 'epc must be'],
    ['256 bytes of data', { ...good, properties: [{ epc: 0xe7, edt: new Uint8Array(256) }] }, 'edt length must be'],
    ['256 properties', { ...good, properties: ask(Array.from({ length: 256 }, () => 0xe7)) }, 'property count must be'],
    ['a second list without SetGet', { ...good, getProperties: [] }, onlySetGet],
    ['SetGet without its second list', { ...good, esv: ESV.setGet }, onlySetGet],
  ])('throws on %s, and names it', (_, frame, why) => {
    expect(() => encodeFrame(frame)).toThrow(RangeError);
    expect(() => encodeFrame(frame)).toThrow(why);
  });
});

describe('edtOf, toldOf', () => {
  const properties = [
    { epc: 0xe7, edt: hex('00000001') },
    { epc: 0xe8, edt: hex('') },
    { epc: 0xe7, edt: hex('00000002') },
    { epc: 0xe7, edt: hex('') },
  ];
  test.each([
    ['the last with data', 0xe7, hex('00000002')],
    ['nothing for a failed one', 0xe8, undefined],
    ['nothing for an absent one', 0xe0, undefined],
  ])('%s', (_, epc, expected) => {
    expect(edtOf(properties, epc)).toEqual(expected);
  });

  test('a property without data is not told', () => {
    expect([...toldOf(properties)]).toEqual([0xe7]);
  });
});
