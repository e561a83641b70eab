import { together } from '../../kernel/async.ts';
import type { Clock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { Pan } from '../../model/pan.ts';
import { rssiDbmOfLqi } from '../../model/pan.ts';
import { ECHONET_PORT } from '../../skstack/commands.ts';
import { eventNumber } from '../../skstack/events.ts';
import type { RxUdp, SkEvent, SkLine } from '../../skstack/events.ts';
import { dataThenOk, failText, sendOutcome } from '../../skstack/exchanges.ts';
import type { AirtimeLimit } from '../airtime-limit.ts';
import { LINE_LIMIT_MS } from './identify.ts';
import type { Datagram, Hold, Session } from '../module.ts';
import { sendPatiently } from '../command-channel.ts';
import { SessionState } from '../session-state.ts';
import type { Expiry } from '../session-state.ts';
import type { SkChannel } from './sk-channel.ts';

/**
 * EVENT 29 marks the start of the module's own renewal, at 80 % of the lifetime: EVENT 25 came after 2 s in the median and
 * 42 s at most in ten months of a public project's logs (nbtk/momonga af83d57). Without it the session is lost.
 */
const REAUTHENTICATION_LIMIT_MS = 90_000;

/** UDP handle of the module's port 3610 and SEC = encrypted or not at all. BP35A1 command reference 3.12. */
const ECHONET_HANDLE = 1;
const ENCRYPTED_ONLY = 1;

interface SessionDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly airtime: AirtimeLimit;
}

/** A session on a SKSTACK module: EVENT lines decide when it is held and when it is over. */
export class SkSession implements Session {
  readonly pan: Pan;
  readonly #address: string;
  readonly #link: SkChannel;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #airtime: AirtimeLimit;
  readonly #state: SessionState;
  readonly #stops: readonly (() => void)[];
  /** The echo is off, and a firmware that keeps it on all the same has not shown: an echo then tells of a restart. */
  #echoTells: boolean;
  /** Joined. What ends before that is an earlier session, of which the module may still be telling. */
  #live: boolean;

  /** @param live false when SKJOIN is still to come: the session then begins with EVENT 25. */
  constructor(link: SkChannel, pan: Pan, address: string, live: boolean, { clock, log, airtime }: SessionDeps) {
    this.pan = pan;
    this.#live = live;
    this.#address = address;
    this.#link = link;
    this.#state = new SessionState(clock);
    this.#clock = clock;
    this.#log = log;
    this.#airtime = airtime;
    this.#echoTells = link.echoes === link.echoesWhenQuiet;
    this.#stops = [
      link.listen((line) => this.#onLine(line)),
      link.onLost((error) => this.#state.end(error)),
      airtime.listen((isOn) => this.#state.hold('airtime', isOn)),
    ];
  }

  ready(signal: AbortSignal): Promise<void> {
    return this.#state.ready(signal);
  }

  /** While the airtime is used up it waits and sends again: neither EVENT 21 nor FAIL says that this was the reason. */
  async send(payload: Uint8Array, signal: AbortSignal): Promise<void> {
    for (;;) {
      const failure = await this.#sendOnce(payload, signal);
      if (!failure) return;
      if (!(await this.#airtime.check(signal)))
        throw failure.code === 'SESSION_LOST' ? this.#state.end(failure) : failure;
      await this.#airtime.over(signal);
    }
  }

  async #sendOnce(payload: Uint8Array, signal: AbortSignal): Promise<BridgeError | undefined> {
    const command = {
      name: 'SKSENDTO',
      handle: ECHONET_HANDLE,
      address: this.#address,
      port: ECHONET_PORT,
      security: ENCRYPTED_ONLY,
      data: payload,
    } as const;
    const answer = await sendPatiently(
      this.#link,
      this.#clock,
      (limits) => this.#link.ask(command, sendOutcome(), limits),
      signal,
    ).catch(async (error: unknown) => {
      if (!signal.aborted) await this.#heedEcho(signal);
      throw error;
    });
    await this.#heedEcho(signal);
    if (!answer.ok) return new BridgeError('SESSION_LOST', `the module refused to send (${failText(answer.failCode)})`);
    return answer.value === 'failed'
      ? new BridgeError('SEND_FAILED', 'the radio could not deliver the request (EVENT 21 parameter 01)')
      : undefined;
  }

  /**
   * A reset brings the echo back and ends the session; but some firmware repeats SKSENDTO although the echo is off. What
   * the module is set to tells: a reset sets it back. @throws BridgeError SESSION_LOST
   */
  async #heedEcho(signal: AbortSignal): Promise<void> {
    if (!this.#echoTells || this.#link.echoes <= this.#link.echoesWhenQuiet) return;
    const limits = { timeoutMs: LINE_LIMIT_MS, signal };
    const info = await this.#link.ask({ name: 'SKINFO' }, dataThenOk('info'), limits);
    if (!info.ok || info.value.channel !== this.pan.channel || info.value.panId !== this.pan.panId)
      throw this.#state.end(new BridgeError('SESSION_LOST', 'the module restarted by itself (its echo is on again)'));
    this.#echoTells = false;
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
    this.#state.end(new BridgeError('SESSION_LOST', 'let go of by us'));
  }

  #expiry(): Expiry | undefined {
    return this.#state.has('reauthentication')
      ? { afterMs: REAUTHENTICATION_LIMIT_MS, act: () => void this.#state.end(notRenewed()) }
      : undefined;
  }

  #onLine(line: SkLine): void {
    if (line.kind === 'rxudp') this.#onDatagram(line);
    else if (line.kind === 'event') this.#onEvent(line);
  }

  #onDatagram(line: RxUdp): void {
    if (line.localPort !== ECHONET_PORT && line.remotePort !== ECHONET_PORT) return; // PANA and MLE: the module's own
    if (line.from !== this.#address || !line.secured) {
      this.#log.debug({ from: line.from, secured: line.secured }, 'datagram of a stranger dropped');
      return;
    }
    this.#state.inbox.put({
      payload: line.payload,
      atMs: this.#clock.now(),
      monotonicMs: this.#clock.monotonicMs(),
      ...(line.lqi === undefined ? {} : { lqi: line.lqi, rssiDbm: rssiDbmOfLqi(line.lqi) }),
    });
  }

  #onEvent(event: SkEvent): void {
    switch (event.number) {
      case eventNumber.renewing:
        return this.#state.hold('reauthentication', true);
      case eventNumber.joined:
        this.#live = true;
        return this.#state.hold('reauthentication', false);
    }
    const end = endings.get(event.number);
    if (end !== undefined && this.#live)
      this.#state.end(new BridgeError('SESSION_LOST', `${end} (EVENT ${event.number.toString(16).toUpperCase()})`));
  }
}

const notRenewed = (): BridgeError =>
  new BridgeError(
    'SESSION_LOST',
    `the module did not renew the session within ${REAUTHENTICATION_LIMIT_MS / 1000} s of EVENT 29`,
  );

const endings: ReadonlyMap<number, string> = new Map([
  [eventNumber.joinFailed, 'the meter refused to renew the session'],
  [eventNumber.peerEnded, 'the meter ended the session'],
  [eventNumber.ended, 'the session was ended'],
  [eventNumber.endTimedOut, 'the session was ended without an answer'],
]);
