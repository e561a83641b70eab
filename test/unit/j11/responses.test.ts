import { expect, test } from 'vitest';
import { bytesOfHex, hex } from '../../../src/kernel/bytes.ts';
import {
  decodeConnection,
  decodeSendResult,
  decodeStatus,
  decodeVersion,
  encodeConnection,
  encodeStatus,
  encodeVersion,
  isLineNoise,
  resultText,
  sendResultText,
} from '../../../src/j11/responses.ts';

test('status, version and connection, both ways', () => {
  for (const started of [true, false])
    for (const routeB of ['none', 'mac', 'authenticated'] as const)
      expect(decodeStatus(Uint8Array.from(encodeStatus({ started, routeB })))).toEqual({ started, routeB });
  expect(decodeStatus(Uint8Array.of(3, 9, 1))).toBeUndefined();
  const version = { firmwareId: 0x0400, major: 1, minor: 3, revision: 5514 };
  expect(decodeVersion(bytesOfHex('040001030000158A'))).toEqual(version);
  expect(decodeVersion(Uint8Array.from(encodeVersion(version)))).toEqual(version);
  const connection = { channel: 12, panId: 0xbcde, macAddress: '0050C2FFFEDC2822', rssiDbm: -34 };
  expect(decodeConnection(bytesOfHex('0CBCDE0050C2FFFEDC2822DE'))).toEqual(connection);
  expect(decodeConnection(Uint8Array.from(encodeConnection(connection)))).toEqual(connection);
  expect(decodeSendResult(Uint8Array.of(0x12, 0xab))).toBe(2);
});

test('an answer cut short is none, and never an “ok”', () => {
  const answers = [
    [decodeStatus, '0302'],
    [decodeVersion, '040001030000158A'],
    [decodeConnection, '0CBCDE0050C2FFFEDC2822DE'],
    [decodeSendResult, '00'],
  ] as const;
  for (const [decode, text] of answers) {
    const whole = bytesOfHex(text);
    expect(decode(whole)).toBeDefined();
    for (let length = 0; length < whole.length; length++) expect(decode(whole.subarray(0, length))).toBeUndefined();
  }
});

const everyByte = Array.from({ length: 256 }, (_, byte) => byte);

test('only what the line did to a command is line noise', () => {
  expect(everyByte.filter(isLineNoise)).toEqual([0x13, 0xf0, 0xf1, 0xf2, 0xf3]);
});

/** BP35C0-J11 command specification (ROHM 63TR008E), Table 34 "Command result code", and the send result of 0008. */
const RESULTS: readonly (readonly [code: number, en: string, ja: string])[] = [
  [0x01, 'ok', '成功'],
  [0x02, 'address not in the device list', 'デバイスリストにないアドレス'],
  [0x03, 'invalid command code', '無効なコマンドコード'],
  [0x04, 'bad parameter', 'パラメーター不正'],
  [0x06, 'bad destination', '宛先不正'],
  [0x0a, 'port already open', 'ポートはオープン済み'],
  [0x0b, 'port not open', 'ポートは未オープン'],
  [0x0e, 'MAC connect failed', 'MAC接続失敗'],
  [0x0f, 'HAN runs, or wrong mode', 'HAN動作中、またはモード不一致'],
  [0x10, 'B-route not started', 'Bルート未開始'],
  [0x11, 'bad length', '長さ不正'],
  [0x12, 'too many ports', 'ポート数超過'],
  [0x13, 'receive timeout', '受信タイムアウト'],
  [0x14, 'not in this mode', 'このモードでは不可'],
  [0x33, 'HAN authenticated', 'HAN認証済み'],
  [0x34, 'B-route runs', 'Bルート動作中'],
  [0x35, 'B-route authenticated', 'Bルート認証済み'],
  [0x37, 'nothing started', '未開始'],
  [0x3d, 'busy', '処理中'],
  [0x51, 'credentials missing', '認証情報なし'],
  [0x52, 'PANA runs', 'PANA実行中'],
  [0x53, 'no such address', '該当アドレスなし'],
  [0x58, 'credentials already set', '認証情報は設定済み'],
  [0x59, 'too many credentials', '認証情報の数が超過'],
  [0xf0, 'header sum wrong', 'ヘッダーのチェックサム不一致'],
  [0xf1, 'data sum wrong', 'データのチェックサム不一致'],
  [0xf2, 'too short', '短すぎる'],
  [0xf3, 'too long', '長すぎる'],
];
const SEND_RESULTS: typeof RESULTS = [
  [0x0, 'ok', '成功'],
  [0x2, 'airtime limit', '送信時間制限'],
  [0x3, 'channel busy', 'チャネル使用中'],
  [0x5, 'no acknowledgement', '受信確認なし'],
  [0x8, 'other failure', 'その他の失敗'],
  [0xf, 'queued', '送信待ち'],
];

test('every result has its words in both languages, any other its number', () => {
  for (const [code, en, ja] of RESULTS) {
    const number = hex(code, 2);
    expect(resultText(code)).toEqual({ en: `result ${number}, ${en}`, ja: `結果 ${number}、${ja}` });
  }
  expect(everyByte.filter((code) => resultText(code).en.includes(','))).toEqual(RESULTS.map(([code]) => code));
  expect(resultText(0x77)).toEqual({ en: 'result 77', ja: '結果 77' });
  for (const [code, en, ja] of [...SEND_RESULTS, [0x4, 'unknown', '不明'] as const]) {
    const number = hex(code, 1);
    expect(sendResultText(code)).toEqual({ en: `send result ${number}, ${en}`, ja: `送信結果 ${number}、${ja}` });
  }
});
