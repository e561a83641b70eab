import { Mailbox, untilAborted, within } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { Backoff, MACKEREL_STEPS } from '../kernel/backoff.ts';
import type { BridgeError } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Beat, Deadline } from '../kernel/deadlines.ts';
import type { MackerelSettings } from '../model/settings.ts';
import type { Sink, BridgeEvent } from '../model/status.ts';
import { Deadlines } from '../kernel/deadlines.ts';
import { asksForLess, errorOf, pauseMs, verdictOf } from './mackerel-api.ts';
import type { MackerelPost, PostVerdict } from './mackerel-api.ts';
import { mackerelGraphs, mackerelPrefix, mackerelValues } from './mackerel-metrics.ts';
import { MackerelQueue } from './mackerel-queue.ts';
import type { Sample } from './mackerel-queue.ts';

/** Samples in one request: after an outage they are many. */
const BATCH = 100;
/** Each bridge posts at its own second of the minute, within this. */
const SPREAD_MS = 10_000;
/** Many times what a request may take; one that takes longer is stuck. */
const POST_LIMIT_MS = 300_000;
/** Between two requests that look for the one sample that is refused. */
const SEARCH_MS = 1000;
/** For what is still there at the end. */
const LAST_POST_MS = 1000;

/** A service's metrics, or a host's custom metrics. */
export type MackerelTarget = { readonly service: string } | { readonly hostId: string };

export interface MackerelOptions extends Pick<MackerelSettings, 'metricKeyPrefix' | 'intervalS'> {
  readonly target: MackerelTarget;
  readonly meters: readonly string[];
}

export interface MackerelDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly post: MackerelPost;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  /** Of each loop: whether it goes on is asked from outside. */
  readonly beat?: (loop: 'deadlines' | 'posts') => Beat;
}

/** What became of one request. */
interface Posted {
  readonly verdict: PostVerdict;
  readonly error: BridgeError;
  readonly retryAfterMs?: number | undefined;
  /** Fewer samples at once may be taken. */
  readonly isLess: boolean;
}

interface Period {
  readonly number: number;
  readonly values: Map<string, Sample['values'][number]>;
  readonly end: Deadline;
}

/** Posts to Mackerel by ourselves: of each metric the newest value of each period, in order, as long as Mackerel is away at most a day of it. */
export class MackerelSink implements Sink {
  readonly #options: MackerelOptions;
  readonly #deps: MackerelDeps;
  readonly #deadlines: Deadlines;
  readonly #queue: MackerelQueue;
  readonly #open = new Map<string, Period>();
  readonly #wake = new Mailbox<true>(1);
  readonly #offsetMs: number;
  readonly #backoff: Backoff;
  /** Mackerel knows the graph definitions, or needs none. */
  #hasGraphs: boolean;
  #failing: PostVerdict | undefined;
  /** Samples in the next request: fewer while one among them is refused. */
  #batch = BATCH;

  constructor(options: MackerelOptions, deps: MackerelDeps) {
    const { target } = options;
    this.#options = options;
    this.#deps = deps;
    this.#deadlines = new Deadlines(deps.clock, deps.beat?.('deadlines'));
    this.#queue = new MackerelQueue(deps.clock, options.meters.length);
    this.#backoff = new Backoff(MACKEREL_STEPS, deps.random);
    this.#offsetMs = deps.random() * SPREAD_MS;
    this.#hasGraphs = 'service' in target; // only a host's custom metrics have graph definitions
  }

  /** Samples that wait, and samples given up since the start. */
  get figures(): { readonly queued: number; readonly dropped: number } {
    return { queued: this.#queue.size, dropped: this.#queue.dropped };
  }

  accept(event: BridgeEvent): void {
    if (event.kind !== 'reading') return;
    const { meter, reading } = event;
    const values = mackerelValues(reading);
    if (values.length === 0) return;
    const { intervalS, metricKeyPrefix, meters } = this.#options;
    const periodMs = intervalS * 1000;
    const number = Math.floor(reading.atMs / periodMs);
    if (this.#open.get(meter)?.number !== number) this.#close(meter);
    let period = this.#open.get(meter);
    if (!period) {
      period = { number, values: new Map(), end: this.#deadlines.create() };
      this.#open.set(meter, period);
      period.end.in((number + 1) * periodMs - reading.atMs, () => this.#close(meter));
    }
    for (const [metric, value] of values) {
      const name = `${mackerelPrefix(metricKeyPrefix, meter, meters.length)}.${metric}`;
      period.values.set(name, { name, atMs: reading.atMs, value });
    }
  }

  /** Resolves after `signal` aborts, at most a second later. Rejects only for a defect. */
  async run(signal: AbortSignal): Promise<void> {
    await untilAborted(
      signal,
      (s) => this.#deadlines.run(s),
      (s) => this.#serve(s),
    );
    await this.#postLast();
  }

  #close(meter: string): void {
    const period = this.#open.get(meter);
    if (!period) return;
    this.#open.delete(meter);
    period.end.cancel();
    this.#queue.push({ values: [...period.values.values()] });
    this.#wake.put(true);
  }

  async #serve(signal: AbortSignal): Promise<void> {
    const beat = this.#deps.beat?.('posts');
    const pause = async (ms: number): Promise<void> => {
      beat?.(ms + POST_LIMIT_MS);
      if (ms > 0) await this.#deps.clock.sleep(ms, signal);
    };
    for (;;) {
      beat?.(Infinity);
      await this.#wake.take(signal);
      await pause(this.#offsetMs);
      while (this.#queue.head(1).length > 0) await pause(await this.#step(signal));
    }
  }

  /** One request. @returns how long to wait before the next, ms. */
  async #step(signal: AbortSignal): Promise<number> {
    const samples = this.#hasGraphs ? this.#queue.head(this.#batch) : [];
    const { verdict, error, retryAfterMs, isLess } = await this.#post(samples, signal);
    if (isLess && samples.length > 1) {
      this.#batch = Math.ceil(samples.length / 2);
      return SEARCH_MS;
    }
    if (verdict === 'taken') {
      this.#batch = Math.min(BATCH, this.#batch * 2);
      this.#queue.remove(samples);
    } else if (verdict === 'spoilt') this.#queue.giveUp(samples);
    this.#log(verdict, error);
    const isOver = verdict === 'taken' || verdict === 'spoilt';
    this.#failing = isOver ? undefined : verdict;
    if (!isOver) return pauseMs(verdict, this.#backoff.next(), retryAfterMs);
    this.#backoff.reset();
    this.#hasGraphs = true; // refused: then Mackerel makes its own graphs
    return verdict === 'spoilt' && this.#batch < BATCH ? SEARCH_MS : 0;
  }

  /** Samples, or the graph definitions when there are none. */
  async #post(samples: readonly Sample[], signal: AbortSignal): Promise<Posted> {
    const [path, body] =
      samples.length > 0
        ? [this.#path(), samples.flatMap((sample) => this.#body(sample))]
        : ['/api/v0/graph-defs/create', this.#graphs()];
    try {
      const answer = await this.#deps.post(path, body, signal);
      const { retryAfterMs, status } = answer;
      const error = errorOf(answer, `POST ${path}`);
      return { verdict: verdictOf(answer), error, retryAfterMs, isLess: asksForLess(status) };
    } catch (error) {
      if (signal.aborted || (error as BridgeError).code !== 'MACKEREL_UNREACHABLE') throw error;
      return { verdict: 'down', error: error as BridgeError, isLess: false };
    }
  }

  /** A failure of one kind is logged once, until it is over; what is given up, each time. */
  #log(verdict: PostVerdict, error: BridgeError): void {
    const { log } = this.#deps;
    const { queued, dropped } = this.figures;
    if (verdict === 'spoilt') log.warn({ err: error, dropped }, 'Mackerel does not take these values: given up');
    else if (verdict !== 'taken' && verdict !== this.#failing)
      log.warn({ err: error, queued }, 'cannot post to Mackerel: values wait in memory');
    else if (verdict === 'taken' && this.#failing) log.info({ queued, dropped }, 'Mackerel takes values again');
  }

  /** What is there goes out now, unfinished periods too: Mackerel overwrites a minute that comes again. */
  async #postLast(): Promise<void> {
    for (const meter of this.#open.keys()) this.#close(meter);
    if (this.#failing || !this.#hasGraphs || this.#queue.size === 0) return;
    const late = new Error('time is up');
    const { signal } = new AbortController();
    try {
      await within(
        this.#deps.clock,
        LAST_POST_MS,
        signal,
        async (limit) => void (await this.#step(limit)),
        () => late,
      );
    } catch (error) {
      if (error !== late) throw error;
    }
  }

  #path(): string {
    const { target } = this.#options;
    return 'service' in target ? `/api/v0/services/${encodeURIComponent(target.service)}/tsdb` : '/api/v0/tsdb';
  }

  #body({ values }: Sample): unknown[] {
    const { target } = this.#options;
    return values.map(({ name, atMs, value }) => ({
      ...('service' in target ? { name } : { hostId: target.hostId, name: `custom.${name}` }),
      time: Math.floor(atMs / 1000),
      value: Number(value.toFixed(6)),
    }));
  }

  #graphs(): unknown[] {
    const { meters, metricKeyPrefix } = this.#options;
    return meters
      .flatMap((meter) => Object.entries(mackerelGraphs(mackerelPrefix(metricKeyPrefix, meter, meters.length))))
      .map(([graph, { label, unit, metrics }]) => ({
        name: `custom.${graph}`,
        displayName: label,
        unit,
        metrics: metrics.map(({ name, label: displayName, stacked }) => ({
          name: `custom.${graph}.${name}`,
          displayName,
          isStacked: stacked,
        })),
      }));
  }
}
