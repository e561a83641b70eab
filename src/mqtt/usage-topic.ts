import type { Clock } from '../kernel/clock.ts';
import type { Deadline, Deadlines } from '../kernel/deadlines.ts';
import { marksOf } from '../model/health.ts';
import { measuredIn, registers } from '../model/quantity.ts';
import type { Reading } from '../model/reading.ts';
import type { MeterSettings } from '../model/settings.ts';
import { usageOf } from '../model/usage.ts';
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
  readonly #energyIntervalS: number;
  readonly #deps: UsageTopicDeps;
  readonly #next: Deadline;
  readonly #mark: Deadline;
  #marks: ReturnType<typeof marksOf>;
  #usage: Usage | undefined;
  /** Monotonic ms: of the newest answer, of the newest register; whether that answer told power. */
  #usageAtMs = 0;
  #registersAtMs = -Infinity;
  #hasPower = false;
  #sent: { readonly urgent: string; readonly text: string; readonly atMs: number } | undefined;

  constructor(
    { intervalS, energyIntervalS }: Pick<MeterSettings, 'intervalS' | 'energyIntervalS'>,
    deps: UsageTopicDeps,
  ) {
    this.#energyIntervalS = energyIntervalS;
    this.#deps = deps;
    this.#next = deps.deadlines.create();
    this.#mark = deps.deadlines.create();
    this.#marks = marksOf(intervalS, energyIntervalS);
  }

  /** The meter is asked at another pace: the marks move with it. */
  pace(intervalS: number): void {
    this.#marks = marksOf(intervalS, this.#energyIntervalS);
    this.#update();
  }

  /** The answer that the usage after it rests on. The first of all: the broker may keep what an earlier run told. */
  saw(reading: Reading): void {
    this.#hasPower = reading.powerW !== undefined;
    if (measuredIn(reading, registers).length > 0) this.#registersAtMs = this.#deps.clock.monotonicMs();
    if (!this.#usage) this.accept({ atMs: reading.atMs });
  }

  accept(usage: Usage): void {
    this.#usage = usage;
    this.#usageAtMs = this.#deps.clock.monotonicMs();
    this.#update();
  }

  /** For a broker that knows nothing or something old. Nothing before the first answer. */
  publish(): void {
    const { clock, send, decimals } = this.#deps;
    this.#next.cancel();
    this.#takeBack();
    if (!this.#usage) return;
    const text = usagePayload(this.#usage, decimals());
    this.#sent = { urgent: urgentPart(this.#usage), text, atMs: clock.monotonicMs() };
    send(text);
  }

  #update(): void {
    this.#takeBack();
    const [usage, sent] = [this.#usage, this.#sent];
    if (!usage) return;
    if (sent?.urgent !== urgentPart(usage)) this.publish();
    else if (sent.text !== usagePayload(usage, this.#deps.decimals()) && !this.#next.isSet)
      this.#next.in(sent.atMs + PACE_MS - this.#deps.clock.monotonicMs(), () => this.publish());
  }

  #takeBack(): void {
    if (!this.#usage) return;
    const now = this.#deps.clock.monotonicMs();
    const { demandNowW, demandForecastW, importTodayKwh, exportTodayKwh, ...rest } = this.#usage;
    const { instantMs, energyMs } = this.#marks;
    const wholeMs = this.#usageAtMs + energyMs;
    const demandMs = this.#usageAtMs + (this.#hasPower ? instantMs : energyMs);
    const todayMs = this.#registersAtMs + energyMs;
    const demand = { demandNowW, demandForecastW };
    const today = { importTodayKwh, exportTodayKwh };
    this.#usage =
      now > wholeMs
        ? { atMs: rest.atMs }
        : usageOf({ ...rest, ...(now > demandMs ? {} : demand), ...(now > todayMs ? {} : today) });
    const hasAny = Object.keys(this.#usage).length > 1;
    const ahead = [wholeMs, demandMs, todayMs].filter((ms) => ms >= now);
    if (hasAny && ahead.length > 0) this.#mark.in(Math.min(...ahead) + 1 - now, () => this.#update());
  }
}
