import { describe, expect, test } from 'vitest';
import { decodeFrame, encodeFrame } from '../../../src/echonet/frame.ts';
import { decodeDayHistory, decodeSlotHistory, HISTORY2, HISTORY3 } from '../../../src/echonet/history.ts';
import { decodePropertyMap } from '../../../src/echonet/nameplate.ts';
import { resolveOptions } from '../../../src/simulator/options.ts';
import type { SimulatorOptions } from '../../../src/simulator/options.ts';
import { SimMeter } from '../../../src/simulator/meter/sim-meter.ts';

const NOON = Date.UTC(2026, 0, 15, 3); // 12:00 JST
const HOUR = 3_600_000;

function meterOf(options: SimulatorOptions = {}): { meter: SimMeter; ask: (hex: string, atMs?: number) => string } {
  const meter = new SimMeter(resolveOptions(options, NOON));
  return {
    meter,
    ask: (text, atMs = NOON) => {
      const frame = decodeFrame(Uint8Array.from(Buffer.from(text, 'hex')));
      const answer = frame.ok ? meter.answer(frame.value, atMs) : undefined;
      return answer ? Buffer.from(encodeFrame(answer)).toString('hex').toUpperCase() : '';
    },
  };
}
const get = (...codes: string[]): string =>
  `1081000105FF0102880162${codes.length.toString(16).padStart(2, '0')}${codes.map((code) => `${code}00`).join('')}`;
/** EDT of a one-property answer. */
const edt = (answer: string): string => answer.slice(28);

describe('the property table', () => {
  test('a first-generation meter', () => {
    const { ask } = meterOf();
    expect(ask(get('82'))).toBe('1081000102880105FF017201820400004600');
    expect(ask(get('80', '88'))).toBe('1081000102880105FF017202800130880142');
    expect(ask(get('97'))).toBe('1081000102880105FF01720197020C00');
    expect(ask(get('98'))).toBe('1081000102880105FF017201980407EA010F');
    expect(edt(ask(get('8A')))).toBe('000016');
    expect(edt(ask(get('8D')))).toBe('53494D303030310000000000');
    expect(edt(ask(get('E1')))).toBe('01');
    expect(edt(ask(get('D7')))).toBe('06');
    expect(edt(ask(get('E0')))).toBe('0001E240');
    expect(edt(ask(get('EA')))).toBe('07EA010F0C00000001E240');
    expect(edt(ask(get('9E')))).toBe('0381E5ED');
    expect(edt(ask(get('9D')))).toBe('03808188');
  });

  test('what is not in the map is refused, the rest is answered: Get_SNA', () => {
    const { ask } = meterOf();
    expect(ask(get('E1', 'D3', 'D0'))).toBe('1081000102880105FF015203E10101D300D000');
    expect(ask(get('83'))).toBe('1081000102880105FF0152018300');
  });

  test('a coefficient makes D3 appear and registers smaller', () => {
    const { ask } = meterOf({ coefficient: 20 });
    expect(edt(ask(get('D3')))).toBe('00000014');
    expect(edt(ask(get('E0')))).toBe((6172).toString(16).padStart(8, '0').toUpperCase());
  });

  test('the second generation adds four properties and release R', () => {
    const { ask } = meterOf({ generation: 2, importKwh: 100, exportKwh: 20 });
    const map = decodePropertyMap(Uint8Array.from(Buffer.from(edt(ask(get('9F'))), 'hex')));
    expect(map).toMatchObject({ ok: true });
    for (const code of [0xc0, 0xd0, 0xee, 0xef]) expect(map.ok && map.value.epcs).toContain(code);
    expect(edt(ask(get('82')))).toBe('00005200');
    expect(edt(ask(get('D0')))).toBe('07EA010F0C0000000003E8000000C8');
    expect(edt(ask(get('C0')))).toHaveLength(32);
  });

  test('map overrides', () => {
    const { ask } = meterOf({ mapRemove: [0xe3, 0xeb], mapAdd: [0x83] });
    expect(ask(get('E3'))).toContain('5201E300');
    expect(edt(ask(get('83')))).toHaveLength(34);
  });

  test.each([0x00, 0x01, 0x02, 0x03, 0x04, 0x0a, 0x0b, 0x0c, 0x0d])('unit %i: the register fits it', (unit) => {
    const { ask } = meterOf({ unit, digits: 8, importKwh: 9000 });
    const exponent = unit >= 0x0a ? unit - 9 : -unit;
    expect(Number.parseInt(edt(ask(get('E0'))), 16)).toBe(Math.floor(9000 / 10 ** exponent));
  });

  test('two-wire: no T phase; three-wire: both, with the sign of the power', () => {
    const two = meterOf({ twoWire: true });
    expect(edt(two.ask(get('E8')))).toMatch(/^....7FFE$/);
    const { meter, ask } = meterOf();
    meter.load.setPower(NOON, -1489);
    expect(edt(ask(get('E7')))).toBe('FFFFFA2F');
    expect(edt(ask(get('E8')))).toMatch(/^FF..FF..$/);
    meter.setCurrents(9.8, 3.4);
    expect(edt(ask(get('E8')))).toBe('00620022');
  });

  test('counters roll over at their digits', () => {
    const { meter, ask } = meterOf({ digits: 6 });
    meter.setCounter(NOON, 'import', 999_999);
    expect(edt(ask(get('E0')))).toBe('000F423F');
    meter.load.setPower(NOON, 1000);
    expect(edt(ask(get('E0'), NOON + HOUR))).toBe('00000009');
  });
});

describe('services', () => {
  test('SetC is confirmed, SetI is silent, what cannot be set is refused', () => {
    const { ask } = meterOf();
    expect(ask('1081000105FF010288016101E50102')).toBe('1081000102880105FF017101E500');
    expect(ask('1081000105FF010288016001E50103')).toBe('');
    expect(edt(ask(get('E5')))).toBe('03');
    expect(ask('1081000105FF010288016101E50164')).toBe('1081000102880105FF015101E50164');
    expect(ask('1081000105FF010288016001E00100')).toBe('1081000102880105FF015001E00100');
  });

  test('INF_REQ is announced, SetGet does both', () => {
    const { ask } = meterOf();
    expect(ask('1081000105FF010288016301E100')).toBe('1081000102880105FF017301E10101');
    expect(ask('1081000105FF010288016301D300')).toBe('1081000102880105FF015301D300');
    expect(ask('1081000105FF010288016E01E5010201E500')).toBe('1081000102880105FF017E01E50001E50102');
  });

  test('the node profile answers for itself, to whoever asks', () => {
    const { ask } = meterOf();
    expect(ask('108100040EF0010EF0016301D500')).toBe('108100040EF0010EF0017301D50401028801');
    expect(ask('1081000405FF010EF0016202D600D300')).toBe('108100040EF00105FF017202D60401028801D303000001');
    expect(ask('108112340EF0010288016201E100')).toBe('108112340288010EF0017201E10101');
    expect(ask('1081000405FF010EF0016201E700')).toBe('108100040EF00105FF015201E700');
  });

  test('another object, answers and broken frames get nothing', () => {
    const { ask } = meterOf({ maxOpc: 2 });
    expect(ask('1081000105FF010288026201E700')).toBe('');
    expect(ask('1081000105FF010288017201E700')).toBe('');
    expect(ask('1081000105FF010288016202E700')).toBe('');
    expect(ask('1082000105FF010288016201E700')).toBe('');
    expect(ask(get('E7', 'E8', 'E0'))).toBe('');
    expect(ask(get('E7', 'E8'))).not.toBe('');
  });
});

describe('histories', () => {
  const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

  test('history 1 needs a day, shows its 48 readings, and none of the future', () => {
    const { ask } = meterOf();
    expect(edt(ask(get('E2')))).toMatch(/^00FF(FFFFFFFE){48}$/);
    ask('1081000105FF010288016101E50100');
    const today = decodeDayHistory(bytes(edt(ask(get('E2')))));
    expect(today?.day).toBe(0);
    expect(today?.values.slice(0, 25).every((value) => value !== undefined)).toBe(true);
    expect(today?.values.slice(25)).toEqual(Array.from({ length: 23 }));
    expect(today?.values[24]).toBe(123_456);
    ask('1081000105FF010288016101E50101');
    const yesterday = decodeDayHistory(bytes(edt(ask(get('E2')))));
    expect(yesterday?.values.every((value) => value !== undefined)).toBe(true);
    expect(yesterday?.values[47]).toBeLessThanOrEqual(today?.values[0] ?? 0);
    expect(edt(ask(get('E4')))).toMatch(/^0001(00000000){48}$/);
  });

  test('history 2 and 3 go back in time from the moment asked for', () => {
    const { ask } = meterOf({ generation: 2, solar: true });
    expect(edt(ask(get('EC')))).toBe('FFFFFFFFFFFF01FFFFFFFEFFFFFFFE');
    expect(ask('1081000105FF010288016101ED0707EA010F0C000C')).toContain('7101ED00');
    const halfHours = decodeSlotHistory(HISTORY2, bytes(edt(ask(get('EC')))));
    expect(halfHours).toMatchObject({ atMs: NOON, count: 12 });
    expect(halfHours?.values[0]?.normal).toBe(123_456);
    expect(halfHours?.values[11]?.normal).toBeLessThan(123_456);
    expect(ask('1081000105FF010288016101EF0707EA010F0B3B0A')).toContain('7101EF00');
    const minutes = decodeSlotHistory(HISTORY3, bytes(edt(ask(get('EE')))));
    expect(minutes).toMatchObject({ atMs: NOON - 60_000, count: 10 });
    expect(ask('1081000105FF010288016101ED0707EA010F0C010C')).toContain('5101ED07');
  });
});
