import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { channelOfJ11, dwellMs, j11Mask, j11OfChannel, numbersOfMask } from '../../../src/j11/channels.ts';
import { COMMAND_CODES, encodeCommand, parseCommand, responseTo } from '../../../src/j11/commands.ts';
import type { CommandName, J11Command } from '../../../src/j11/commands.ts';
import { FrameReader } from '../../../src/j11/frame.ts';
import type { J11Frame } from '../../../src/j11/frame.ts';
import { encodeNotification, isKeyTrouble, isNotification, parseNotification } from '../../../src/j11/notifications.ts';
import type { J11Notification } from '../../../src/j11/notifications.ts';
import {
  decodeConnection,
  decodeSendResult,
  decodeStatus,
  decodeVersion,
  encodeResponse,
} from '../../../src/j11/responses.ts';
import { ALL_CHANNELS_MASK, ODD_CHANNELS_MASK } from '../../../src/model/scan-plan.ts';
import { bytesOfHex, hexOfBytes } from '../../../src/kernel/bytes.ts';
import { goldenFrames, requestVectors } from './golden.ts';

function frameOf(side: 'host' | 'module', bytes: Uint8Array): J11Frame {
  const [input] = new FrameReader(side).push(bytes);
  if (input?.kind !== 'frame') throw new Error('no frame');
  return { code: input.code, data: input.data };
}
/** As `golden/j11.json` writes it: bytes in hex. */
const plain = (value: object): object =>
  Object.fromEntries(
    Object.entries(value).map(([key, x]) => [key, x instanceof Uint8Array ? hexOfBytes(x) : (x as unknown)]),
  );
const named = (code: number): CommandName | undefined =>
  (Object.keys(COMMAND_CODES) as CommandName[]).find((name) => COMMAND_CODES[name] === code);

test.each(goldenFrames.filter(({ side }) => side === 'host'))('$name', ({ bytes, value }) => {
  const parsed = parseCommand(frameOf('host', bytes));
  expect(parsed.kind === 'command' && plain(parsed.command)).toEqual(value);
  const again = { ...value, ...('payload' in value ? { payload: bytesOfHex(String(value['payload'])) } : {}) };
  expect(encodeCommand(again as unknown as J11Command)).toEqual(bytes);
});

test.each(goldenFrames.filter(({ side }) => side === 'module'))('$name', ({ bytes, value }) => {
  const frame = frameOf('module', bytes);
  if ('answers' in value) {
    const { answers, ...response } = value as { answers: CommandName; result: number; data: string };
    const read = responseTo(answers, frame);
    expect(read && plain(read)).toEqual(response);
    expect(encodeResponse(COMMAND_CODES[answers], response.result, bytesOfHex(response.data))).toEqual(bytes);
    return;
  }
  expect(isNotification(frame)).toBe(true);
  const read = parseNotification(frame);
  expect(plain(read)).toEqual(value);
  expect(encodeNotification(read as Exclude<J11Notification, { kind: 'noise' }>)).toEqual(bytes);
});

test('the published requests are commands, written the same again; those we never send are unknown', () => {
  const unknown: number[] = [];
  for (const bytes of requestVectors) {
    const frame = frameOf('host', bytes);
    const parsed = parseCommand(frame);
    if (parsed.kind === 'unknown') unknown.push(frame.code);
    if (parsed.kind === 'command') expect(encodeCommand(parsed.command)).toEqual(bytes);
    // The scan's mask 12345678 names channels there are not: the length and the order of its fields are what counts.
    if (parsed.kind === 'refused') expect(frame.code).toBe(COMMAND_CODES.scan);
  }
  expect(unknown).toEqual([0x0011, 0x0100, 0x0102, 0x0101]);
});

test('00F0 has no name here, so that nothing can send it', () => {
  expect(named(0x00f0)).toBeUndefined();
  expect(parseCommand({ code: 0x00f0, data: new Uint8Array() })).toEqual({ kind: 'unknown' });
});

const port = fc.integer({ min: 1, max: 0xffff });
const text = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...Array.from('0123456789ABCDEF')), minLength: length, maxLength: length });
const address = fc.array(text(4), { minLength: 8, maxLength: 8 }).map((groups) => groups.join(':'));
const byte = fc.nat(0xff);
const commands: fc.Arbitrary<J11Command> = fc.oneof(
  fc
    .constantFrom('status', 'version', 'reset', 'startRouteB', 'startPana', 'endPana', 'stopRouteB', 'reauthenticate')
    .map((name) => ({ name })),
  fc.record({ name: fc.constantFrom('openPort', 'closePort'), port }),
  fc.record({
    name: fc.constant('send' as const),
    destination: address,
    sourcePort: fc.nat(0xffff),
    destinationPort: fc.nat(0xffff),
    payload: fc.uint8Array({ minLength: 1, maxLength: 1232 }),
  }),
  fc.record({
    name: fc.constant('scan' as const),
    duration: fc.integer({ min: 1, max: 14 }),
    mask: fc.integer({ min: 1, max: 0x3fff }).map((mask) => mask << 4),
    pairingId: fc.option(text(8), { nil: undefined }),
  }),
  fc.record({ name: fc.constant('setCredentials' as const), id: text(32), password: text(12) }),
  fc.record({
    name: fc.constant('configure' as const),
    mode: fc.constant(5),
    hanSleep: fc.nat(1),
    channel: fc.integer({ min: 4, max: 17 }),
    power: fc.nat(2),
  }),
  fc.record({ name: fc.constant('setFlowControl' as const), value: byte }),
);

test('a command is read as it was written', () => {
  fc.assert(
    fc.property(commands, (command) => {
      expect(parseCommand(frameOf('host', encodeCommand(command)))).toEqual({ kind: 'command', command });
    }),
  );
});

const mac = text(16);
const rssiDbm = fc.integer({ min: -128, max: 127 });
const panId = fc.nat(0xffff);
const notifications: fc.Arbitrary<Exclude<J11Notification, { kind: 'noise' }>> = fc.oneof(
  fc.record({
    kind: fc.constant('scanned' as const),
    channel: byte,
    beacons: fc.array(fc.record({ macAddress: mac, panId, rssiDbm }), { maxLength: 5 }),
  }),
  fc.record({
    kind: fc.constant('received' as const),
    from: address,
    sourcePort: fc.nat(0xffff),
    destinationPort: fc.nat(0xffff),
    panId,
    isMulticast: fc.boolean(),
    isEncrypted: fc.boolean(),
    rssiDbm,
    payload: fc.uint8Array({ maxLength: 1232 }),
  }),
  fc.constant({ kind: 'started' as const }),
  fc.record({
    kind: fc.constant('connection' as const),
    change: fc.constantFrom('macUp', 'panaUp', 'macDown', 'panaDown'),
    macAddress: mac,
    rssiDbm,
  }),
  fc.record({
    kind: fc.constant('pana' as const),
    outcome: fc.constantFrom('ok', 'refused', 'noAnswer'),
    macAddress: mac,
  }),
  fc.record({ kind: fc.constant('receiveFailure' as const), reason: byte, from: address }),
);

test('a notification is read as it was written; cut short, it is noise', () => {
  fc.assert(
    fc.property(notifications, fc.nat(100), (notification, cut) => {
      const { code, data } = frameOf('module', encodeNotification(notification));
      expect(parseNotification({ code, data })).toEqual(notification);
      if (cut === 0 || cut > data.length) return;
      const short = parseNotification({ code, data: data.subarray(0, data.length - cut) });
      if (notification.kind !== 'receiveFailure') expect(short.kind).toBe('noise');
    }),
  );
});

test('no data make a parser throw', () => {
  const codes = [...Object.values(COMMAND_CODES), 0x4051, 0x6018, 0x6019, 0x601a, 0x6028, 0x6038, 0x00f0, 0xffff];
  fc.assert(
    fc.property(fc.constantFrom(...codes), fc.uint8Array({ maxLength: 80 }), (code, data) => {
      parseCommand({ code, data });
      parseNotification({ code, data });
      for (const decode of [decodeStatus, decodeVersion, decodeConnection, decodeSendResult]) decode(data);
      responseTo('status', { code: code + 0x2000, data });
    }),
  );
});

test('what fits no notification is noise, which says why', () => {
  const mac = '00'.repeat(8);
  const noise: readonly (readonly [code: number, data: string, reason: string])[] = [
    [0x4051, '0204', '2 bytes that do not fit'], // neither heard nor not heard
    [0x4051, `020401${'00'.repeat(11)}`, '14 bytes that do not fit'],
    [0x601a, `00${mac}00`, '10 bytes that do not fit'],
    [0x601a, `05${mac}00`, '10 bytes that do not fit'],
    [0x6028, `00${mac}`, '9 bytes that do not fit'],
    [0x6028, `04${mac}`, '9 bytes that do not fit'],
    [0x6038, '01'.repeat(16), '16 bytes that do not fit'],
    [0x6039, '', 'not known to us'],
  ];
  for (const [code, data, reason] of noise)
    expect(parseNotification({ code, data: bytesOfHex(data) })).toEqual({ kind: 'noise', code, reason });
  const from = '0101:0101:0101:0101:0101:0101:0101:0101';
  expect(parseNotification({ code: 0x6038, data: bytesOfHex('02'.padEnd(34, '01')) })).toEqual({
    kind: 'receiveFailure',
    reason: 2,
    from,
  });
});

test('a new key mends what could not be decrypted or whose check failed, nothing else', () => {
  expect(Array.from({ length: 256 }, (_, reason) => reason).filter(isKeyTrouble)).toEqual([0x01, 0x02]);
});

test('4xxx and 6xxx come unasked, everything else answers', () => {
  const unasked = [0x0001, 0x2001, 0x2fff, 0x3051, 0x4051, 0x5051, 0x6019, 0x7000, 0xffff].filter((code) =>
    isNotification({ code, data: new Uint8Array() }),
  );
  expect(unasked).toEqual([0x4051, 0x6019]);
});

test('a response answers its own command alone, and has a result', () => {
  const frame = frameOf('module', encodeResponse(COMMAND_CODES.status, 0x37));
  expect(responseTo('status', frame)).toEqual({ result: 0x37, data: new Uint8Array() });
  expect(responseTo('version', frame)).toBeUndefined();
  expect(responseTo('status', { code: frame.code, data: new Uint8Array() })).toBeUndefined();
});

test('channels 4 to 17 are 33 to 59 by twos', () => {
  expect(channelOfJ11(4)).toBe(0x21);
  expect(channelOfJ11(17)).toBe(0x3b);
  expect([channelOfJ11(3), channelOfJ11(18)]).toEqual([undefined, undefined]);
  for (let number = 4; number <= 17; number++) expect(j11OfChannel(channelOfJ11(number) ?? 0)).toBe(number);
  for (const none of [31, 32, 34, 60, 61]) expect(j11OfChannel(none)).toBeUndefined();
});

test('masks of both countings name the same channels', () => {
  expect(j11Mask(ODD_CHANNELS_MASK)).toBe(0x3fff0);
  expect(j11Mask(ALL_CHANNELS_MASK)).toBe(0x3fff0);
  expect(j11Mask(1)).toBe(0x10);
  expect(j11Mask(0b10)).toBe(0); // channel 34: J11 has none
  expect(numbersOfMask(0x3fff0)).toHaveLength(14);
  expect(numbersOfMask(0x10)).toEqual([4]);
  expect(numbersOfMask(0xffffffff)).toEqual(numbersOfMask(0x3fff0)); // no channels but those
  expect(dwellMs(6)).toBeCloseTo(617, 0);
});
