import { together } from '../../kernel/async.ts';
import type { Clock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { Pan } from '../../model/pan.ts';
import { isKeyTrouble } from '../../j11/notifications.ts';
import type { J11Notification, ReceivedDatagram } from '../../j11/notifications.ts';
import { decodeSendResult, result, resultText, sendResult, sendResultText } from '../../j11/responses.ts';
import { ECHONET_PORT } from '../../skstack/commands.ts';
import { AIRTIME_LIMIT_MS } from '../airtime-limit.ts';
import type { AirtimeLimit } from '../airtime-limit.ts';
import { COMMAND_LIMIT_MS, statusOf } from './j11-identify.ts';
import type { J11Channel } from './j11-channel.ts';
import type { Datagram, Hold, Session } from '../module.ts';
import { sendPatiently } from '../command-channel.ts';
import { SessionState } from '../session-state.ts';
import type { Expiry } from '../session-state.ts';

/** From 00D2 to 6028: the session is lost without it. */
const REAUTHENTICATION_LIMIT_MS = 60_000;
/** Nothing tells when there is airtime again: what waits is sent again so often, and given up after the limit’s hour and some. */
const AIRTIME_RETRY_MS = 10_000;
/** Results of a send that went out, heard or not. A busy channel proves nothing. */
const ON_AIR: ReadonlySet<number> = new Set([sendResult.ok, sendResult.noAck, sendResult.queued]);
/** So many packets in a row that our keys do not fit: the meter has other ones. */
const KEY_TROUBLE_LIMIT = 3;

interface SessionDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly airtime: AirtimeLimit;
}

/** A session on a J11 module: 601A and 6028 say when it is over; every send says whether it still stands. */
export class J11Session implements Session {
  readonly pan: Pan;
  readonly #address: string;
  readonly #link: J11Channel;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #airtime: AirtimeLimit;
  readonly #state: SessionState;
  readonly #stops: readonly (() => void)[];
  /** Joined. What ends before that is an earlier session, of which the module may still be telling. */
  #live: boolean;
  #keyTrouble = 0;
  #renewed = false;

  /** @param live false when PANA is still to come: `begin` then says that it is there. */
  constructor(link: J11Channel, pan: Pan, address: string, live: boolean, { clock, log, airtime }: SessionDeps) {
    this.pan = pan;
    this.#live = live;
    this.#address = address;
    this.#link = link;
    this.#clock = clock;
    this.#log = log;
    this.#airtime = airtime;
    this.#state = new SessionState(clock);
    this.#stops = [
      link.listen((notification) => this.#on(notification)),
      link.onLost((error) => this.#end(error)),
      airtime.listen((isOn) => this.#state.hold('airtime', isOn)),
    ];
  }

  /** The meter accepted us. */
  begin(): void {
    this.#live = true;
  }

  ready(signal: AbortSignal): Promise<void> {
    return this.#state.ready(signal);
  }

  async send(payload: Uint8Array, signal: AbortSignal): Promise<void> {
    const startMs = this.#clock.monotonicMs();
    for (;;) {
      const outcome = await this.#sendOnce(payload, signal);
      if (outcome === sendResult.airtime) this.#airtime.shown();
      else if (ON_AIR.has(outcome)) this.#airtime.sent();
      if (outcome === sendResult.ok || outcome === sendResult.queued) return;
      const spentMs = this.#clock.monotonicMs() - startMs;
      if (outcome !== sendResult.airtime || spentMs >= AIRTIME_LIMIT_MS)
        throw new BridgeError('SEND_FAILED', `the radio could not deliver the request (${sendResultText(outcome)})`);
      await this.#clock.sleep(AIRTIME_RETRY_MS, signal);
    }
  }

  receive(signal: AbortSignal): Promise<Datagram> {
    return this.#state.inbox.take(signal);
  }

  watch(onHold: (hold: Hold | undefined) => void, signal: AbortSignal): Promise<void> {
    return together(
      signal,
      (inner) => this.#state.watch(onHold, () => this.#expiry(), inner),
      (inner) => this.#airtime.watch(inner),
    );
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops) stop();
    this.#end(new BridgeError('SESSION_LOST', 'let go of by us'));
  }

  /** @returns the low half-byte of the send result. @throws BridgeError SESSION_LOST, SEND_FAILED where the module did not send */
  async #sendOnce(payload: Uint8Array, signal: AbortSignal): Promise<number> {
    const ports = { sourcePort: ECHONET_PORT, destinationPort: ECHONET_PORT };
    const command = { name: 'send', destination: this.#address, ...ports, payload } as const;
    const answer = await sendPatiently(this.#link, this.#clock, (limits) => this.#link.ask(command, limits), signal);
    if (answer.result === result.ok) return decodeSendResult(answer.data) ?? sendResult.other;
    const status = await this.#link.ask({ name: 'status' }, { timeoutMs: COMMAND_LIMIT_MS, signal });
    const stands = statusOf(status)?.routeB === 'authenticated';
    const why = `the module refused to send (${resultText(answer.result)})`;
    throw stands ? new BridgeError('SEND_FAILED', why) : this.#end(new BridgeError('SESSION_LOST', why));
  }

  #expiry(): Expiry | undefined {
    if (!this.#state.has('reauthentication')) return undefined;
    const late = new BridgeError(
      'SESSION_LOST',
      `the session was not renewed within ${REAUTHENTICATION_LIMIT_MS / 1000} s (00D2)`,
    );
    return { afterMs: REAUTHENTICATION_LIMIT_MS, act: () => void this.#end(late) };
  }

  #on(notification: J11Notification): void {
    switch (notification.kind) {
      case 'received':
        return this.#onDatagram(notification);
      case 'started':
        return this.#lost('the module restarted by itself (6019)');
      case 'connection':
        if (notification.change === 'macDown') return this.#lost('the connection to the meter was lost (601A 03)');
        if (notification.change === 'panaDown') return this.#lost('the session ended (601A 04)');
        return;
      case 'pana':
        if (notification.outcome === 'ok') return this.#state.hold('reauthentication', false);
        return this.#lost(
          notification.outcome === 'refused'
            ? 'the meter refused to renew the session (6028 02)'
            : 'the meter did not answer a renewal of the session (6028 03)',
        );
      case 'receiveFailure':
        if (notification.from === this.#address && isKeyTrouble(notification.reason)) this.#onKeyTrouble();
        return;
      case 'scanned':
        return;
      case 'noise':
        this.#log.debug({ code: notification.code, reason: notification.reason }, 'notification not understood');
    }
  }

  #onDatagram({ from, sourcePort, destinationPort, isEncrypted, rssiDbm, payload }: ReceivedDatagram): void {
    if (destinationPort !== ECHONET_PORT && sourcePort !== ECHONET_PORT) return;
    if (from !== this.#address || !isEncrypted) {
      this.#log.debug({ from, encrypted: isEncrypted }, 'datagram of a stranger dropped');
      return;
    }
    this.#keyTrouble = 0;
    this.#renewed = false;
    this.#state.inbox.put({ payload, atMs: this.#clock.now(), monotonicMs: this.#clock.monotonicMs(), rssiDbm });
  }

  /** Once a new authentication is tried (00D2); when that does not help, the session is built anew. */
  #onKeyTrouble(): void {
    if (!this.#live || this.#state.has('reauthentication') || ++this.#keyTrouble < KEY_TROUBLE_LIMIT) return;
    if (this.#renewed) return this.#lost('what the meter sends cannot be decrypted (6038)');
    this.#keyTrouble = 0;
    this.#renewed = true;
    this.#state.hold('reauthentication', true);
    void this.#renew();
  }

  /** Its outcome comes as 6028, its absence by the hold's expiry. */
  async #renew(): Promise<void> {
    const { signal } = new AbortController(); // bounded by its own limit, and by the port
    try {
      const answer = await this.#link.ask({ name: 'reauthenticate' }, { timeoutMs: COMMAND_LIMIT_MS, signal });
      if (answer.result !== result.ok)
        this.#lost(`the module refused to authenticate again (${resultText(answer.result)})`);
    } catch (error) {
      this.#end(error);
    }
  }

  #lost(how: string): void {
    if (this.#live) this.#end(new BridgeError('SESSION_LOST', how));
  }

  #end<E>(error: E): E {
    return this.#state.end(error);
  }
}
