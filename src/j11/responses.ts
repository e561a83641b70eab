import { bytesOf16, bytesOf32, bytesOfHex, signed8, hexOfBytes, readU16, readU32, hex } from '../kernel/bytes.ts';
import { encodeFrame } from './frame.ts';

/** A response has its request's code and this. */
export const RESPONSE = 0x2000;
/** The module's answer to a header whose sum is wrong, and to a code it does not know. */
export const BAD_HEADER = 0x2fff;
export const UNKNOWN_COMMAND = 0xffff;

export interface J11Response {
  readonly result: number;
  /** What stands behind the result byte. */
  readonly data: Uint8Array;
}

export const encodeResponse = (code: number, result: number, data: Iterable<number> = []): Uint8Array =>
  encodeFrame('module', { code: code + RESPONSE, data: Uint8Array.of(result, ...data) });

/** 0001: what runs. */
export interface ModuleStatus {
  readonly started: boolean;
  /** `mac`: connected to a meter's network; `authenticated`: a PANA session stands. */
  readonly routeB: 'none' | 'mac' | 'authenticated';
}
const STARTED = 0x03;
const NOT_STARTED = 0x02;
const routeBStates = ['none', 'mac', 'authenticated'] as const;

export function decodeStatus(data: Uint8Array): ModuleStatus | undefined {
  const routeB = routeBStates[(data[1] ?? 0) - 1];
  if (data.length < 2 || routeB === undefined) return undefined;
  return { started: data[0] === STARTED, routeB };
}
export const encodeStatus = ({ started, routeB }: ModuleStatus): readonly number[] => [
  started ? STARTED : NOT_STARTED,
  routeBStates.indexOf(routeB) + 1,
  0x01, // no HAN
];

/** 006B. */
export interface Version {
  readonly firmwareId: number;
  readonly major: number;
  readonly minor: number;
  readonly revision: number;
}
export function decodeVersion(data: Uint8Array): Version | undefined {
  if (data.length < 8) return undefined;
  const [, , major = 0, minor = 0] = data;
  return { firmwareId: readU16(data, 0), major, minor, revision: readU32(data, 4) };
}
export const encodeVersion = ({ firmwareId, major, minor, revision }: Version): readonly number[] => [
  ...bytesOf16(firmwareId),
  major,
  minor,
  ...bytesOf32(revision),
];

/** The network 0053 connected to. */
export interface Connection {
  /** 4–17. */
  readonly channel: number;
  readonly panId: number;
  readonly macAddress: string;
  readonly rssiDbm: number;
}
export function decodeConnection(data: Uint8Array): Connection | undefined {
  if (data.length < 12) return undefined;
  const [channel = 0] = data;
  return {
    channel,
    panId: readU16(data, 1),
    macAddress: hexOfBytes(data.slice(3, 11)),
    rssiDbm: signed8(data[11] ?? 0),
  };
}
export const encodeConnection = ({ channel, panId, macAddress, rssiDbm }: Connection): readonly number[] => [
  channel,
  ...bytesOf16(panId),
  ...bytesOfHex(macAddress),
  rssiDbm & 0xff,
];

/** Low half-byte of the byte behind 0008's result: how the sending went. Behind it stand the first bytes of the data. */
export const decodeSendResult = (data: Uint8Array): number | undefined => {
  const [byte] = data;
  return byte === undefined ? undefined : byte & 0x0f;
};

/** Result byte of a response that we act upon. ROHM 63TR008E, Table 34, as public code quotes it. */
export const result = {
  ok: 0x01,
  invalidCommand: 0x03,
  badParameter: 0x04,
  portOpen: 0x0a,
  portNotOpen: 0x0b,
  connectFailed: 0x0e,
  notStarted: 0x10,
  badLength: 0x11,
  tooManyPorts: 0x12,
  receiveTimeout: 0x13,
  routeBRuns: 0x34,
  authenticated: 0x35,
  nothingStarted: 0x37,
  busy: 0x3d,
  credentialsMissing: 0x51,
  panaRuns: 0x52,
  credentialsSet: 0x58,
  headerSum: 0xf0,
  dataSum: 0xf1,
  tooShort: 0xf2,
  tooLong: 0xf3,
} as const;

const words: Readonly<Record<number, string>> = {
  0x01: 'ok',
  0x02: 'address not in the device list',
  0x03: 'invalid command code',
  0x04: 'bad parameter',
  0x06: 'bad destination',
  0x0a: 'port already open',
  0x0b: 'port not open',
  0x0e: 'MAC connect failed',
  0x0f: 'HAN runs, or wrong mode',
  0x10: 'B-route not started',
  0x11: 'bad length',
  0x12: 'too many ports',
  0x13: 'receive timeout',
  0x14: 'not in this mode',
  0x33: 'HAN authenticated',
  0x34: 'B-route runs',
  0x35: 'B-route authenticated',
  0x37: 'nothing started',
  0x3d: 'busy',
  0x51: 'credentials missing',
  0x52: 'PANA runs',
  0x53: 'no such address',
  0x58: 'credentials already set',
  0x59: 'too many credentials',
  0xf0: 'header sum wrong',
  0xf1: 'data sum wrong',
  0xf2: 'too short',
  0xf3: 'too long',
};

/** `result 0E, MAC connect failed`. */
export const resultText = (code: number): string =>
  `result ${hex(code, 2)}${words[code] === undefined ? '' : `, ${words[code]}`}`;

/** The module did not get the command whole: sending it again is all it needs. */
export const isLineNoise = (code: number): boolean =>
  code === result.receiveTimeout || (code >= result.headerSum && code <= result.tooLong);

/** Low half-byte of the send result of 0008. */
export const sendResult = { ok: 0x0, airtime: 0x2, channelBusy: 0x3, noAck: 0x5, other: 0x8, queued: 0xf } as const;
const sendWords: Readonly<Record<number, string>> = {
  0x0: 'ok',
  0x2: 'airtime limit',
  0x3: 'channel busy',
  0x5: 'no acknowledgement',
  0x8: 'other failure',
  0xf: 'queued',
};
export const sendResultText = (code: number): string => `send result ${hex(code, 1)}, ${sendWords[code] ?? 'unknown'}`;
