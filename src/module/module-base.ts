import { abortable, deferred, Mailbox, scope, together } from '../kernel/async.ts';
import type { Deferred } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Text } from '../kernel/language.ts';
import type { Log } from '../kernel/log.ts';
import type { Pan } from '../model/pan.ts';
import type { ScanRequest } from '../model/scan-plan.ts';
import type { ModuleInfo } from '../model/status.ts';
import { ECHONET_PORT } from '../skstack/commands.ts';
import type { OpenPort } from '../wire/open-port.ts';
import { AirtimeLimit } from './airtime-limit.ts';
import type { AirtimeQuestion } from './airtime-limit.ts';
import type { CommandChannel } from './command-channel.ts';
import type { Credentials, Datagram, Hold, ModuleDeps, Session, WiSunModule } from './module.ts';

type Heard<Event> = Pick<CommandChannel<unknown, Event>, 'listen' | 'onLost'>;

/** What modules of both families have in common. Disposing closes the port. */
export abstract class ModuleBase<Commands extends Disposable & Pick<Heard<unknown>, 'onLost'>> implements WiSunModule {
  readonly info: ModuleInfo;
  readonly airtime: AirtimeLimit;
  protected readonly commands: Commands;
  protected readonly credentials: Credentials;
  protected readonly deps: ModuleDeps;
  readonly #port: OpenPort;

  /** @param askAirtime undefined for a module that never says */
  constructor(
    port: OpenPort,
    commands: Commands,
    info: ModuleInfo,
    credentials: Credentials,
    deps: ModuleDeps,
    askAirtime?: AirtimeQuestion,
  ) {
    this.#port = port;
    this.commands = commands;
    this.info = info;
    this.credentials = credentials;
    this.deps = deps;
    this.airtime = new AirtimeLimit(deps.clock, askAirtime, deps.airtime);
    commands.onLost((error) => this.airtime.fail(error));
  }

  abstract attach(pan: Pan): Promise<Session | undefined>;
  abstract reset(signal: AbortSignal): Promise<void>;
  abstract scan(request: ScanRequest, signal: AbortSignal): Promise<readonly Pan[]>;
  abstract join(pan: Pan, signal: AbortSignal): Promise<Session>;
  abstract terminate(signal: AbortSignal): Promise<void>;

  async [Symbol.asyncDispose](): Promise<void> {
    this.commands[Symbol.dispose]();
    await this.#port[Symbol.asyncDispose]();
  }

  protected get sessionDeps(): SessionDeps {
    return { ...this.deps, airtime: this.airtime };
  }

  /** @returns the session when `authenticate` succeeds; else it is let go of. It listens before the meter can speak. */
  protected async authenticated<S extends Session>(session: S, authenticate: () => Promise<void>): Promise<S> {
    try {
      await authenticate();
      return session;
    } catch (error) {
      session[Symbol.dispose]();
      throw error;
    }
  }
}

/** Between two reads of the inbox a meter sends a few datagrams. More than this is a fault: the oldest is dropped. */
const INBOX_LIMIT = 32;

export interface SessionDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly airtime: AirtimeLimit;
}

/** A new authentication within a session. */
export interface Renewal {
  /** Without it by then the session is lost: the event that ends the hold may have been lost on the wire. */
  readonly limitMs: number;
  readonly late: Text;
}

/** A UDP datagram as a module of either family delivers it. */
interface Arrival extends Pick<Datagram, 'payload' | 'lqi' | 'rssiDbm'> {
  readonly from: string;
  readonly ports: readonly [remote: number, local: number];
  readonly isEncrypted: boolean;
}

/** What sessions of both families have in common: received datagrams, the holds on sending, and the end. */
export abstract class SessionBase<Event> implements Session {
  readonly pan: Pan;
  protected readonly address: string;
  protected readonly clock: Clock;
  protected readonly log: Log;
  protected readonly airtime: AirtimeLimit;
  /** Joined. What ends before that is an earlier session, of which the module may still be telling. */
  protected isLive: boolean;
  protected abstract readonly renewal: Renewal;
  readonly #inbox = new Mailbox<Datagram>(INBOX_LIMIT);
  readonly #over: Deferred<never> = deferred();
  readonly #stops: readonly (() => void)[];
  #holds = new Set<Hold>();
  #change: Deferred<void> = deferred();

  /** @param isLive false when the authentication is still to come */
  constructor(
    commands: Heard<Event>,
    pan: Pan,
    address: string,
    isLive: boolean,
    { clock, log, airtime }: SessionDeps,
  ) {
    this.pan = pan;
    this.address = address;
    this.isLive = isLive;
    this.clock = clock;
    this.log = log;
    this.airtime = airtime;
    this.#stops = [
      commands.listen((event) => this.onEvent(event)),
      commands.onLost((error) => this.end(error)),
      airtime.listen((isOn) => this.hold('airtime', isOn)),
    ];
  }

  abstract send(payload: Uint8Array, signal: AbortSignal): Promise<void>;
  protected abstract onEvent(event: Event): void;

  async ready(signal: AbortSignal): Promise<void> {
    while (this.#holds.size > 0) await abortable(Promise.race([this.#change.promise, this.#over.promise]), signal);
  }

  receive(signal: AbortSignal): Promise<Datagram> {
    return this.#inbox.take(signal);
  }

  watch(onHold: (hold: Hold | undefined) => void, signal: AbortSignal): Promise<void> {
    return together(
      signal,
      (inner) => this.#watchHolds(onHold, inner),
      (inner) => this.airtime.watch(inner),
    );
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops) stop();
    this.end(new BridgeError('SESSION_LOST', { en: 'let go of by us', ja: 'こちらからセッションの使用を終えました' }));
  }

  protected has(hold: Hold): boolean {
    return this.#holds.has(hold);
  }

  protected hold(hold: Hold, on: boolean): void {
    if (this.#holds.has(hold) === on) return;
    this.#holds = new Set(on ? [...this.#holds, hold] : [...this.#holds].filter((other) => other !== hold));
    const changed = this.#change;
    this.#change = deferred();
    changed.resolve();
  }

  /** The session is over; the first reason counts. @returns `error`, for throwing. */
  protected end<E>(error: E): E {
    this.#over.reject(error);
    this.#inbox.fail(error);
    return error;
  }

  protected lost(how: Text): void {
    if (this.isLive) this.end(new BridgeError('SESSION_LOST', how));
  }

  /** @returns whether it is our meter's, and for us: PANA and MLE are the module's own. */
  protected accept({ from, ports, isEncrypted, ...datagram }: Arrival): boolean {
    if (!ports.includes(ECHONET_PORT)) return false;
    if (from !== this.address || !isEncrypted) {
      this.log.debug({ from, encrypted: isEncrypted }, 'datagram of a stranger dropped');
      return false;
    }
    this.#inbox.put({ ...datagram, atMs: this.clock.now(), monotonicMs: this.clock.monotonicMs() });
    return true;
  }

  async #watchHolds(onHold: (hold: Hold | undefined) => void, signal: AbortSignal): Promise<void> {
    for (;;) {
      const change = this.#change.promise;
      const [hold] = this.#holds;
      onHold(hold);
      await this.#next(change, signal);
    }
  }

  async #next(change: Promise<void>, signal: AbortSignal): Promise<void> {
    const next = Promise.race([change, this.#over.promise]);
    if (!this.has('reauthentication')) return await abortable(next, signal);
    using timer = scope(signal);
    const { limitMs, late } = this.renewal;
    const expired = this.clock.sleep(limitMs, timer.signal).then(
      () => void this.end(new BridgeError('SESSION_LOST', late)),
      () => undefined,
    );
    try {
      return await abortable(next, signal);
    } finally {
      timer.abort();
      await expired;
    }
  }
}
