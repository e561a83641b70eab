import type { Clock } from '../kernel/clock.ts';
import type { Deadline, Deadlines } from '../kernel/deadlines.ts';
import { CurrentUsage } from '../model/current-usage.ts';
import type { Reading } from '../model/reading.ts';
import type { MeterSettings } from '../model/settings.ts';
import type { Usage } from '../model/usage.ts';
import { usagePayload } from './mqtt-payloads.ts';

/** The average of the running half hour changes at every answer; Home Assistant's database need not. */
const PACE_MS = 60_000;

export interface UsageTopicDeps {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** Called with or without a connection. */
  readonly send: (payload: string) => void;
  /** Of the registers. */
  readonly decimals: () => number;
}

/** What an automation waits for goes out at once: what is over, a day or half hour that begins, a value that comes or goes. */
const urgentPart = ({ demandNowW, demandForecastW, importTodayKwh, exportTodayKwh, ...rest }: Usage): string => {
  const { atMs: _, ...settled } = rest;
  const there = [demandNowW, demandForecastW, importTodayKwh, exportTodayKwh].map((value) => value !== undefined);
  return JSON.stringify([settled, there]);
};

/** `state/usage`: figures once a minute; what passes its mark is taken back at the mark. */
export class UsageTopic {
  readonly #deps: UsageTopicDeps;
  readonly #next: Deadline;
  readonly #mark: Deadline;
  readonly #current: CurrentUsage;
  #sent: { readonly urgent: string; readonly text: string; readonly atMs: number } | undefined;

  constructor(settings: Pick<MeterSettings, 'intervalS' | 'energyIntervalS'>, deps: UsageTopicDeps) {
    this.#deps = deps;
    this.#next = deps.deadlines.create();
    this.#mark = deps.deadlines.create();
    this.#current = new CurrentUsage(settings, deps.clock);
  }

  /** The meter is asked at another pace: the marks move with it. */
  pace(intervalS: number): void {
    this.#current.pace(intervalS);
    this.#update();
  }

  /** The answer that the usage after it rests on. The first of all: the broker may keep what an earlier run told. */
  saw(reading: Reading): void {
    this.#current.saw(reading);
    if (!this.#current.now) this.accept({ atMs: reading.atMs });
  }

  accept(usage: Usage): void {
    this.#current.accept(usage);
    this.#update();
  }

  /** For a broker that knows nothing or something old. Nothing before the first answer. */
  publish(): void {
    const { clock, send, decimals } = this.#deps;
    this.#next.cancel();
    const usage = this.#taken();
    if (!usage) return;
    const text = usagePayload(usage, decimals());
    this.#sent = { urgent: urgentPart(usage), text, atMs: clock.monotonicMs() };
    send(text);
  }

  #update(): void {
    const usage = this.#taken();
    const sent = this.#sent;
    if (!usage) return;
    if (sent?.urgent !== urgentPart(usage)) this.publish();
    else if (sent.text !== usagePayload(usage, this.#deps.decimals()) && !this.#next.isSet)
      this.#next.in(sent.atMs + PACE_MS - this.#deps.clock.monotonicMs(), () => this.publish());
  }

  /** What still holds; looks again when the next of it passes its mark. */
  #taken(): Usage | undefined {
    const ms = this.#current.staleInMs;
    if (ms !== undefined) this.#mark.in(ms, () => this.#update());
    return this.#current.now;
  }
}
