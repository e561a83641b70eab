import { BridgeError, systemCode, whatOf } from '../kernel/errors.ts';
import type { ErrorCode } from '../kernel/errors.ts';
import { inBoth } from '../kernel/language.ts';
import type { Text } from '../kernel/language.ts';

const NETWORK: Readonly<Record<string, Text>> = {
  ECONNREFUSED: {
    en: 'connection refused, nothing listens there',
    ja: '接続が拒否されました。待ち受けているプログラムがありません',
  },
  ECONNRESET: { en: 'connection reset', ja: '接続がリセットされました' },
  EPIPE: { en: 'connection closed', ja: '接続が閉じられました' },
  ENOTFOUND: { en: 'host name not found', ja: 'ホスト名が見つかりません' },
  EAI_AGAIN: { en: 'host name cannot be looked up now', ja: '現在、ホスト名を解決できません' },
  ETIMEDOUT: { en: 'no answer', ja: '応答がありません' },
  EHOSTUNREACH: { en: 'host unreachable', ja: 'ホストに到達できません' },
  ENETUNREACH: { en: 'network unreachable', ja: 'ネットワークに到達できません' },
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: {
    en: 'a WebSocket message far too long for us',
    ja: 'WebSocketのメッセージが長すぎます',
  },
};

const UNKNOWN_CA: Text = {
  en: 'the broker’s certificate is not signed by a known authority; set mqtt.tls.ca_file',
  ja: 'ブローカーの証明書が既知の認証局のものではありません。mqtt.tls.ca_file を設定してください',
};
const WANTS_OURS: Text = {
  en: 'the broker wants a client certificate: set mqtt.tls.cert_file and mqtt.tls.key_file',
  ja: 'ブローカーがクライアント証明書を求めています。mqtt.tls.cert_file と mqtt.tls.key_file を設定してください',
};
const REFUSES_OURS: Text = {
  en: 'the broker does not accept our client certificate: check mqtt.tls.cert_file',
  ja: 'ブローカーがクライアント証明書を拒否しました。mqtt.tls.cert_file を確認してください',
};
const OLD_TLS: Text = {
  en: 'the broker speaks only TLS 1.0 or 1.1, which are broken: update it or its tls_version',
  ja: 'ブローカーが、安全でないTLS 1.0・1.1にしか対応していません。ブローカーを更新するか、その tls_version を変更してください',
};
const TLS: Readonly<Record<string, Text>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_CA,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_CA,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_CA,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_CA,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_CA,
  CERT_SIGNATURE_FAILURE: UNKNOWN_CA,
  CERT_HAS_EXPIRED: {
    en: 'the broker’s certificate has expired (or this computer’s clock is wrong)',
    ja: 'ブローカーの証明書の有効期限が切れているか、このマシンの時計が狂っています',
  },
  CERT_NOT_YET_VALID: {
    en: 'the broker’s certificate is not valid yet (or this computer’s clock is wrong)',
    ja: 'ブローカーの証明書がまだ有効期間前か、このマシンの時計が狂っています',
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    en: 'the broker’s certificate is for another host name',
    ja: 'ブローカーの証明書のホスト名が違います',
  },
  ERR_SSL_WRONG_VERSION_NUMBER: {
    en: 'what listens there does not speak TLS',
    ja: '接続先がTLSに対応していません',
  },
  ERR_SSL_UNSUPPORTED_PROTOCOL: OLD_TLS,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: OLD_TLS,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: WANTS_OURS,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: {
    en: `no common ground in the TLS handshake; or ${WANTS_OURS.en}`,
    ja: `TLSの方式が一致しないか、${WANTS_OURS.ja}`,
  },
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: REFUSES_OURS,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: REFUSES_OURS,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: REFUSES_OURS,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: {
    en: 'our certificate has expired: renew mqtt.tls.cert_file',
    ja: 'クライアント証明書の有効期限が切れています。mqtt.tls.cert_file を更新してください',
  },
  ERR_SSL_TLSV1_ALERT_ACCESS_DENIED: REFUSES_OURS,
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: {
    en: 'mqtt.tls.key_file is not the key of mqtt.tls.cert_file',
    ja: 'mqtt.tls.key_file が mqtt.tls.cert_file の鍵ではありません',
  },
  ERR_OSSL_PEM_NO_START_LINE: {
    en: 'mqtt.tls.cert_file or mqtt.tls.key_file is not in PEM form',
    ja: 'mqtt.tls.cert_file または mqtt.tls.key_file がPEM形式ではありません',
  },
  EPROTO: { en: 'the TLS handshake failed', ja: 'TLSハンドシェイクに失敗しました' },
};
const CLOSED: Text = { en: 'the broker closed the connection', ja: 'ブローカーが接続を閉じました' };
const FAILED: Text = { en: 'failed', ja: '接続に失敗しました' };
const isTls = (code: string): boolean => code in TLS || /^(ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|UNABLE_TO_)/.test(code);

const PLAIN_HINT: Text = {
  en: 'Check that this port is the broker’s own and plain: one for TLS (often 8883) needs mqtts:// or wss:// in mqtt.url.',
  ja: 'ブローカーの暗号化なしのポートか確認してください。TLS用のポート（8883など）には mqtt.url を mqtts:// または wss:// にします。',
};

const TLS_HINT: Text = {
  en: 'Check that this port speaks TLS (often 8883): a plain one (often 1883) needs mqtt:// or ws:// in mqtt.url.',
  ja: 'TLS用のポート（8883など）か確認してください。暗号化なしのポート（1883など）には mqtt.url を mqtt:// または ws:// にします。',
};

/** A packet that nothing we subscribe to explains. */
export const tooLong = (url: string, length: number, most: number): BridgeError =>
  new BridgeError(
    'BROKER_UNREACHABLE',
    {
      en: `${url} sent a packet of ${length} bytes; we take ${most} at most`,
      ja: `${url} から ${length} バイトのパケットが届きました（上限 ${most} バイト）`,
    },
    {
      hint: {
        en: 'Find out who publishes such long messages below command/ or on home_assistant.status_topic (a retained one comes again at each connection), or what answers in the broker’s place.',
        ja: 'command/ 以下または home_assistant.status_topic に長いメッセージを送っているものを探してください（保持されていると接続のたびに届きます）。ブローカー以外が応答している可能性もあります。',
      },
    },
  );

const codeText = (code: string | undefined): Text =>
  code === undefined ? { en: '', ja: '' } : { en: ` (${code})`, ja: `（${code}）` };

/** Closed between CONNECT and CONNACK: by what waits for a TLS handshake, or does not understand one, too. */
export function hungUp(url: string, cause?: Error): BridgeError {
  const code = systemCode(cause);
  const shown = codeText(code);
  return new BridgeError(
    'BROKER_UNREACHABLE',
    {
      en: `${url} closed the connection instead of answering the login${shown.en}`,
      ja: `${url} がログインに応答せず接続を閉じました${shown.ja}`,
    },
    { cause, hint: /^(mqtts|wss):/.test(url) ? TLS_HINT : PLAIN_HINT },
  );
}

/** True when the broker simply hung up: what one that cannot MQTT 5 may do instead of saying so. */
export const isHangUp = (error: Error | undefined): boolean =>
  error === undefined || ['ECONNRESET', 'EPIPE'].includes(systemCode(error) ?? '');

/** A write that fails in the handshake says EPROTO, and OpenSSL's reason in its message only. */
function tlsCodeOf(error: Error): string | undefined {
  const reason = /SSL routines:[^:]*:([^:]+):/.exec(error.message)?.[1];
  return reason === undefined ? undefined : `ERR_SSL_${reason.toUpperCase().replaceAll(' ', '_')}`;
}

export const noAnswerWithin = (url: string, ms: number): BridgeError =>
  new BridgeError('BROKER_UNREACHABLE', {
    en: `${url} did not answer within ${ms / 1000} s`,
    ja: `${url} から ${ms / 1000} 秒以内に応答がありません`,
  });

/** What was published did not come through. */
export function lostOn(url: string, outcome: Error): BridgeError {
  const why = whatOf(outcome);
  return new BridgeError(
    'BROKER_UNREACHABLE',
    inBoth((language) => `${url}: ${why[language]}`),
  );
}

/** Whatever a socket, a TLS handshake or a packet parser threw; nothing: the broker closed without an error. The message names the address, never credentials. */
export function failureOf(url: string, error?: Error): BridgeError {
  if (error instanceof BridgeError) return error; // ours already
  const raised = systemCode(error);
  const code = error && raised === 'EPROTO' ? (tlsCodeOf(error) ?? raised) : raised;
  const kind: ErrorCode = code !== undefined && isTls(code) ? 'BROKER_TLS' : 'BROKER_UNREACHABLE';
  const known = code === undefined ? undefined : (TLS[code] ?? NETWORK[code]);
  const raw = error?.message ?? '';
  const plain = error ? FAILED : CLOSED;
  const detail = known ?? (error && raw !== '' ? whatOf(error) : plain);
  const more = code === 'ERR_TLS_CERT_ALTNAME_INVALID' ? `: ${raw}` : '';
  const what = inBoth((language) => `${url}: ${detail[language]}${codeText(code)[language]}${more}`);
  return new BridgeError(kind, what, { cause: error });
}
