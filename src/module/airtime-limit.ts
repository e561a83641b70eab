import { abortable, deferred, scope } from '../kernel/async.ts';
import type { Deferred } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { AIRTIME_LIMIT_MS, AirtimeRecord } from './airtime-record.ts';

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

  /** Hears of each change, and at once of a limit there is. @returns the way to stop. */
  listen(listener: (isOn: boolean) => void): () => void {
    this.#listeners.add(listener);
    if (this.#isOn) listener(true);
    return () => this.#listeners.delete(listener);
  }

  /** The module said so. */
  told(isOn: boolean): void {
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
    const said = await this.#ask?.(signal);
    this.#canSay = said !== undefined;
    if (said !== undefined && (said !== this.#isOn || this.#isGuess)) this.told(said);
    return this.#isOn;
  }

  /** Resolves when sending is worth a try: told so, asked, or after its time. */
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
