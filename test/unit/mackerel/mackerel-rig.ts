import { Redactor } from '../../../src/kernel/redactor.ts';
import type { Reading } from '../../../src/model/reading.ts';
import { mackerelPost } from '../../../src/mackerel/mackerel-api.ts';
import { MackerelSink } from '../../../src/mackerel/mackerel-sink.ts';
import type { MackerelOptions } from '../../../src/mackerel/mackerel-sink.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeMackerel } from '../../support/fake-mackerel.ts';
import { logLines } from '../../support/log-lines.ts';
import type { LogLine } from '../../support/log-lines.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

export const MINUTE = 60_000;
export const API_KEY = 'c4n4ry+Key/of=Mackerel';

/** A sink that runs on virtual time against a real server. */
export class MackerelRig implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly api: FakeMackerel;
  readonly sink: MackerelSink;
  readonly lines: LogLine[];
  readonly startMs: number;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  static async start(options: Partial<MackerelOptions> = {}): Promise<MackerelRig> {
    return new MackerelRig(await FakeMackerel.start(), options);
  }

  private constructor(api: FakeMackerel, options: Partial<MackerelOptions>) {
    const redactor = new Redactor();
    redactor.add(API_KEY);
    const { log, lines } = logLines(redactor);
    const { clock } = this;
    const post = mackerelPost({ apiUrl: api.url, apiKey: API_KEY, version: '1.2.3' }, clock);
    this.api = api;
    this.lines = lines;
    this.startMs = clock.now();
    this.sink = new MackerelSink(
      { target: { service: 'home' }, meters: ['home'], metricKeyPrefix: 'smartmeter', intervalS: 60, ...options },
      { clock, log, post, random: () => 0 },
    );
    this.#ended = this.sink.run(this.#stop.signal);
  }

  /** Readings of power at these times, ms after the start, which is a full minute. */
  power(...readings: readonly (readonly [ms: number, watts: number])[]): void {
    for (const [ms, powerW] of readings) this.reading(ms, { powerW });
  }

  reading(ms: number, values: Omit<Reading, 'atMs'>, meter = 'home'): void {
    this.sink.accept({ kind: 'reading', meter, reading: { atMs: this.startMs + ms, ...values } });
  }

  /** Time as Mackerel is told it. */
  second(ms: number): number {
    return (this.startMs + ms) / 1000;
  }

  /** Real time passes, virtual time stands still: the network's turn. */
  async posts(count: number): Promise<void> {
    await this.clock.settle();
    await eventually(() => this.api.posts.length >= count, `${count} posts`);
  }

  async queued(count: number): Promise<void> {
    await eventually(() => this.sink.figures.queued === count, `${count} in the queue`);
    await this.clock.settle();
  }

  /** Waits until the log has this message. */
  told(message: string): Promise<LogLine> {
    return eventually(() => this.lines.find(({ msg }) => msg === message), message);
  }

  end(): Promise<void> {
    this.#stop.abort();
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.api.down();
    await this.#ended;
  }
}
