import { bytesOf16, bytesOf32, bytesOfHex, signed8, hexOfBytes, readU16, readU32, hex } from '../kernel/bytes.ts';
import type { Text } from '../kernel/language.ts';
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
const ROUTE_B_STATES = ['none', 'mac', 'authenticated'] as const;

export function decodeStatus(data: Uint8Array): ModuleStatus | undefined {
  const routeB = ROUTE_B_STATES[(data[1] ?? 0) - 1];
  return routeB && { started: data[0] === STARTED, routeB };
}
export const encodeStatus = ({ started, routeB }: ModuleStatus): readonly number[] => [
  started ? STARTED : NOT_STARTED,
  ROUTE_B_STATES.indexOf(routeB) + 1,
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
export const RESULT = {
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

const RESULT_TEXTS: Readonly<Record<number, Text>> = {
  0x01: { en: 'ok', ja: '成功' },
  0x02: { en: 'address not in the device list', ja: 'デバイスリストにないアドレス' },
  0x03: { en: 'invalid command code', ja: '無効なコマンドコード' },
  0x04: { en: 'bad parameter', ja: 'パラメーター不正' },
  0x06: { en: 'bad destination', ja: '宛先不正' },
  0x0a: { en: 'port already open', ja: 'ポートはオープン済み' },
  0x0b: { en: 'port not open', ja: 'ポートは未オープン' },
  0x0e: { en: 'MAC connect failed', ja: 'MAC接続失敗' },
  0x0f: { en: 'HAN runs, or wrong mode', ja: 'HAN動作中、またはモード不一致' },
  0x10: { en: 'B-route not started', ja: 'Bルート未開始' },
  0x11: { en: 'bad length', ja: '長さ不正' },
  0x12: { en: 'too many ports', ja: 'ポート数超過' },
  0x13: { en: 'receive timeout', ja: '受信タイムアウト' },
  0x14: { en: 'not in this mode', ja: 'このモードでは不可' },
  0x33: { en: 'HAN authenticated', ja: 'HAN認証済み' },
  0x34: { en: 'B-route runs', ja: 'Bルート動作中' },
  0x35: { en: 'B-route authenticated', ja: 'Bルート認証済み' },
  0x37: { en: 'nothing started', ja: '未開始' },
  0x3d: { en: 'busy', ja: '処理中' },
  0x51: { en: 'credentials missing', ja: '認証情報なし' },
  0x52: { en: 'PANA runs', ja: 'PANA実行中' },
  0x53: { en: 'no such address', ja: '該当アドレスなし' },
  0x58: { en: 'credentials already set', ja: '認証情報は設定済み' },
  0x59: { en: 'too many credentials', ja: '認証情報の数が超過' },
  0xf0: { en: 'header sum wrong', ja: 'ヘッダーのチェックサム不一致' },
  0xf1: { en: 'data sum wrong', ja: 'データのチェックサム不一致' },
  0xf2: { en: 'too short', ja: '短すぎる' },
  0xf3: { en: 'too long', ja: '長すぎる' },
};

/** `result 0E, MAC connect failed`. */
export function resultText(code: number): Text {
  const text = RESULT_TEXTS[code];
  const number = hex(code, 2);
  return {
    en: text ? `result ${number}, ${text.en}` : `result ${number}`,
    ja: text ? `結果 ${number}、${text.ja}` : `結果 ${number}`,
  };
}

/** The module did not get the command whole: sending it again is all it needs. */
export const isLineNoise = (code: number): boolean =>
  code === RESULT.receiveTimeout || (code >= RESULT.headerSum && code <= RESULT.tooLong);

/** Low half-byte of the send result of 0008. */
export const SEND_RESULT = { ok: 0x0, airtime: 0x2, channelBusy: 0x3, noAck: 0x5, other: 0x8, queued: 0xf } as const;
const SEND_RESULT_TEXTS: Readonly<Record<number, Text>> = {
  0x0: { en: 'ok', ja: '成功' },
  0x2: { en: 'airtime limit', ja: '送信時間制限' },
  0x3: { en: 'channel busy', ja: 'チャネル使用中' },
  0x5: { en: 'no acknowledgement', ja: '受信確認なし' },
  0x8: { en: 'other failure', ja: 'その他の失敗' },
  0xf: { en: 'queued', ja: '送信待ち' },
};
export function sendResultText(code: number): Text {
  const text = SEND_RESULT_TEXTS[code] ?? { en: 'unknown', ja: '不明' };
  return { en: `send result ${hex(code, 1)}, ${text.en}`, ja: `送信結果 ${hex(code, 1)}、${text.ja}` };
}
