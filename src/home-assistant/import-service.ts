import { Mailbox, untilAborted } from '../kernel/async.ts';
import { Backoff } from '../kernel/backoff.ts';
import type { BackoffSteps } from '../kernel/backoff.ts';
import { isoJst } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import { Deadlines } from '../kernel/deadlines.ts';
import type { Beat, Deadline } from '../kernel/deadlines.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { ErrorCode } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { ImportMode } from '../model/settings.ts';
import type { BridgeEvent, Sink } from '../model/status.ts';
import { HomeAssistantLink } from './ha-link.ts';
import type { HomeAssistantAccount } from './ha-link.ts';
import { HOUR_MS } from './hour-rows.ts';
import { leftTexts } from './import-plan.ts';
import { OwnStatistics } from './own-statistics.ts';
import type { ImportedMeter, OwnRegister, PlannedImport } from './own-statistics.ts';
import { RecorderApi } from './recorder-api.ts';

/** Home Assistant often starts together with us. */
const FIRST_LOOK_MS = 90_000;
/** After the last half hour read from the meter's memory. */
const QUIET_MS = 120_000;
/** A first reading of a meter's whole memory takes hours, and is not waited for. */
const LONGEST_QUIET_MS = 600_000;
/** Past the full hour, when Home Assistant has made its row; each bridge at its own second. */
const PAST_HOUR_MS = 180_000;
const SPREAD_MS = 360_000;
/** A token heals only by a human, and Home Assistant bans who comes too often with a wrong one. */
const DENIED_MS = 24 * HOUR_MS;
/** Many times what a visit may take. */
const VISIT_LIMIT_MS = 2 * HOUR_MS;
const MOST_TOLD = 1000;

const AWAY_STEPS: BackoffSteps = {
  stepsMs: [60_000, 120_000, 300_000, 900_000, 1_800_000, HOUR_MS],
  least: 0.5,
  spread: 0.5,
};
const EXPECTED: ReadonlySet<ErrorCode> = new Set([
  'HOME_ASSISTANT_UNREACHABLE',
  'HOME_ASSISTANT_DENIED',
  'HOME_ASSISTANT_REFUSED',
  'STATE_UNWRITABLE',
]);

export interface ImportOptions {
  readonly account: HomeAssistantAccount;
  readonly mode: Exclude<ImportMode, 'off'>;
  /** Asked at each visit: they are opened after the service has begun. */
  readonly meters: () => readonly ImportedMeter[];
}

export interface ImportDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  readonly beat?: (loop: 'deadlines' | 'visits') => Beat;
}

/**
 * Fills by itself what Home Assistant missed: looks soon after the start, when a gap has been read from the meter's memory,
 * and once an hour, for Home Assistant may have been away while we were not.
 */
export class ImportService implements Sink {
  readonly #options: ImportOptions;
  readonly #deps: ImportDeps;
  readonly #deadlines: Deadlines;
  readonly #next: Deadline;
  readonly #quiet: Deadline;
  readonly #wake = new Mailbox<true>(1);
  readonly #backoff: Backoff;
  readonly #offsetMs: number;
  #lastQuietMs = -Infinity;
  /** When the first of these half hours came. */
  #burstMs = 0;
  #failing: ErrorCode | undefined;
  /** What was said already of gaps that stay. */
  readonly #told = new Set<string>();

  constructor(options: ImportOptions, deps: ImportDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#deadlines = new Deadlines(deps.clock, deps.beat?.('deadlines'));
    this.#next = this.#deadlines.create();
    this.#quiet = this.#deadlines.create();
    this.#backoff = new Backoff(AWAY_STEPS, deps.random);
    this.#offsetMs = PAST_HOUR_MS + deps.random() * SPREAD_MS;
    this.#in(FIRST_LOOK_MS);
  }

  accept({ kind }: BridgeEvent): void {
    const { clock } = this.#deps;
    const now = clock.monotonicMs();
    if (kind !== 'history' || this.#failing || now - this.#lastQuietMs < HOUR_MS) return;
    if (!this.#quiet.isSet) this.#burstMs = now;
    this.#quiet.in(Math.min(QUIET_MS, this.#burstMs + LONGEST_QUIET_MS - now), () => {
      this.#lastQuietMs = clock.monotonicMs();
      this.#wake.put(true);
    });
  }

  /** Resolves after `signal` aborts. Rejects only for a defect. */
  async run(signal: AbortSignal): Promise<void> {
    await untilAborted(
      signal,
      (s) => this.#deadlines.run(s),
      (s) => this.#serve(s),
    );
  }

  #in(ms: number): void {
    this.#next.in(ms, () => this.#wake.put(true));
  }

  async #serve(signal: AbortSignal): Promise<void> {
    const beat = this.#deps.beat?.('visits');
    for (;;) {
      beat?.(Infinity);
      await this.#wake.take(signal);
      beat?.(VISIT_LIMIT_MS);
      this.#in(await this.#visit(signal));
    }
  }

  /** @returns how long until the next, ms. */
  async #visit(signal: AbortSignal): Promise<number> {
    const { clock, log } = this.#deps;
    try {
      await this.#look(signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof BridgeError) || !EXPECTED.has(error.code)) throw error;
      return this.#failed(error);
    }
    if (this.#failing) log.info('import into Home Assistant’s statistics works again');
    this.#failing = undefined;
    this.#backoff.reset();
    return HOUR_MS - (clock.now() % HOUR_MS) + this.#offsetMs;
  }

  /** Said once until it is over. That Home Assistant is away now and then is nothing to warn of. */
  #failed(error: BridgeError): number {
    const { log } = this.#deps;
    const level = error.code === 'HOME_ASSISTANT_UNREACHABLE' ? 'info' : 'warn';
    if (this.#failing !== error.code) log[level]({ err: error }, 'cannot look for hours that Home Assistant missed');
    this.#failing = error.code;
    return error.code === 'HOME_ASSISTANT_DENIED' ? DENIED_MS : this.#backoff.next();
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    const { account, meters, mode } = this.#options;
    using link = await HomeAssistantLink.open(account, clock, signal);
    const own = new OwnStatistics(new RecorderApi(link), clock, log);
    let failure: unknown;
    for (const register of await own.registers(meters(), signal)) {
      try {
        const planned = await own.planImport(register, false, signal);
        this.#tellLeft(planned);
        if (mode === 'on') await own.carryOut(planned, signal);
        this.#tell(planned);
      } catch (error) {
        if (!(error instanceof BridgeError) || error.code !== 'HOME_ASSISTANT_REFUSED') throw error;
        failure ??= error; // of this statistic alone: the others come first
      }
    }
    if (failure !== undefined) throw failure;
  }

  #tell(planned: PlannedImport): void {
    const { log } = this.#deps;
    const hours = planned.plan.gaps.flatMap((gap) => gap.hours);
    const [first, last] = [hours[0], hours.at(-1)];
    if (!first || !last) return;
    const facts = {
      ...factsOf(planned),
      hours: hours.length,
      from: isoJst(first.startMs),
      to: isoJst(last.startMs + HOUR_MS),
    };
    if (this.#options.mode === 'on') log.info(facts, 'hours that Home Assistant missed are in its statistics now');
    else if (this.#isNew(facts)) log.info(facts, 'dry run: hours that Home Assistant missed would be written');
  }

  #tellLeft(planned: PlannedImport): void {
    for (const { fromMs, toMs, reason } of planned.plan.left) {
      const facts = { ...factsOf(planned), from: isoJst(fromMs), to: isoJst(toMs), reason: leftTexts[reason].en };
      const level = reason === 'unknown' ? 'info' : 'warn'; // they may be read from the meter's memory yet
      if (this.#isNew(facts)) this.#deps.log[level](facts, 'hours that Home Assistant missed are left as they are');
    }
  }

  #isNew(facts: object): boolean {
    const text = JSON.stringify(facts);
    if (this.#told.has(text)) return false;
    if (this.#told.size >= MOST_TOLD) this.#told.clear();
    this.#told.add(text);
    return true;
  }
}

const factsOf = ({ meter, statistic }: OwnRegister): object => ({
  meter: meter.id,
  statistic_id: statistic.statisticId,
  unit: statistic.unit,
});
