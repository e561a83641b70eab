import { describe, expect, test } from 'vitest';
import { bytesOfHex, bytesOfLatin1 } from '../../../src/kernel/bytes.ts';
import { LineJoiner, MAX_LINE_LENGTH } from '../../../src/skstack/lines.ts';
import { describeLine } from '../../support/describe-line.ts';
import { LineReader, linesOf, singly, skLinesOf } from '../../support/line-reader.ts';
import { asciiRxUdp, binaryRxUdp, METER, OWN, rxUdpHeader } from '../../support/rxudp.ts';
import { joinBytes } from '../../support/transcript.ts';

const latin1 = bytesOfLatin1;
const CRLF = latin1('\r\n');
const DONE = latin1(`EVENT 21 ${METER} 00\r\nOK\r\n`);
const names = { meter: METER, own: OWN };
const described = (...parts: (Uint8Array | string)[]): string[] =>
  skLinesOf([joinBytes(parts.map((part) => (typeof part === 'string' ? latin1(part) : part)))]).map((line) =>
    describeLine(line, names),
  );
const received = (payload: string): string =>
  `rxudp meter > own 0E1A 0E1A 001C640003DD6393 secured ${payload.toUpperCase()}`;
const done = ['event 21 meter param 00', 'ok'];
const UNFIT = 'noise ERXUDP whose data do not fit DATALEN';
const NOISE = 'noise unknown line';

/** E7 = 500 W in reply to TID 1. */
const reply = '1081000102880105FF017201E704000001F4';

describe('line ends', () => {
  test.each([
    ['CRLF', 'OK\r\nOK 01\r\n', ['ok', 'ok 01']],
    ['a lone CR, as after ROPT', 'OK 01\rEVER 1.2.10\r\n', ['ok 01', 'version 1.2.10']],
    ['a lone LF', 'EVER 1.2.10\nOK\r\n', ['version 1.2.10', 'ok']],
    ['CR CR LF', 'OK\r\r\nOK\r\n', ['ok', 'ok']],
  ])('%s ends a line', (_, text, expected) => {
    expect(described(text)).toEqual(expected);
  });

  test('empty lines, as before EVENT 21 with the echo off, are no lines', () => {
    expect(described('\r\n', DONE, '\r\n\r\n\n\r\r')).toEqual(done);
  });

  test('a line is not given before its CR, and its LF may come with the next chunk', () => {
    const reader = new LineReader();
    expect(['OK', '\r', '\nEVER 1', '.5.2', '\r\n'].map((chunk) => reader.push(latin1(chunk)))).toEqual([
      [],
      ['OK'],
      [],
      [],
      ['EVER 1.5.2'],
    ]);
  });
});

describe('binary payload is taken by DATALEN', () => {
  const long = '10' + '0D0A00FF'.repeat(307) + '0D0A0D';
  test.each([
    ['an ordinary one', reply],
    ['CRLF inside', '10810001028801050D0A017201E7040D0A0D0A'],
    ['CR as its last byte', '1081000102880105FF017201E70400000A0D'],
    ['CRLF as its last bytes', '1081000102880105FF017201E70400000D0A'],
    ['CR CR inside', '10810D0D02880105FF'],
    ['nothing but CR behind the first byte', '100D0D0D0D0D0D'],
    ['LF as its last byte', '1081000102880105FF0A'],
    ['the word "ERXUDP " inside', `1081${Buffer.from('ERXUDP ').toString('hex')}0105`],
    ['the words "EVENT 25" behind CRLF inside', `10810D0A${Buffer.from('EVENT 25').toString('hex')}0D0A01`],
    ['"EPANDESC" as its last bytes', `1081${Buffer.from('EPANDESC').toString('hex')}`],
    ['blanks at its end', '108120202020'],
    ['NUL and FF bytes', '1081000000FFFFFF00'],
    ['PANA, which begins with 00', '00000028C00000024A1F0D0A'],
    ['a single byte', '10'],
    ['1232 bytes full of CRLF', long],
  ])('%s, wherever the chunks are cut', (_, payload) => {
    const bytes = joinBytes([latin1('\r\n'), binaryRxUdp(bytesOfHex(payload)), CRLF, DONE]);
    const expected = [received(payload), ...done];
    expect(described(bytes)).toEqual(expected);
    const whole = linesOf([bytes]);
    expect(linesOf(singly(bytes))).toEqual(whole);
    for (let at = 1; at < bytes.length; at++) {
      expect(linesOf([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
    }
  });

  test('two datagrams in a row, both with CR inside', () => {
    const payload = '10810D0A0D';
    const line = joinBytes([binaryRxUdp(bytesOfHex(payload)), CRLF]);
    expect(described(line, line, DONE)).toEqual([received(payload), received(payload), ...done]);
  });

  test.each(['1 0', 'CA 1 0'] as const)('with the columns "%s" too', (columns) => {
    const [line] = described(binaryRxUdp(bytesOfHex('10810D0A'), columns), CRLF);
    expect(line).toContain(columns === '1 0' ? ' secured side 0 10810D0A' : ' lqi CA secured side 0 10810D0A');
  });

  test('it says so while it waits for the rest', () => {
    const { joiner } = new LineReader();
    joiner.push(rxUdpHeader(4) + '\u0010\u0081');
    expect(joiner.collecting).toBe(true);
    joiner.push('\n');
    expect(joiner.collecting).toBe(false);
  });
});

describe('ASCII payload', () => {
  test('is taken for what it is, in upper and lower case', () => {
    const line = rxUdpHeader(18);
    expect(described(`${line}${reply}\r\n${line}${reply.toLowerCase()}\r\n`, DONE)).toEqual([
      received(reply),
      received(reply),
      ...done,
    ]);
  });

  test.each([
    ['cut short', reply.slice(0, -3)],
    ['cut to half, so that its characters are as many as DATALEN says bytes', reply.slice(0, 18)],
    ['too long', `${reply}00`],
    ['not hex in the middle', `${reply.slice(0, 10)}*${reply.slice(11)}`],
    ['missing', ''],
  ])('%s is dropped, and the next line is understood', (_, data) => {
    expect(described(`${rxUdpHeader(18)}${data}\r\n`, DONE)).toEqual([UNFIT, ...done]);
  });

  test('a line glued behind it is found', () => {
    expect(described(`${rxUdpHeader(18)}${reply}EVENT 25 ${METER}\r\n`)).toEqual([received(reply), 'event 25 meter']);
    expect(described(`${rxUdpHeader(18)}${reply}OK\r\n`)).toEqual([received(reply), 'ok']);
  });

  test('no payload at all is a datagram of no bytes', () => {
    expect(described(`${rxUdpHeader(0)}\r\n`, DONE)).toEqual([received(''), ...done]);
  });

  test('the longest datagram fits, and the line bound with it', () => {
    const payload = new Uint8Array(1232).fill(0x10);
    const line = asciiRxUdp(payload, 'CA 1 0');
    expect(line.length).toBeLessThan(MAX_LINE_LENGTH);
    expect(skLinesOf([joinBytes([line, CRLF])])).toMatchObject([{ kind: 'rxudp', payload }]);
  });
});

describe('glued lines', () => {
  test('stray echo before ERXUDP, as captured: SKSENDTOERXUDP …', () => {
    expect(described('SKSENDTO', asciiRxUdp(bytesOfHex(reply)), CRLF)).toEqual(['echo SKSENDTO', received(reply)]);
    expect(described('SKSENDTO', binaryRxUdp(bytesOfHex(reply)), CRLF)).toEqual(['echo SKSENDTO', received(reply)]);
  });

  test('the echoed header of SKSENDTO before EVENT 21', () => {
    const echo = `SKSENDTO 1 ${METER} 0E1A 1 000E `;
    expect(described(echo, DONE)).toEqual([`echo ${echo}`, ...done]);
  });

  test('two events that lost the line end between them', () => {
    expect(described(`EVENT 02 ${METER}EVENT 25 ${METER}\r\n`)).toEqual(['event 02 meter', 'event 25 meter']);
  });

  test('half the number of an event begins no line', () => {
    expect(described('OKEVENT 2\r\n')).toEqual([NOISE]);
  });

  test('EPANDESC behind EVENT 20', () => {
    expect(described(`EVENT 20 ${OWN}EPANDESC\r\n  LQI:CA\r\n`)).toEqual(['event 20 own', 'pan', 'LQI=CA']);
  });
});

describe('bytes lost', () => {
  const payload = bytesOfHex(reply);
  test.each([1, 2, 3, 4, 5, 6, 10, 16])('%i of a binary payload: datagram dropped, next lines kept', (count) => {
    expect(described(binaryRxUdp(payload.subarray(0, -count), '1', 18), CRLF, DONE)).toEqual([UNFIT, ...done]);
  });

  test.each([
    ['OK', 'ok', 4],
    ['OK 01', 'ok 01', 7],
    ['FAIL ER10', 'fail 10', 11],
    ['EPANDESC', 'pan', 10],
    [`EVENT 25 ${METER}`, 'event 25 meter', 50],
    [`EVENT 21 ${METER} 00`, 'event 21 meter param 00', 53],
  ])('a payload that %s would fill to the byte', (line, expected, count) => {
    const long = joinBytes([payload, new Uint8Array(40)]);
    expect(described(binaryRxUdp(long.subarray(0, -count), '1', long.length), CRLF, line, CRLF)).toEqual([
      UNFIT,
      expected,
    ]);
  });

  test('most of a long payload: the next line comes out at once, not after 1232 bytes', () => {
    const reader = new LineReader();
    reader.push(joinBytes([binaryRxUdp(payload, '1', 0x04d0), CRLF]));
    expect(reader.push(DONE)).toHaveLength(3);
    expect(reader.joiner.collecting).toBe(false);
  });

  test('the next datagram is not taken for the rest of the last', () => {
    expect(described(binaryRxUdp(payload, '1', 300), CRLF, binaryRxUdp(payload), CRLF)).toEqual([
      UNFIT,
      received(reply),
    ]);
  });

  test('lost up to the next line, which is glued on', () => {
    expect(described(binaryRxUdp(payload.subarray(0, 9), '1', 18), DONE)).toEqual([UNFIT, ...done]);
  });

  test('bytes too many: dropped, unless they begin a known line', () => {
    expect(described(binaryRxUdp(joinBytes([payload, latin1('!')]), '1', 18), CRLF, DONE)).toEqual([UNFIT, ...done]);
    expect(described(binaryRxUdp(payload), DONE)).toEqual([received(reply), ...done]);
  });

  test('the CR behind a payload lost: its LF will do', () => {
    expect(described(binaryRxUdp(payload), '\n', DONE)).toEqual([received(reply), ...done]);
  });

  test('a DATALEN no datagram can have does not start a count', () => {
    const reader = new LineReader();
    reader.push(joinBytes([binaryRxUdp(payload, '1', 0x04d1), CRLF]));
    expect(reader.joiner.collecting).toBe(false);
  });

  test('unknown lines can be swallowed, but never more than 1232 bytes', () => {
    const reader = new LineReader();
    reader.push(joinBytes([binaryRxUdp(payload, '1', 0x04d0), CRLF]));
    const junk = latin1(`${'x'.repeat(98)}\r\n`);
    let swallowed = 0;
    while (reader.joiner.collecting) {
      reader.push(junk);
      swallowed += junk.length;
    }
    expect(swallowed).toBeLessThanOrEqual(1300); // whole lines, so up to one more
    expect(reader.push(DONE)).toHaveLength(2);
  });

  test('after a time-out, reset forgets the half datagram; its late rest is noise', () => {
    const reader = new LineReader();
    const bytes = joinBytes([binaryRxUdp(bytesOfHex('10810D0A0D0A02880105')), CRLF]);
    expect(reader.push(bytes.subarray(0, -5))).toEqual([]);
    expect(reader.joiner.collecting).toBe(true);
    reader.joiner.reset();
    expect(reader.joiner.collecting).toBe(false);
    expect(reader.push(bytes.subarray(-5))).toHaveLength(1);
    expect(reader.push(DONE)).toEqual([`EVENT 21 ${METER} 00`, 'OK']);
  });

  test('two bytes lost before an empty line cannot be told from a payload that ends in CRLF', () => {
    // Known limit: the frame codec has to refuse it.
    expect(described(binaryRxUdp(payload.subarray(0, -2), '1', 18), '\r\n\r\n', DONE)).toEqual([
      received(`${reply.slice(0, -4)}0D0A`),
      ...done,
    ]);
  });
});

describe('noise', () => {
  test('digits behind a DATALEN no datagram can have are bounded like any noise', () => {
    const lines = new LineJoiner().push(rxUdpHeader(0xffff) + '10'.repeat(0xffff));
    expect(lines.map(({ length }) => length)).toEqual([MAX_LINE_LENGTH]);
  });

  test('64 KiB of it, without a line end, is one bounded line', () => {
    const lines = new LineJoiner().push('x'.repeat(65536));
    expect(lines).toEqual(['x'.repeat(MAX_LINE_LENGTH)]);
  });

  test.each(['ERXUDP ', 'EVENT 25', 'EPANDESC', '\n', '\u0000\n', rxUdpHeader(0x4d0), `${rxUdpHeader(0x4d0)}\u0010`])(
    '64 KiB of %j is got over at once, and the next line found',
    (text) => {
      const start = performance.now();
      const noise = text.repeat(65536 / text.length);
      expect(described(noise, CRLF, DONE).slice(-2)).toEqual(done);
      expect(performance.now() - start).toBeLessThan(20_000);
    },
  );

  test('NUL bytes make noise of the line they stand in, and of no other', () => {
    expect(described('\u0000OK\r\n\u0000\u0000\r\nOK\r\n')).toEqual([NOISE, NOISE, 'ok']);
    expect(described(`\u0000EVENT 25 ${METER}\r\n`)).toEqual([NOISE, 'event 25 meter']);
  });

  test('bytes above 7F are one character each', () => {
    expect(linesOf([bytesOfHex('FF80E38182C20D')])).toEqual(['\u00ff\u0080\u00e3\u0081\u0082\u00c2']);
  });

  test('the joiner never gives an empty line', () => {
    expect(new LineJoiner().push('\n\n')).toEqual([]);
    expect(new LineJoiner().push('')).toEqual([]);
  });
});

test('a datagram that lost bytes, and a whole one behind it before the loss is seen: the second one is read', () => {
  const payload = bytesOfHex('1081000102880105FF017201E70400000BB8');
  const lost = binaryRxUdp(payload).subarray(0, -6);
  const wire = Buffer.concat([lost, CRLF, binaryRxUdp(payload), CRLF, bytesOfLatin1('OK\r\nEVER 1.2.10\r\n')]);
  expect(skLinesOf([wire]).filter(({ kind }) => kind !== 'noise')).toMatchObject([
    { kind: 'rxudp', payload },
    { kind: 'ok' },
    { kind: 'version' },
  ]);
});
