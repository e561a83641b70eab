import { abortable, deferred, scope } from '../kernel/async.ts';
import type { Deferred } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import { StateFile } from '../store/state-file.ts';

/** The airtime is counted over an hour and some minutes. What is older says nothing. */
export const AIRTIME_LIMIT_MS = 65 * 60_000;
/** How often the module is asked while it lasts. */
const ASK_EVERY_MS = 60_000;
/** What a module only shows by its behaviour is put to the proof so often: by one join, or one request. */
const PROOF_EVERY_MS = 5 * 60_000;

/** The module's own word on whether sending is blocked; undefined where it has none. */
export type AirtimeQuestion = (signal: AbortSignal) => Promise<boolean | undefined>;

/**
 * The legal limit of airtime (ARIB STD-T108: 360 s an hour), which the module enforces by sending nothing. It belongs to
 * the radio: it outlives sessions, and a restart of ours. While it lasts no join and no scan can succeed.
 */
export class AirtimeLimit {
  readonly #clock: Clock;
  readonly #ask: AirtimeQuestion | undefined;
  readonly #listeners = new Set<(isOn: boolean) => void>();
  #change: Deferred<void> = deferred();
  #isOn = false;
  /** Only behaviour tells of it. */
  #isGuess = false;
  readonly #record: AirtimeRecord;
  #canSay: boolean;
  /** Something was sent since it was asked last. */
  #isProved = false;
  #lost: { readonly error: unknown } | undefined;

  /**
   * @param ask undefined for a module that never says
   * @param record what was known before the port was opened; by default nothing
   */
  constructor(clock: Clock, ask?: AirtimeQuestion, record = new AirtimeRecord(clock)) {
    this.#clock = clock;
    this.#record = record;
    // Another opening of the port, or another run of ours, knew of it: that is a guess until the module says or shows it.
    this.#isGuess = record.isRecent;
    this.#isOn = record.isRecent && clock.monotonicMs() < record.untilMs;
    this.#ask = ask;
    this.#canSay = ask !== undefined;
  }

  /** Nothing has confirmed it yet, or can: a try is how to find out. */
  get isGuess(): boolean {
    return this.#isGuess;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** Called at each change, and at once for a limit there is. @returns the way to stop. */
  listen(listener: (isOn: boolean) => void): () => void {
    this.#listeners.add(listener);
    if (this.#isOn) listener(true);
    return () => this.#listeners.delete(listener);
  }

  /** The module reports it by itself, or when asked. */
  report(isOn: boolean): void {
    if (isOn) this.#believe(AIRTIME_LIMIT_MS, false);
    else this.#over();
  }

  /** It did not send what it was given. */
  unsent(): void {
    this.#isProved = false;
  }

  /** It behaves so: it sends nothing. What can be asked is asked, not guessed. */
  shown(): void {
    if (!this.#canSay && (!this.#isOn || this.#isGuess)) this.#believe(PROOF_EVERY_MS, true);
  }

  /** It sent something. */
  sent(): void {
    this.#isProved = true;
    if (this.#isGuess) this.#over();
  }

  /** A try after a time failed: within the hour that is the limit still. */
  tryFailed(): void {
    if (this.#isGuess && this.#record.isRecent) this.shown();
  }

  /** Somebody wants a try now: what is only a guess is let go, and who can say is asked. */
  insist(): void {
    if (this.#isGuess) this.#set(false);
    this.#changed();
  }

  /** The module is gone: nobody waits for it. */
  fail(error: unknown): void {
    this.#lost = { error };
    this.#changed();
  }

  /** Asks, unless something was sent since it was asked last. @returns whether nothing can be sent. @throws what the module was lost by */
  async check(signal: AbortSignal): Promise<boolean> {
    if (this.#lost) throw this.#lost.error;
    if (this.#isOn && this.#clock.monotonicMs() >= this.#record.untilMs) {
      this.#set(false); // one try
      return false;
    }
    const isProved = this.#isProved;
    this.#isProved = false;
    if (isProved && !this.#isOn) return false;
    const answer = await this.#ask?.(signal);
    this.#canSay = answer !== undefined;
    if (answer !== undefined && (answer !== this.#isOn || this.#isGuess)) this.report(answer);
    return this.#isOn;
  }

  /** Resolves when sending is worth a try: on the module's report, on asking, or after its time. */
  async over(signal: AbortSignal): Promise<void> {
    while (this.#isOn) {
      using pause = scope(signal);
      const leftMs = Math.max(0, this.#record.untilMs - this.#clock.monotonicMs());
      const later = this.#clock.sleep(Math.min(ASK_EVERY_MS, leftMs), pause.signal).catch(() => undefined);
      try {
        await abortable(Promise.race([later, this.#change.promise]), signal);
      } finally {
        pause.abort();
        await later;
      }
      if (this.#isOn) await this.check(signal);
    }
  }

  /** Sees to it, until the signal aborts, that a limit comes to its end. */
  async watch(signal: AbortSignal): Promise<never> {
    for (;;) {
      if (this.#isOn) await this.over(signal);
      else await abortable(this.#change.promise, signal);
    }
  }

  #believe(ms: number, isGuess: boolean): void {
    this.#record.usedUp(ms);
    this.#isGuess = isGuess;
    this.#set(true);
  }

  #over(): void {
    this.#record.free();
    this.#isGuess = false;
    this.#set(false);
  }

  #set(isOn: boolean): void {
    if (this.#isOn === isOn) return;
    this.#isOn = isOn;
    for (const listener of this.#listeners) listener(isOn);
    this.#changed();
  }

  #changed(): void {
    const { resolve } = this.#change;
    this.#change = deferred();
    resolve();
  }
}

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
