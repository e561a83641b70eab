import { BridgeError } from '../../kernel/errors.ts';
import type { Text } from '../../kernel/language.ts';
import type { Pan } from '../../model/pan.ts';
import { linkLocalAddress } from '../../model/pan.ts';
import { isKeyTrouble } from '../../j11/notifications.ts';
import type { J11Notification, ReceivedDatagram } from '../../j11/notifications.ts';
import { decodeSendResult, RESULT, resultText, SEND_RESULT, sendResultText } from '../../j11/responses.ts';
import { ECHONET_PORT } from '../../skstack/commands.ts';
import { AIRTIME_LIMIT_MS } from '../airtime-limit.ts';
import { sendRefused } from '../command-channel.ts';
import { SessionBase } from '../module-base.ts';
import type { Renewal, SessionDeps } from '../module-base.ts';
import type { J11Channel } from './j11-channel.ts';
import { statusOf } from './j11-exchanges.ts';

/** From 00D2 to 6028: the session is lost without it. */
const RENEWAL_LIMIT_MS = 60_000;
const RENEWAL: Renewal = {
  limitMs: RENEWAL_LIMIT_MS,
  late: {
    en: `the session was not renewed within ${RENEWAL_LIMIT_MS / 1000} s (00D2)`,
    ja: `セッションが ${RENEWAL_LIMIT_MS / 1000} 秒以内に更新されませんでした（00D2）`,
  },
};
/** Nothing tells when there is airtime again: what waits is sent again so often, and given up after the limit’s hour and some. */
const AIRTIME_RETRY_MS = 10_000;
/** Results of a send that went out, heard or not. A busy channel proves nothing. */
const ON_AIR: ReadonlySet<number> = new Set([SEND_RESULT.ok, SEND_RESULT.noAck, SEND_RESULT.queued]);
/** So many packets in a row that our keys do not fit: the meter has other ones. */
const KEY_TROUBLE_LIMIT = 3;

/** How a session ends, in words. */
const LOST = {
  restarted: { en: 'the module restarted by itself (6019)', ja: 'モジュールが予期せず再起動しました（6019）' },
  macDown: { en: 'the connection to the meter was lost (601A 03)', ja: 'メーターとの接続が失われました（601A 03）' },
  panaDown: { en: 'the session ended (601A 04)', ja: 'セッションが終了しました（601A 04）' },
  refused: {
    en: 'the meter refused to renew the session (6028 02)',
    ja: 'メーターがセッションの更新を拒否しました（6028 02）',
  },
  noAnswer: {
    en: 'the meter did not answer a renewal of the session (6028 03)',
    ja: 'セッションの更新にメーターが応答しませんでした（6028 03）',
  },
  unreadable: {
    en: 'what the meter sends cannot be decrypted (6038)',
    ja: 'メーターからの受信データを復号できません（6038）',
  },
} as const satisfies Record<string, Text>;

/** A session on a J11 module: 601A and 6028 say when it is over; every send says whether it still stands. */
export class J11Session extends SessionBase<J11Notification> {
  protected readonly renewal = RENEWAL;
  readonly #commands: J11Channel;
  #keyTrouble = 0;
  #renewed = false;

  /** @param isLive false when PANA is still to come: `begin` then says that it is there. */
  constructor(commands: J11Channel, pan: Pan, isLive: boolean, deps: SessionDeps) {
    super(commands, pan, linkLocalAddress(pan.macAddress), isLive, deps);
    this.#commands = commands;
  }

  /** The meter accepted us. */
  begin(): void {
    this.isLive = true;
  }

  async send(payload: Uint8Array, signal: AbortSignal): Promise<void> {
    const startMs = this.clock.monotonicMs();
    for (;;) {
      const outcome = await this.#sendOnce(payload, signal);
      if (outcome === SEND_RESULT.airtime) this.airtime.shown();
      else if (ON_AIR.has(outcome)) this.airtime.sent();
      if (outcome === SEND_RESULT.ok || outcome === SEND_RESULT.queued) return;
      const spentMs = this.clock.monotonicMs() - startMs;
      if (outcome !== SEND_RESULT.airtime || spentMs >= AIRTIME_LIMIT_MS) {
        const how = sendResultText(outcome);
        throw new BridgeError('SEND_FAILED', {
          en: `the radio could not deliver the request (${how.en})`,
          ja: `無線で要求を届けられませんでした（${how.ja}）`,
        });
      }
      await this.clock.sleep(AIRTIME_RETRY_MS, signal);
    }
  }

  /** @returns the low half-byte of the send result. @throws BridgeError SESSION_LOST, SEND_FAILED where the module did not send */
  async #sendOnce(payload: Uint8Array, signal: AbortSignal): Promise<number> {
    const ports = { sourcePort: ECHONET_PORT, destinationPort: ECHONET_PORT };
    const command = { name: 'send', destination: this.address, ...ports, payload } as const;
    const ask = (limit: AbortSignal, timeoutMs: number) => this.#commands.ask(command, limit, timeoutMs);
    const answer = await this.#commands.patiently(ask, signal);
    if (answer.result === RESULT.ok) return decodeSendResult(answer.data) ?? SEND_RESULT.other;
    const status = statusOf(await this.#commands.ask({ name: 'status' }, signal));
    const why = sendRefused(resultText(answer.result));
    throw status?.routeB === 'authenticated'
      ? new BridgeError('SEND_FAILED', why)
      : this.end(new BridgeError('SESSION_LOST', why));
  }

  protected onEvent(notification: J11Notification): void {
    switch (notification.kind) {
      case 'received':
        return this.#onDatagram(notification);
      case 'started':
        return this.lost(LOST.restarted);
      case 'connection':
        if (notification.change === 'macDown' || notification.change === 'panaDown')
          this.lost(LOST[notification.change]);
        return;
      case 'pana':
        if (notification.outcome === 'ok') return this.hold('reauthentication', false);
        return this.lost(LOST[notification.outcome]);
      case 'receiveFailure':
        if (notification.from === this.address && isKeyTrouble(notification.reason)) this.#onKeyTrouble();
        return;
      case 'scanned':
        return;
      case 'noise':
        this.log.debug({ code: notification.code, reason: notification.reason }, 'notification not understood');
    }
  }

  #onDatagram({ from, sourcePort, destinationPort, isEncrypted, rssiDbm, payload }: ReceivedDatagram): void {
    if (!this.accept({ from, ports: [sourcePort, destinationPort], isEncrypted, payload, rssiDbm })) return;
    this.#keyTrouble = 0;
    this.#renewed = false;
  }

  /** Once a new authentication is tried (00D2); when that does not help, the session is built anew. */
  #onKeyTrouble(): void {
    if (!this.isLive || this.has('reauthentication') || ++this.#keyTrouble < KEY_TROUBLE_LIMIT) return;
    if (this.#renewed) return this.lost(LOST.unreadable);
    this.#keyTrouble = 0;
    this.#renewed = true;
    this.hold('reauthentication', true);
    void this.#renew();
  }

  /** Its outcome comes as 6028, its absence by the hold's expiry. */
  async #renew(): Promise<void> {
    const { signal } = new AbortController(); // bounded by its own limit, and by the port
    try {
      const answer = await this.#commands.ask({ name: 'reauthenticate' }, signal);
      if (answer.result === RESULT.ok) return;
      const how = resultText(answer.result);
      this.lost({
        en: `the module refused to authenticate again (${how.en})`,
        ja: `モジュールが再認証を拒否しました（${how.ja}）`,
      });
    } catch (error) {
      this.end(error);
    }
  }
}
