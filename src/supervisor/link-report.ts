import type { Clock } from '../kernel/clock.ts';
import { failureOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Pan } from '../model/pan.ts';
import { rssiDbmOfLqi } from '../model/pan.ts';
import type { Activity, BridgeEvent, LinkPhase, LinkStatus, ModuleInfo, RecoveryRung } from '../model/status.ts';
import type { Datagram } from '../module/module.ts';
import { usualProgress } from './usual-times.ts';

/** Link quality and the last success change with every answer; publishing them once a minute is enough. */
const QUALITY_EVERY_MS = 60_000;

type Changes = { -readonly [K in keyof LinkStatus]?: LinkStatus[K] | undefined };

const NO_SIGNAL: Changes = { lqi: undefined, rssiDbm: undefined, signalAtMs: undefined };
const SETTLED: Changes = { error: undefined, rung: undefined, progress: undefined };

/** The published projection of where the supervisor stands. */
export class LinkReport {
  readonly #meter: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #emit: (event: BridgeEvent) => void;
  #status: LinkStatus;
  #publishedMs = 0;
  /** Monotonic ms. */
  #phaseAtMs: number;
  /** What was logged of this outage already. */
  readonly #logged = new Set<string>();
  /** Wall clock ms of the newest beginning of a session: a scan that brought its PAN was just before. */
  #joiningAtMs: number;
  /** No answer since this phase began: the next one is published at once. */
  #entered = true;

  constructor(meter: string, clock: Clock, log: Log, emit: (event: BridgeEvent) => void) {
    this.#meter = meter;
    this.#clock = clock;
    this.#log = log;
    this.#emit = emit;
    this.#joiningAtMs = clock.now();
    this.#phaseAtMs = clock.monotonicMs();
    this.#status = { phase: 'opening', sinceMs: clock.now(), reconnects: 0 };
  }

  get phase(): LinkPhase {
    return this.#status.phase;
  }

  /** Something failed since the last good answer. */
  get isFailing(): boolean {
    return this.#status.error !== undefined;
  }

  enter(phase: LinkPhase, changes: Changes = {}): void {
    this.#entered = true;
    if (phase === 'joining') this.#joiningAtMs = this.#clock.now();
    if (phase !== 'connected' && phase !== 'paused') this.#change(NO_SIGNAL); // it was the session's, and goes with it
    this.#phaseAtMs = this.#clock.monotonicMs();
    this.#change({
      retryAtMs: undefined,
      progress: usualProgress(phase),
      ...changes,
      phase,
      sinceMs: this.#clock.now(),
    });
    this.#publish();
  }

  /** A scan begins: its end is when the phase may be over. */
  scanning(channels: number, scanMs: number): void {
    const afterMs = this.#clock.monotonicMs() - this.#phaseAtMs;
    const scan = { channels, dwellMs: scanMs / channels, afterMs };
    this.#change({ progress: { expectedMs: afterMs + scanMs, scan } });
    this.#publish();
  }

  /** Called once for each failure. A long outage repeats the same ones, so each kind is logged once. */
  failed(error: unknown, retryAtMs: number | undefined): void {
    const failure = failureOf(error);
    if (this.#logged.has(failure.code)) this.#log.debug({ err: error }, 'still failing');
    else this.#log.warn({ err: error, phase: this.phase }, 'link failed');
    this.#logged.add(failure.code);
    this.#change({ error: failure });
    if (retryAtMs !== undefined) this.enter('waiting', { retryAtMs });
  }

  /** A step of recovery: counted, and shown until the next good answer. */
  rung(rung: RecoveryRung): void {
    this.#log.debug({ rung }, 'recovery rung');
    this.#change({ rung });
    this.did({ what: 'rung', rung });
  }

  did(activity: Activity): void {
    this.#emit({ kind: 'activity', meter: this.#meter, activity });
  }

  module(info: ModuleInfo): void {
    this.#change({ module: info });
  }

  /** The meter answered. @param pan of the session: with a signal where this session's own scan or join heard it. */
  success(pan: Pan, { atMs, lqi, rssiDbm }: Datagram): void {
    const heard = lqi ?? pan.lqi;
    const dbm = rssiDbm ?? (heard === undefined ? pan.rssiDbm : rssiDbmOfLqi(heard));
    const isNews = this.#entered || this.#status.error !== undefined;
    this.#entered = false;
    this.#logged.clear();
    const hasOwn = lqi !== undefined || rssiDbm !== undefined;
    const signalAtMs = dbm === undefined ? undefined : hasOwn ? atMs : this.#joiningAtMs;
    this.#change({ lastSuccessMs: atMs, lqi: heard, rssiDbm: dbm, signalAtMs, ...SETTLED });
    if (isNews || this.#clock.monotonicMs() - this.#publishedMs >= QUALITY_EVERY_MS) this.#publish();
  }

  reconnected(): void {
    this.#change({ reconnects: this.#status.reconnects + 1 });
  }

  #change(changes: Changes): void {
    const merged = Object.entries({ ...this.#status, ...changes }).filter(([, value]) => value !== undefined);
    this.#status = Object.fromEntries(merged) as unknown as LinkStatus;
  }

  #publish(): void {
    this.#publishedMs = this.#clock.monotonicMs();
    this.#emit({ kind: 'status', meter: this.#meter, status: this.#status });
  }
}
