import { BridgeError } from '../kernel/errors.ts';
import type { ErrorCode } from '../kernel/errors.ts';
import type { Text } from '../kernel/language.ts';

/** The two protocol levels we speak: 3.1.1 and 5. */
export type Protocol = 4 | 5;

/** CONNACK reason codes: MQTT 5 from 0x80 on, MQTT 3.1.1 below. */
export const connackCodes = {
  protocolRefusedV3: 0x01,
  idRefusedV3: 0x02,
  notAuthorizedV3: 0x05,
  protocolRefused: 0x84,
  idRefused: 0x85,
  notAuthorized: 0x87,
  retainRefused: 0x9a,
  qosRefused: 0x9b,
} as const;
export const SESSION_TAKEN_OVER = 0x8e;
export const NOT_AUTHORIZED = 0x87;
export const QUOTA_EXCEEDED = 0x97;

const reasons: Readonly<Record<number, string>> = {
  0x01: 'MQTT version not accepted',
  0x02: 'client id not accepted',
  0x03: 'server unavailable',
  0x04: 'bad user name or password',
  0x05: 'not authorized',
  0x80: 'unspecified error',
  0x81: 'malformed packet',
  0x82: 'protocol error',
  0x83: 'not accepted by this server',
  0x84: 'MQTT version not accepted',
  0x85: 'client id not accepted',
  0x86: 'bad user name or password',
  0x87: 'not authorized',
  0x88: 'server unavailable',
  0x89: 'server busy',
  0x8a: 'banned',
  0x8b: 'server shutting down',
  0x8c: 'bad authentication method',
  0x8d: 'keep-alive timeout',
  0x8e: 'session taken over',
  0x90: 'topic name not accepted',
  0x93: 'too many messages in flight',
  0x95: 'packet too large',
  0x96: 'message rate too high',
  0x97: 'quota exceeded',
  0x98: 'administrative action',
  0x99: 'payload format invalid',
  0x9a: 'retained messages not supported',
  0x9b: 'QoS not supported',
  0x9c: 'use another server',
  0x9d: 'server moved',
  0x9f: 'connection rate exceeded',
};
export const reasonText = (code: number): string =>
  `${reasons[code] ?? 'unknown reason'} (0x${code.toString(16).padStart(2, '0')})`;

/** The broker is there but cannot serve now: nothing the user has to correct. */
const unavailable = new Set([0x03, 0x88, 0x89, 0x8b, 0x8d, 0x97, 0x9f]);

export const takenOverHint: Text = {
  en: 'Another client uses the same client id: two bridges run with the same meter id. Stop one or change its id.',
  ja: '同じクライアントIDの接続があります。同じメーターidのブリッジが2つ動いています。片方を止めるかidを変えてください。',
};

/** A discovery document that the broker cannot take. */
export const leftOutHint: Text = {
  en: 'Readings go on, but Home Assistant is told of no device. Raise the broker’s limit for one packet (16 KB is enough) and restart the bridge; by itself it tries again after a day.',
  ja: '計測値の送信は続きますが、Home Assistantにデバイスが登録されません。ブローカーのパケット上限を上げ（16 KBで十分）、ブリッジを再起動してください。自動では1日後に再試行します。',
};

const plainHint: Text = {
  en: 'Check that this port is the broker’s own and plain: one for TLS (often 8883) needs mqtts:// or wss:// in mqtt.url.',
  ja: 'ブローカーの暗号化なしのポートか確認してください。TLS用のポート（8883など）には mqtt.url を mqtts:// または wss:// にします。',
};

const tlsHint: Text = {
  en: 'Check that this port speaks TLS (often 8883): a plain one (often 1883) needs mqtt:// or ws:// in mqtt.url.',
  ja: 'TLS用のポート（8883など）か確認してください。暗号化なしのポート（1883など）には mqtt.url を mqtt:// または ws:// にします。',
};

/** A CONNACK that refuses. */
export const refusedBy = (url: string, code: number): BridgeError =>
  new BridgeError(
    unavailable.has(code) ? 'BROKER_UNREACHABLE' : 'BROKER_REFUSED',
    `${url} refused the connection: ${reasonText(code)}`,
  );

/** A DISCONNECT sent by the broker. */
export const disconnectedBy = (url: string, code: number): BridgeError =>
  code === SESSION_TAKEN_OVER
    ? new BridgeError('BROKER_REFUSED', `${url} ended the connection: ${reasonText(code)}`, { hint: takenOverHint })
    : new BridgeError('BROKER_UNREACHABLE', `${url} ended the connection: ${reasonText(code)}`);

/** A packet that nothing we subscribe to explains. */
export const tooLong = (url: string, length: number, most: number): BridgeError =>
  new BridgeError('BROKER_UNREACHABLE', `${url} sent a packet of ${length} bytes; we take ${most} at most`, {
    hint: {
      en: 'Find out who publishes such long messages below command/ or on home_assistant.status_topic (a retained one comes again at each connection), or what answers in the broker’s place.',
      ja: 'command/ 以下または home_assistant.status_topic に長いメッセージを送っているものを探してください（保持されていると接続のたびに届きます）。ブローカー以外が応答している可能性もあります。',
    },
  });

const network: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused, nothing listens there',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'host name cannot be looked up now',
  ETIMEDOUT: 'no answer',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 'a WebSocket message far too long for us',
};
const unknownCa = 'the broker’s certificate is not signed by a known authority; set mqtt.tls.ca_file';
const wantsOurs = 'the broker wants a client certificate: set mqtt.tls.cert_file and mqtt.tls.key_file';
const refusesOurs = 'the broker does not accept our client certificate: check mqtt.tls.cert_file';
const oldTls = 'the broker speaks only TLS 1.0 or 1.1, which are broken: update it or its tls_version';
const tls: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownCa,
  UNABLE_TO_GET_ISSUER_CERT: unknownCa,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownCa,
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownCa,
  SELF_SIGNED_CERT_IN_CHAIN: unknownCa,
  CERT_SIGNATURE_FAILURE: unknownCa,
  CERT_HAS_EXPIRED: 'the broker’s certificate has expired (or this computer’s clock is wrong)',
  CERT_NOT_YET_VALID: 'the broker’s certificate is not valid yet (or this computer’s clock is wrong)',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the broker’s certificate is for another host name',
  ERR_SSL_WRONG_VERSION_NUMBER: 'what listens there does not speak TLS',
  ERR_SSL_UNSUPPORTED_PROTOCOL: oldTls,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: oldTls,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: wantsOurs,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: `no common ground in the TLS handshake; or ${wantsOurs}`,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: refusesOurs,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: refusesOurs,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: refusesOurs,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'our certificate has expired: renew mqtt.tls.cert_file',
  ERR_SSL_TLSV1_ALERT_ACCESS_DENIED: refusesOurs,
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: 'mqtt.tls.key_file is not the key of mqtt.tls.cert_file',
  ERR_OSSL_PEM_NO_START_LINE: 'mqtt.tls.cert_file or mqtt.tls.key_file is not in PEM form',
  EPROTO: 'the TLS handshake failed',
};
const isTls = (code: string): boolean => code in tls || /^(ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|UNABLE_TO_)/.test(code);

const codeOf = (error: Error): string | undefined => {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : undefined;
};

/** Closed between CONNECT and CONNACK: by what waits for a TLS handshake, or does not understand one, too. */
export function hungUp(url: string, cause?: Error): BridgeError {
  const code = cause && codeOf(cause);
  return new BridgeError(
    'BROKER_UNREACHABLE',
    `${url} closed the connection instead of answering the login${code === undefined ? '' : ` (${code})`}`,
    { cause, hint: /^(mqtts|wss):/.test(url) ? tlsHint : plainHint },
  );
}

/** True when the broker simply hung up: what one that cannot MQTT 5 may do instead of saying so. */
export const isHangUp = (error: Error | undefined): boolean =>
  error === undefined || ['ECONNRESET', 'EPIPE'].includes(codeOf(error) ?? '');

/** A write that fails in the handshake says EPROTO, and OpenSSL's reason in its message only. */
function tlsCodeOf(error: Error): string | undefined {
  const reason = /SSL routines:[^:]*:([^:]+):/.exec(error.message)?.[1];
  return reason === undefined ? undefined : `ERR_SSL_${reason.toUpperCase().replaceAll(' ', '_')}`;
}

/** Whatever a socket, a TLS handshake or a packet parser threw. The message names the address, never credentials. */
export function failureOf(url: string, error: Error): BridgeError {
  if (error instanceof BridgeError) return error; // ours, in words already
  const said = codeOf(error);
  const code = said === 'EPROTO' ? (tlsCodeOf(error) ?? said) : said;
  const kind: ErrorCode = code !== undefined && isTls(code) ? 'BROKER_TLS' : 'BROKER_UNREACHABLE';
  const known = code === undefined ? undefined : (tls[code] ?? network[code]);
  const detail = known === undefined ? error.message || 'failed' : known;
  const more = code === 'ERR_TLS_CERT_ALTNAME_INVALID' ? `: ${error.message}` : '';
  return new BridgeError(kind, `${url}: ${detail}${code === undefined ? '' : ` (${code})`}${more}`, { cause: error });
}
