import { BridgeError } from '../kernel/errors.ts';
import type { Text } from '../kernel/language.ts';

/** Reason codes of MQTT 5 (§2.4) that decide what we do. */
export const REASON = {
  protocolRefused: 0x84,
  idRefused: 0x85,
  notAuthorized: 0x87,
  takenOver: 0x8e,
  packetTooLarge: 0x95,
  quotaExceeded: 0x97,
  retainRefused: 0x9a,
  qosRefused: 0x9b,
} as const;

/** CONNACK return codes of MQTT 3.1.1 (§3.2.2.3), from 1 on. */
const OF_MQTT_3 = [REASON.protocolRefused, REASON.idRefused, 0x88, 0x86, REASON.notAuthorized] as const;
/** The code of MQTT 5 that means the same. */
export const asMqtt5 = (code: number): number => OF_MQTT_3[code - 1] ?? code;

const REASONS: Readonly<Record<number, Text>> = {
  0x80: { en: 'unspecified error', ja: '詳細不明のエラー' },
  0x81: { en: 'malformed packet', ja: 'パケットの形式不正' },
  0x82: { en: 'protocol error', ja: 'プロトコルエラー' },
  0x83: { en: 'not accepted by this server', ja: 'このサーバーでは受け付け不可' },
  0x84: { en: 'MQTT version not accepted', ja: 'MQTTのバージョン非対応' },
  0x85: { en: 'client id not accepted', ja: 'クライアントIDの拒否' },
  0x86: { en: 'bad user name or password', ja: 'ユーザー名またはパスワードの誤り' },
  0x87: { en: 'not authorized', ja: '権限なし' },
  0x88: { en: 'server unavailable', ja: 'サーバー利用不可' },
  0x89: { en: 'server busy', ja: 'サーバー混雑中' },
  0x8a: { en: 'banned', ja: '接続禁止' },
  0x8b: { en: 'server shutting down', ja: 'サーバーの停止' },
  0x8c: { en: 'bad authentication method', ja: '認証方式の誤り' },
  0x8d: { en: 'keep-alive timeout', ja: 'キープアライブの時間切れ' },
  0x8e: { en: 'session taken over', ja: '同じIDの別の接続による引き継ぎ' },
  0x90: { en: 'topic name not accepted', ja: 'トピック名の拒否' },
  0x93: { en: 'too many messages in flight', ja: '応答待ちのメッセージ過多' },
  0x95: { en: 'packet too large', ja: 'パケットが過大' },
  0x96: { en: 'message rate too high', ja: '送信頻度が過大' },
  0x97: { en: 'quota exceeded', ja: '割り当て（quota）の超過' },
  0x98: { en: 'administrative action', ja: '管理者の操作' },
  0x99: { en: 'payload format invalid', ja: 'ペイロードの形式不正' },
  0x9a: { en: 'retained messages not supported', ja: '保持メッセージ非対応' },
  0x9b: { en: 'QoS not supported', ja: 'QoS非対応' },
  0x9c: { en: 'use another server', ja: '別のサーバーの使用を要求' },
  0x9d: { en: 'server moved', ja: 'サーバーの移転' },
  0x9f: { en: 'connection rate exceeded', ja: '接続頻度の超過' },
};
const UNKNOWN: Text = { en: 'unknown reason', ja: '不明な理由' };

/** `not authorized (0x87)` */
export function reasonText(code: number): Text {
  const { en, ja } = REASONS[asMqtt5(code)] ?? UNKNOWN;
  const number = `0x${code.toString(16).padStart(2, '0')}`;
  return { en: `${en} (${number})`, ja: `${ja}（${number}）` };
}

/** The broker is there but cannot serve now: nothing the user has to correct. */
const UNAVAILABLE: ReadonlySet<number> = new Set([0x88, 0x89, 0x8b, 0x8d, REASON.quotaExceeded, 0x9f]);
/** Topic name invalid, packet too large, payload format invalid: the same message would be refused for ever. */
const WRONG_MESSAGE: ReadonlySet<number> = new Set([0x90, REASON.packetTooLarge, 0x99]);

/** The refusal speaks of the message itself. Any other speaks of the broker's rules, room or state, which can be mended. */
export const isMessageWrong = (code: number): boolean => WRONG_MESSAGE.has(code);

/** A CONNACK that refuses. */
export const refusedBy = (url: string, code: number): BridgeError =>
  new BridgeError(UNAVAILABLE.has(asMqtt5(code)) ? 'BROKER_UNREACHABLE' : 'BROKER_REFUSED', {
    en: `${url} refused the connection: ${reasonText(code).en}`,
    ja: `${url} が接続を拒否しました: ${reasonText(code).ja}`,
  });

/** A DISCONNECT sent by the broker. */
export function disconnectedBy(url: string, code: number): BridgeError {
  const what: Text = {
    en: `${url} ended the connection: ${reasonText(code).en}`,
    ja: `${url} が接続を切断しました: ${reasonText(code).ja}`,
  };
  return code === REASON.takenOver
    ? new BridgeError('BROKER_REFUSED', what, { hint: TAKEN_OVER_HINT })
    : new BridgeError('BROKER_UNREACHABLE', what);
}

export const TAKEN_OVER_HINT: Text = {
  en: 'Another client uses the same client id: two bridges run with the same meter id. Stop one or change its id.',
  ja: '同じクライアントIDの接続があります。同じメーターidのブリッジが2つ動いています。片方を止めるかidを変えてください。',
};

/** A discovery document that the broker cannot take. */
export const LEFT_OUT_HINT: Text = {
  en: 'Readings go on, but Home Assistant is told of no device. Raise the broker’s limit for one packet (16 KB is enough) and restart the bridge; by itself it tries again after a day.',
  ja: '計測値の送信は続きますが、Home Assistantにデバイスが登録されません。ブローカーのパケット上限を上げ（16 KBで十分）、ブリッジを再起動してください。自動では1日後に再試行します。',
};

const QUOTA_HINT: Text = {
  en: 'The broker has no room for this client: raise its quota, or look for a subscriber that is away and for whom it keeps everything. The readings wait and go on by themselves.',
  ja: 'ブローカーの割り当て（quota）を超えています。上限を上げるか、切断中で溜め込ませている購読者がいないか確認してください。計測値は保管され、自動で再開します。',
};
const BROKER_HINT: Text = {
  en: 'The broker’s own log says why it refuses. The readings wait and go on by themselves.',
  ja: '拒否の理由はブローカーのログを確認してください。計測値は保管され、自動で再開します。',
};

const ACCESS = {
  reading: { noun: { en: 'reading', ja: '読み取り' }, verb: 'read' },
  writing: { noun: { en: 'writing', ja: '書き込み' }, verb: 'write' },
} as const;

/** What an access list forbids, unless `hint` says otherwise. @param code undefined: the broker gave no reason. */
export function topicRefused(
  url: string,
  access: keyof typeof ACCESS,
  topic: string,
  code?: number,
  hint?: Text,
): BridgeError {
  const { noun, verb } = ACCESS[access];
  const why = code === undefined ? { en: 'without a word', ja: '理由の通知なし' } : reasonText(code);
  const what: Text = {
    en: `${url} refuses ${noun.en} ${topic}: ${why.en}`,
    ja: `${url} が ${topic} の${noun.ja}を拒否しています: ${why.ja}`,
  };
  const allow: Text = {
    en: `Allow this user to ${verb} ${topic} in the broker’s access list (acl_file of Mosquitto; deploy/mosquitto/acl is an example).`,
    ja: `ブローカーのアクセス制御（Mosquittoのacl_fileなど。例: deploy/mosquitto/acl）で、このユーザーに ${topic} の${noun.ja}を許可してください。`,
  };
  return new BridgeError('BROKER_REFUSED', what, { hint: hint ?? allow });
}

/** Why the stream waits although the broker is there, and what to do. */
export function heldError(url: string, topic: string, code: number): BridgeError {
  const hint = code === REASON.quotaExceeded ? QUOTA_HINT : BROKER_HINT;
  return topicRefused(url, 'writing', topic, code, code === REASON.notAuthorized ? undefined : hint);
}
