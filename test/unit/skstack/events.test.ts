import { describe, expect, test } from 'vitest';
import { parseLine } from '../../../src/skstack/events.ts';
import { bytesOfHex } from '../../../src/kernel/bytes.ts';
import { METER, METER_MAC, OWN } from '../../support/rxudp.ts';

const reasonOf = (text: string): unknown => {
  const line = parseLine(text);
  return line.kind === 'noise' ? line.reason : line;
};

describe('answers', () => {
  test.each([
    ['OK', { kind: 'ok' }],
    ['OK ', { kind: 'ok' }],
    ['OK 01', { kind: 'ok', value: '01' }],
    ['OK 80', { kind: 'ok', value: '80' }],
    ['FAIL ER04', { kind: 'fail', code: 4 }],
    ['FAIL ER05', { kind: 'fail', code: 5 }],
    ['FAIL ER06', { kind: 'fail', code: 6 }],
    ['FAIL ER09', { kind: 'fail', code: 9 }],
    ['FAIL ER10', { kind: 'fail', code: 10 }], // decimal, not hex
    ['EVER 1.2.10', { kind: 'version', value: '1.2.10' }],
    ['EAPPVER rev26e', { kind: 'appVersion', value: 'rev26e' }],
    ['ESREG 21', { kind: 'register', value: '21' }],
    ['ESREG 12a4', { kind: 'register', value: '12A4' }],
    [METER, { kind: 'address', address: METER }],
    [METER.toLowerCase(), { kind: 'address', address: METER }],
  ])('%s', (text, expected) => {
    expect(parseLine(text)).toEqual(expected);
  });

  test.each([
    ['FAIL', 'FAIL without an error code'],
    ['FAIL ER', 'FAIL without an error code'],
    ['FAIL ER1', 'FAIL without an error code'],
    ['FAIL ER055', 'FAIL without an error code'],
    ['FAIL XER05', 'FAIL without an error code'],
    ['FAIL 05', 'FAIL without an error code'],
    ['EVER', 'EVER without a version'],
    ['EAPPVER', 'EAPPVER without a version'],
    ['ESREG', 'ESREG without a value'],
    ['ESREG -', 'ESREG without a value'],
    ['ESREG -2', 'ESREG without a value'],
    ['ESREG 2-', 'ESREG without a value'],
    ['ok', 'unknown line'],
    ['OKAY', 'unknown line'],
    ['FE80::1', 'unknown line'],
    [`${METER}0`, 'unknown line'],
    [`0${METER}`, 'unknown line'],
    [`${METER} 0`, 'unknown line'],
    ['', 'unknown line'],
  ])('%j is noise: %s', (text, reason) => {
    expect(parseLine(text)).toEqual({ kind: 'noise', text, reason });
  });

  test.each(['EEDSCAN', 'EPONG', 'EADDR', 'ENEIGHBOR', 'EPORT', '3610', 'ETCP 1'])(
    '%s, of no use to us, is noise',
    (text) => {
      expect(reasonOf(text)).toBe('unknown line');
    },
  );
});

describe('EINFO tells the edition by its last word', () => {
  const info = (channel: string, panId: string, last: string): string =>
    `EINFO ${OWN} ${METER_MAC} ${channel} ${panId} ${last}`;
  const base = { kind: 'info', address: OWN, macAddress: METER_MAC };

  test.each([
    ['four digits: SE', info('21', 'FFFF', 'FFFE'), { ...base, channel: 0x21, panId: 0xffff, edition: 'SE' }],
    [
      'a blank at the end, as captured',
      info('21', 'FFFF', 'FFFE '),
      { ...base, channel: 0x21, panId: 0xffff, edition: 'SE' },
    ],
    ['one digit, 0: DSE', info('39', '9E08', '0'), { ...base, channel: 0x39, panId: 0x9e08, edition: 'DSE' }],
    ['one digit, 1: DSE', info('39', '9E08', '1'), { ...base, channel: 0x39, panId: 0x9e08, edition: 'DSE' }],
    ['another digit: unknown', info('39', '9E08', '2'), { ...base, channel: 0x39, panId: 0x9e08 }],
    [
      'more digits than a short address has: unknown',
      info('39', '9E08', 'FFFE0'),
      { ...base, channel: 0x39, panId: 0x9e08 },
    ],
    ['letters before a short address: unknown', info('39', '9E08', 'xFFFE'), { ...base, channel: 0x39, panId: 0x9e08 }],
    ['two digits: unknown', info('39', '9E08', '00'), { ...base, channel: 0x39, panId: 0x9e08 }],
    ['words behind the last', info('39', '9E08', '0 1'), { ...base, channel: 0x39, panId: 0x9e08, edition: 'DSE' }],
    ['no last word: unknown', info('39', '9E08', ''), { ...base, channel: 0x39, panId: 0x9e08 }],
    ['nothing behind the PAN ID', info('39', '9E08', '').trimEnd(), { ...base, channel: 0x39, panId: 0x9e08 }],
    [
      'lower case',
      info('3b', '9e08', 'fffe').replace(METER_MAC, METER_MAC.toLowerCase()),
      { ...base, channel: 0x3b, panId: 0x9e08, edition: 'SE' },
    ],
  ])('%s', (_, text, expected) => {
    expect(parseLine(text)).toEqual(expected);
  });

  test.each([
    info('', '9E08', '0'),
    info('39', 'XXXX', '0'),
    info('39', '9E080', '0'),
    info('390', '9E08', '0'),
    `EINFO ${info('39', '9E08', '0')}`,
    `EINFO ${OWN} ${METER_MAC} 39`,
    'EINFO',
    `EINFO ${OWN} 0011 39 9E08 0`,
    `EINFO ::1 ${METER_MAC} 39 9E08 0`,
  ])('%s is noise', (text) => {
    expect(reasonOf(text)).toBe('EINFO in an unknown form');
  });
});

describe('EVENT', () => {
  const event = { kind: 'event', from: METER };
  test.each([
    ['no more words: SE without parameter', `EVENT 25 ${METER}`, { ...event, number: 0x25 }],
    ['one word of two digits: SE parameter', `EVENT 21 ${METER} 00`, { ...event, number: 0x21, param: 0 }],
    ['one word of one digit: DSE side', `EVENT 25 ${METER} 0`, { ...event, number: 0x25, side: 0 }],
    ['two words: DSE side and parameter', `EVENT 21 ${METER} 0 02`, { ...event, number: 0x21, side: 0, param: 2 }],
    ['side 1: HAN', `EVENT 21 ${METER} 1 01`, { ...event, number: 0x21, side: 1, param: 1 }],
    ['a 00 nobody else prints behind EVENT 25', `EVENT 25 ${METER} 00`, { ...event, number: 0x25, param: 0 }],
    ['surplus words are ignored', `EVENT 21 ${METER} 0 01 02 junk`, { ...event, number: 0x21, side: 0, param: 1 }],
    ['neither side nor parameter: three digits', `EVENT 21 ${METER} 012`, { ...event, number: 0x21 }],
    ['a blank at the end', `EVENT 22 ${METER} `, { ...event, number: 0x22 }],
    ['lower case', `EVENT 1f ${METER.toLowerCase()}`, { ...event, number: 0x1f }],
    ['C0, woken from sleep, has no sender', 'EVENT C0', { kind: 'event', number: 0xc0, from: '' }],
    ['an unknown number is an event all the same', `EVENT 57 ${METER} 1`, { ...event, number: 0x57, side: 1 }],
  ])('%s', (_, text, expected) => {
    expect(parseLine(text)).toEqual(expected);
  });

  test.each([24, 26, 27, 28, 29, 32, 33])('%i, never captured, has the form of the others', (number) => {
    expect(parseLine(`EVENT ${number} ${METER} 0`)).toEqual({
      ...event,
      number: Number.parseInt(String(number), 16),
      side: 0,
    });
  });

  test.each([
    ['EVENT', 'EVENT without a number'],
    ['EVENT 2', 'EVENT without a number'],
    [`EVENT ${METER}`, 'EVENT without a number'],
    ['EVENT 25', 'EVENT without a sender'], // cut off: not a join to believe in
    ['EVENT 25 FE80:0000:00', 'EVENT without a sender'],
    [`EVENT 25 ${METER}0`, 'EVENT without a sender'],
    ['EVENT C0 FE80:0000:00', 'EVENT without a sender'],
    ['EVENT 2525', 'EVENT without a number'],
    ['EVENT 21 FE80:0000:0000:0000:XXXX:XXXX:XXXX:XXXX 00', 'EVENT without a sender'],
  ])('%s is noise: %s', (text, reason) => {
    expect(reasonOf(text)).toBe(reason);
  });
});

describe('EPANDESC', () => {
  test('heads a block', () => {
    expect(parseLine('EPANDESC')).toEqual({ kind: 'pan' });
  });

  test.each([
    ['  Channel:33', 'Channel', '33'],
    ['  Channel Page:09', 'Channel Page', '09'],
    ['  Pan ID:12A4', 'Pan ID', '12A4'],
    [' LQI:CA', 'LQI', 'CA'],
    ['      LQI: CA ', 'LQI', 'CA'],
    ['  Side:0', 'Side', '0'],
    ['  PairID:0112CE67', 'PairID', '0112CE67'],
    ['  HEMS:a:b', 'HEMS', 'a:b'],
  ])('%j is a field, whatever its indentation', (text, name, value) => {
    expect(parseLine(text)).toEqual({ kind: 'panField', name, value });
  });

  test.each([' ', '  Channel', '  Channel:', '  :33', '  :'])('%j is noise', (text) => {
    expect(reasonOf(text)).toBe('unknown indented line');
  });
});

describe('ERXUDP', () => {
  const data = '1081000102880105FF017201E704000001F4';
  const line = (words: string, payload = data): string =>
    `ERXUDP ${METER} ${OWN} 0E1A 02CC ${METER_MAC} ${words} ${payload}`;
  const datagram = {
    kind: 'rxudp',
    from: METER,
    to: OWN,
    remotePort: 0x0e1a,
    localPort: 0x02cc,
    macAddress: METER_MAC,
    secured: true,
    payload: bytesOfHex(data),
  };

  test.each([
    ['9 words: SE', line('1 0012'), datagram],
    ['10 words: DSE', line('1 0 0012'), { ...datagram, side: 0 }],
    ['11 words: DSE with RSSI', line('CA 1 0 0012'), { ...datagram, side: 0, lqi: 0xca }],
    ['RSSI without SIDE, should an SE module ever print it', line('28 1 0012'), { ...datagram, lqi: 0x28 }],
    ['not secured', line('0 0012'), { ...datagram, secured: false }],
    ['side 1', line('1 1 0012'), { ...datagram, side: 1 }],
    ['raw bytes', line('1 0003', '\u0010\u0081\u00ff'), { ...datagram, payload: Uint8Array.of(0x10, 0x81, 0xff) }],
    [
      'raw bytes that end in blanks',
      line('1 0003', '\u0010  '),
      { ...datagram, payload: Uint8Array.of(0x10, 0x20, 0x20) },
    ],
  ])('%s', (_, text, expected) => {
    expect(parseLine(text)).toEqual(expected);
  });

  test('hex digits in lower case are read, and given in upper case', () => {
    expect(parseLine(line('1 0012').toLowerCase().replace('erxudp', 'ERXUDP'))).toEqual(datagram);
  });

  test.each([
    ['DATALEN too great', line('1 0013')],
    ['DATALEN too small', line('1 0011')],
    ['an odd number of digits', line('1 0012', data.slice(1))],
    ['half of the digits, as many as DATALEN says bytes', line('1 0012', data.slice(0, 18))],
    ['no data', line('1 0012', '')],
    ['a digit, then bytes that are none, as many as DATALEN says', line('1 0003', '1\u0081\u00ff')],
    ['twice as many characters as DATALEN, not all digits', line('1 0002', '108\u00ff')],
  ])('%s is noise', (_, text) => {
    expect(reasonOf(text)).toBe('ERXUDP whose data do not fit DATALEN');
  });

  test.each([
    ['SECURED missing, as in one published capture', line('0012')],
    ['an address cut short', line('1 0012').replace(METER, METER.slice(1))],
    ['masked addresses', line('1 0012').replaceAll('021C', 'XXXX')],
    ['two blanks', line(' 1 0012')],
    ['nothing but the word', 'ERXUDP '],
  ])('%s is noise', (_, text) => {
    expect(reasonOf(text)).toBe('ERXUDP with a header in an unknown form');
  });
});

describe('echo', () => {
  test.each([
    'SKVER',
    'SKSREG SFE 0',
    'SKSCAN 2 FFFFFFFF 6 0 ',
    `SKSENDTO 1 ${METER} 0E1A 1 000E `,
    'SKSENDTO',
    'ROPT',
    'WOPT 01',
    'RUART',
    'WUART 00',
  ])('%j is a command come back', (text) => {
    expect(parseLine(text)).toEqual({ kind: 'echo', text });
  });

  test.each(['SK', 'SK1', 'ROPTIK', 'xSKVER'])('%j is not', (text) => {
    expect(reasonOf(text)).toBe('unknown line');
  });
});
