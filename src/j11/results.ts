import { hex } from '../kernel/bytes.ts';

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
