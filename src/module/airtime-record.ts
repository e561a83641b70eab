import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import { StateFile } from '../store/state-file.ts';

/** The airtime is counted over an hour and some minutes. What is older says nothing. */
export const AIRTIME_LIMIT_MS = 65 * 60_000;

/** `airtime.json`. */
export interface StoredAirtime {
  /** Wall clock, ISO 8601: since when nothing could be sent. null: there is no limit that we know of. */
  readonly usedUpSince: string | null;
}

export const airtimeMemory = (dir: string | undefined, log: Log): StateFile<StoredAirtime> =>
  new StateFile(dir, 'airtime.json', parseStored, log);

/**
 * What is known of a radio's airtime limit, beyond one opening of its port and beyond a restart of ours: a J11 module that
 * has no session can neither say nor show that it sends nothing.
 */
export class AirtimeRecord {
  readonly #clock: Clock;
  readonly #memory: Pick<StateFile<StoredAirtime>, 'save'> | undefined;
  #sinceMs: number | undefined;
  /** Until when it is believed without a new proof, monotonic ms. */
  untilMs = 0;

  /** @param memory undefined where nothing is kept: a command that runs once. */
  constructor(clock: Clock, memory?: Pick<StateFile<StoredAirtime>, 'save'>) {
    this.#clock = clock;
    this.#memory = memory;
  }

  static async open(clock: Clock, memory: Pick<StateFile<StoredAirtime>, 'load' | 'save'>): Promise<AirtimeRecord> {
    const record = new AirtimeRecord(clock, memory);
    const stored = await memory.load();
    const since = stored?.usedUpSince ?? null;
    if (since === null) return record;
    const agoMs = clock.now() - Date.parse(since);
    // A clock that was set says nothing of how long ago it was: the limit itself will show again.
    if (agoMs >= 0 && agoMs < AIRTIME_LIMIT_MS) record.#sinceMs = clock.monotonicMs() - agoMs;
    return record;
  }

  /** It is used up, as far as we know: within its hour that is likely still so. */
  get isRecent(): boolean {
    return this.#sinceMs !== undefined && this.#clock.monotonicMs() - this.#sinceMs < AIRTIME_LIMIT_MS;
  }

  /** Nothing can be sent, and that is believed for `ms`. */
  usedUp(ms: number): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#sinceMs === undefined) {
      this.#sinceMs = nowMs;
      void this.#memory?.save({ usedUpSince: new Date(this.#clock.now()).toISOString() });
    }
    this.untilMs = nowMs + ms;
  }

  /** Something was sent. */
  free(): void {
    if (this.#sinceMs === undefined) return;
    this.#sinceMs = undefined;
    void this.#memory?.save({ usedUpSince: null });
  }
}

function parseStored(value: unknown): StoredAirtime {
  const { usedUpSince } = value as Record<string, unknown>;
  if (usedUpSince === null) return { usedUpSince };
  const time = typeof usedUpSince === 'string' ? Date.parse(usedUpSince) : Number.NaN;
  if (Number.isNaN(time) || new Date(time).toISOString() !== usedUpSince) throw new TypeError('usedUpSince is no time');
  return { usedUpSince };
}
