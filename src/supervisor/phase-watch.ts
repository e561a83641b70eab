import type { Clock } from '../kernel/clock.ts';
import { exceeds } from '../kernel/errors.ts';
import type { Beat } from '../kernel/deadlines.ts';
import type { MeterSettings } from '../model/settings.ts';
import type { Sink, BridgeEvent, LinkStatus } from '../model/status.ts';

const MINUTE_MS = 60_000;

/**
 * How long a supervisor may say nothing at all in a phase, ms: several times what the slowest known stick, scan or meter
 * takes, for whoever is late here is restarted. Each scan, join, answer and new phase is heard.
 */
export function silenceLimitMs({ phase, error, retryAtMs }: LinkStatus, intervalMs: number, nowMs: number): number {
  switch (phase) {
    case 'opening':
      return 10 * MINUTE_MS; // a driver that hangs, an adapter of several modules, a J11 that is busy
    case 'scanning':
      return 20 * MINUTE_MS; // a whole scan is minutes, and is repeated once before it is told
    case 'joining':
      return 15 * MINUTE_MS; // also the first answer of a warm session, three times `reply_timeout_s`
    case 'connected':
      return 4 * intervalMs + 15 * MINUTE_MS; // three requests may be lost first
    case 'paused':
      return 120 * MINUTE_MS; // the airtime limit counts an hour
    case 'waiting':
      if (mayWaitForPort(error)) return Infinity; // a stick may be absent for days
      return Math.max(0, (retryAtMs ?? nowMs) - nowMs) + 15 * MINUTE_MS; // `on_stuck_command` comes first
    case 'stopped':
      return Infinity;
  }
}

const mayWaitForPort = (error: LinkStatus['error']): boolean =>
  error !== undefined && error.code !== 'DEFECT' && exceeds(error, 'rejoin');

/** Hears one meter's supervisor, and passes on that it goes on. */
export class PhaseWatch implements Sink {
  readonly #meter: string;
  #intervalMs: number;
  readonly #clock: Clock;
  readonly #beat: Beat;
  #status: LinkStatus;

  constructor({ id, intervalS }: Pick<MeterSettings, 'id' | 'intervalS'>, clock: Clock, beat: Beat) {
    this.#meter = id;
    this.#intervalMs = intervalS * 1000;
    this.#clock = clock;
    this.#beat = beat;
    this.#status = { phase: 'opening', sinceMs: clock.now(), reconnects: 0 };
    this.#report();
  }

  accept(event: BridgeEvent): void {
    if (event.meter !== this.#meter) return;
    if (event.kind === 'status') this.#status = event.status;
    if (event.kind === 'interval') this.#intervalMs = event.intervalS * 1000;
    this.#report();
  }

  #report(): void {
    this.#beat(silenceLimitMs(this.#status, this.#intervalMs, this.#clock.now()));
  }
}
