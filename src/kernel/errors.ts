import type { Language, Text } from './language.ts';

/** How much the supervisor tears down before it tries again; `stop` is for what trying again cannot mend. */
export type Recovery = 'retry' | 'rejoin' | 'reopen' | 'stop';

interface CatalogueEntry {
  readonly recovery: Recovery;
  readonly hint: Text;
}
const mendedBy =
  (recovery: Recovery) =>
  (en: string, ja: string): CatalogueEntry => ({ recovery, hint: { en, ja } });
const [retry, rejoin, reopen, stop] = [mendedBy('retry'), mendedBy('rejoin'), mendedBy('reopen'), mendedBy('stop')];

/** Every way this program can fail, with what the operator can do about it. `npm run docs:errors` makes docs/errors.md of it. */
const CATALOGUE = {
  CONFIG_INVALID: stop(
    'Correct the configuration and start again; `broute2mqtt config check` lists every problem.',
    '設定を直してから起動し直してください。`broute2mqtt config check` で問題をすべて確認できます。',
  ),
  USAGE: stop('See `broute2mqtt --help`.', '`broute2mqtt --help` をご覧ください。'),
  PORT_MISSING: reopen(
    'Plug the stick in and check `device`; /dev/serial/by-id lists the sticks that are there.',
    'Wi-SUNスティックを挿し、`device` を確認してください。接続中のものは /dev/serial/by-id にあります。',
  ),
  PORT_DENIED: reopen(
    'Give this program access to the port: add its user to the group that owns the device.',
    'このプログラムにポートの権限を与えてください（デバイスを所有するグループに追加します）。',
  ),
  PORT_BUSY: reopen(
    'Stop the other program that uses the stick; only one can.',
    'スティックを使っている別のプログラムを止めてください。同時に使えるのは1つだけです。',
  ),
  PORT_LOST: reopen(
    'The stick went away; it is opened again as soon as it is back. Check plug, cable and power supply.',
    'スティックが外れました。戻り次第、自動で開き直します。差し込み・ケーブル・電源を確認してください。',
  ),
  PORT_FAILED: reopen(
    'Check that `device` names the serial port of a Wi-SUN stick, then replug it.',
    '`device` がWi-SUNスティックのシリアルポートか確認し、挿し直してください。',
  ),
  MODULE_SILENT: reopen(
    'The port opens but nothing answers: check `device`, then replug the stick.',
    'ポートは開きますが応答がありません。`device` を確認し、スティックを挿し直してください。',
  ),
  MODULE_UNKNOWN: reopen(
    'Something answers, but not as a Wi-SUN module (SKSTACK-IP or J11): check that `device` is the right port.',
    '応答がWi-SUNモジュール（SKSTACK-IPまたはJ11）のものではありません。`device` が正しいポートか確認してください。',
  ),
  COMMAND_REFUSED: rejoin(
    'The module refused a command; the session is built anew. If it stays, report it with a log at level debug.',
    'モジュールがコマンドを拒否しました。接続をやり直します。続く場合はdebugレベルのログを添えて報告してください。',
  ),
  PAN_NOT_FOUND: rejoin(
    'No meter answered the scan: move the stick closer to the meter (a USB extension helps) and check route_b_id.',
    'スキャンでメーターが見つかりません。スティックをメーターに近づけ（USB延長ケーブルが有効）、route_b_id を確認してください。',
  ),
  JOIN_REFUSED: rejoin(
    'The meter refused the join: check route_b_id and route_b_password; another controller may hold the session.',
    'メーターが接続を拒否しました。route_b_id と route_b_password を確認してください。別の機器が接続中の可能性もあります。',
  ),
  JOIN_TIMEOUT: rejoin(
    'The meter did not finish the join: often poor reception; move the stick closer to the meter.',
    '接続が時間内に完了しませんでした。電波が弱いことが多いので、スティックをメーターに近づけてください。',
  ),
  SESSION_LOST: rejoin(
    'The session with the meter ended; it is joined again.',
    'メーターとのセッションが終了しました。接続し直します。',
  ),
  SEND_FAILED: retry(
    'The radio could not deliver a request; now and then is normal, often means poor reception.',
    '無線で送信できませんでした。ときどきなら正常です。頻繁なら電波が弱い状態です。',
  ),
  REPLY_TIMEOUT: retry(
    'The meter did not answer in time; now and then is normal, often means poor reception.',
    'メーターの応答が間に合いませんでした。ときどきなら正常です。頻繁なら電波が弱い状態です。',
  ),
  METER_SILENT: rejoin(
    'The meter stopped answering although the session stands; it is joined again.',
    'セッションはありますがメーターが応答しません。接続し直します。',
  ),
  NO_READING: retry(
    'There is no current reading; the log and the status page of the running bridge say why.',
    '最新の値がありません。理由は、動作中のブリッジのログと状態ページに表示されます。',
  ),
  BRIDGE_SILENT: retry(
    'A bridge seems to run but cannot be asked, so its port is left alone. Run this as the user of the bridge; if the bridge hangs, restart it.',
    'ブリッジは動作中のようですが、問い合わせできません（ポートには触れません）。ブリッジと同じユーザーで実行してください。応答しない場合はブリッジを再起動してください。',
  ),
  BROKER_UNREACHABLE: retry(
    'Check mqtt.url and that the broker is running; it is tried again by itself.',
    'mqtt.url と、ブローカーが動いていることを確認してください。自動で再試行します。',
  ),
  BROKER_REFUSED: retry(
    'The broker refused the login: check mqtt.username and mqtt.password and the broker’s user list.',
    'ブローカーがログインを拒否しました。mqtt.username と mqtt.password、ブローカーのユーザー設定を確認してください。',
  ),
  BROKER_TLS: retry(
    'The TLS connection to the broker failed: check mqtt.url’s host name, mqtt.tls.ca_file and the certificates’ dates.',
    'ブローカーとのTLS接続に失敗しました。mqtt.url のホスト名、mqtt.tls.ca_file、証明書の有効期限を確認してください。',
  ),
  BRIDGE_RUNNING: stop(
    'Stop the bridge first, then try again.',
    '先にブリッジを停止してから、もう一度実行してください。',
  ),
  MACKEREL_UNREACHABLE: retry(
    'Mackerel does not answer, or asks to wait: check the network and mackerel.api_url; it is tried again by itself.',
    'Mackerelが応答しないか、待つよう求めています。ネットワークと mackerel.api_url を確認してください。自動で再試行します。',
  ),
  MACKEREL_REFUSED: retry(
    'Mackerel refuses: check mackerel.api_key (with the permission to write, this address allowed) and that service or host_id exists.',
    'Mackerelに拒否されました。mackerel.api_key（書き込み権限、許可IPアドレス）と、service・host_id が存在することを確認してください。',
  ),
  HOME_ASSISTANT_UNREACHABLE: retry(
    'Check home_assistant.url, as this computer reaches it, and that Home Assistant runs; the service tries again by itself.',
    'home_assistant.url（このコンピューターから見たアドレス）と、Home Assistantが動いていることを確認してください。サービスは自動で再試行します。',
  ),
  HOME_ASSISTANT_DENIED: retry(
    'Create a long-lived access token as an administrator (your profile in Home Assistant, Security), put it into home_assistant.token and start again.',
    'Home Assistantの管理者のプロファイル「セキュリティ」で長期間有効なアクセストークンを作成し、home_assistant.token に設定して起動し直してください。',
  ),
  HOME_ASSISTANT_REFUSED: retry(
    'Home Assistant does not do what was asked; its own log says why. The recorder must be enabled and hold the energy entities.',
    'Home Assistantが要求に応じません。理由はHome Assistantのログにあります。レコーダー（recorder）が有効で、電力量のエンティティを記録していることを確認してください。',
  ),
  HTTP_LISTEN_FAILED: retry(
    'The HTTP address cannot be opened: check http.listen and what else uses that port.',
    'HTTPのアドレスを開けません。http.listen と、そのポートを使っている他のプログラムを確認してください。',
  ),
  STATE_UNWRITABLE: retry(
    'state_dir cannot be written; everything works, but the next start scans again. Check its owner and free space.',
    'state_dir に書き込めません。動作は続きますが次回起動時に再スキャンします。所有者と空き容量を確認してください。',
  ),
};

export type ErrorCode = keyof typeof CATALOGUE;
export const ERROR_CODES = Object.keys(CATALOGUE) as readonly ErrorCode[];

/** A failure as it is shown: the language is chosen where somebody reads it. */
export interface Failure {
  readonly code: ErrorCode | 'DEFECT';
  /** What happened, with the code behind it for whoever searches for it; a defect has none. */
  text(language: Language): string;
  /** What to do about it. */
  hint(language: Language): string;
}

export interface BridgeErrorOptions extends ErrorOptions {
  /** Replaces the catalogue's hint where the place of failure knows better what to do. */
  readonly hint?: Text;
}

/**
 * The one error this program throws on purpose. `what` says what was tried and what came back; the hint says what to do.
 * Wrapped once, at a boundary; decided upon by `code`, never by text.
 */
export class BridgeError extends Error implements Failure {
  override readonly name = 'BridgeError';
  readonly code: ErrorCode;
  readonly what: Text;
  readonly #hint: Text | undefined;

  /** @param what in both languages; one text where nothing in it is language, or none of it is ours. */
  constructor(code: ErrorCode, what: Text | string, options?: BridgeErrorOptions) {
    const both = typeof what === 'string' ? { en: what, ja: what } : what;
    super(both.en, options);
    this.code = code;
    this.what = both;
    this.#hint = options?.hint;
  }

  text(language: Language): string {
    return `${this.what[language]} [${this.code}]`;
  }

  hint(language: Language): string {
    return (this.#hint ?? CATALOGUE[this.code].hint)[language];
  }

  /** The same, with this hint where it has only that of its code. */
  orHint(hint: Text): BridgeError {
    return this.#hint ? this : new BridgeError(this.code, this.what, { cause: this.cause, hint });
  }
}

const DEFECT_HINT: Text = {
  en: 'This is a defect of broute2mqtt: please report it with a log at level debug.',
  ja: 'broute2mqttの不具合です。debugレベルのログを添えて報告してください。',
};

/** Whatever was thrown, as it is shown: what is not ours is a defect. */
export const failureOf = (error: unknown): Failure =>
  error instanceof BridgeError
    ? error
    : {
        code: 'DEFECT',
        text: () => (error instanceof Error ? error.message : String(error)),
        hint: (language) => DEFECT_HINT[language],
      };

/** What becomes a part of a `BridgeError` where it is caught: in our words, as a library's would be in its own. */
export class Cause extends Error {
  readonly what: Text;

  constructor(what: Text) {
    super(what.en);
    this.what = what;
  }
}

/** Of an error that becomes a part of another, without its code. */
export const whatOf = (error: Error): Text =>
  error instanceof BridgeError || error instanceof Cause ? error.what : { en: error.message, ja: error.message };

/** The code that the system, or a library in its manner, gave to what it threw: `ENOENT`. Undefined where it gave none. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** Of whatever was thrown, as the log says it. */
export const textOf = (error: unknown): string => failureOf(error).text('en');

const RANK: readonly Recovery[] = ['retry', 'rejoin', 'reopen', 'stop'];

/** What is not ours is a defect: trying again would hide it. */
export const recoveryOf = (error: unknown): Recovery =>
  error instanceof BridgeError ? CATALOGUE[error.code].recovery : 'stop';

/** True when mending `error` needs more torn down than `limit`. */
export const exceeds = (error: unknown, limit: Recovery): boolean =>
  RANK.indexOf(recoveryOf(error)) > RANK.indexOf(limit);
