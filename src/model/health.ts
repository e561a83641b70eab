import type { Clock } from '../kernel/clock.ts';
import type { BridgeError } from '../kernel/errors.ts';
import { hasMeasured } from './reading.ts';
import type { Reading } from './reading.ts';
import type { BridgeEvent, LinkPhase } from './status.ts';

export interface Health {
  /** The newest good answer is young enough to be shown as current. */
  readonly fresh: boolean;
  /** The meter is there: a session stands (or is held by the airtime limit), and its newest answer is current. */
  readonly connected: boolean;
  /** The mark: an answer older than this, ms, is stale. */
  readonly staleAfterMs: number;
  /** A short reason when not fresh. */
  readonly reason: string | undefined;
}

/** How one meter stands on its broker. */
export interface BrokerHealth {
  /** Connected, and the readings flow. */
  readonly ok: boolean;
  /** In words, in the language asked for. */
  readonly detail: string;
  /** Why there is no connection. */
  readonly error: BridgeError | undefined;
  readonly connected: boolean;
  /** The broker's address, without credentials. */
  readonly broker: string;
  /** Readings the broker has not acknowledged yet. */
  readonly queued: number;
  /** Readings given up since the start: the outbox was full, they were too old, or the broker can never take them. */
  readonly dropped: number;
  /** Why the broker takes no readings although it is connected; its hint says what to do. */
  readonly held: BridgeError | undefined;
  /** Why Home Assistant is told of no device although there is a connection. */
  readonly unannounced: BridgeError | undefined;
}

/** When a value is no longer current, ms: three questions at the pace really used, and 5 s. */
export const markMs = (intervalS: number): number => 3 * intervalS * 1000 + 5000;

/** The marks of the two kinds of values. @param intervalS the effective one. */
export const marksOf = (
  intervalS: number,
  energyIntervalS: number,
): { readonly instantMs: number; readonly energyMs: number } => ({
  instantMs: markMs(intervalS),
  energyMs: markMs(Math.max(intervalS, energyIntervalS)),
});

/**
 * The one function that decides health, from the age of the last good answer and the phase of the link.
 * @param ageMs monotonic age of the newest good answer; undefined before the first.
 * @param intervalS the effective interval.
 */
export function healthOf(ageMs: number | undefined, phase: LinkPhase, intervalS: number): Health {
  const staleAfterMs = markMs(intervalS);
  const not = { fresh: false, connected: false, staleAfterMs };
  if (ageMs === undefined) return { ...not, reason: `no reading yet (${phase})` };
  if (ageMs > staleAfterMs) return { ...not, reason: `last reading is ${Math.round(ageMs / 1000)} s old (${phase})` };
  const connected = phase === 'connected' || phase === 'paused';
  return { fresh: true, connected, staleAfterMs, reason: undefined };
}

/** Anything the meter measured, or its own fault status. */
const isGood = (reading: Reading): boolean => hasMeasured(reading) || reading.fault !== undefined;

/** Follows what is told of one meter and says how it is. Whoever shows health asks one of these: same events, same answer. */
export class MeterHealth {
  readonly #clock: Clock;
  #intervalS: number;
  #phase: LinkPhase = 'opening';
  /** When the newest good answer came, by both clocks. */
  #good: { readonly wallMs: number; readonly atMs: number } | undefined;

  /** @param intervalS the configured interval, until the pace really used is told. */
  constructor(intervalS: number, clock: Clock) {
    this.#intervalS = intervalS;
    this.#clock = clock;
  }

  accept(event: BridgeEvent): void {
    if (event.kind === 'status') this.#phase = event.status.phase;
    if (event.kind === 'pace') this.#intervalS = event.intervalS;
    if (event.kind === 'reading' && isGood(event.reading))
      this.#good = { wallMs: event.reading.atMs, atMs: this.#clock.monotonicMs() };
  }

  /** The effective interval, s: how often the meter is really asked. */
  get intervalS(): number {
    return this.#intervalS;
  }

  /** Monotonic age of the newest good answer, ms; undefined before the first. */
  get ageMs(): number | undefined {
    return this.#good && this.#clock.monotonicMs() - this.#good.atMs;
  }

  /** Wall clock ms of the newest good answer; undefined before the first. */
  get goodAtMs(): number | undefined {
    return this.#good?.wallMs;
  }

  get now(): Health {
    return healthOf(this.ageMs, this.#phase, this.#intervalS);
  }

  /** Until the newest answer has passed its mark, ms; undefined when it has, or there is none. */
  get staleInMs(): number | undefined {
    const { fresh, staleAfterMs } = this.now;
    return fresh ? staleAfterMs + 1 - (this.ageMs ?? 0) : undefined;
  }
}
