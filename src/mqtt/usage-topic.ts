import type { Deadline } from '../kernel/deadlines.ts';
import { CurrentUsage } from '../model/current-usage.ts';
import type { Reading } from '../model/reading.ts';
import type { MeterSettings } from '../model/settings.ts';
import type { Usage } from '../model/usage.ts';
import { usagePayload } from './mqtt-payloads.ts';
import { PacedTopic } from './paced-topic.ts';
import type { RegisterTopicDeps } from './paced-topic.ts';

/** What an automation waits for goes out at once: what is over, a day or half hour that begins, a value that comes or goes. */
const urgentPart = ({ demandNowW, demandForecastW, importTodayKwh, exportTodayKwh, ...rest }: Usage): string => {
  const { atMs: _, ...settled } = rest;
  const there = [demandNowW, demandForecastW, importTodayKwh, exportTodayKwh].map((value) => value !== undefined);
  return JSON.stringify([settled, there]);
};

/** `state/usage`: figures once a minute; what passes its mark is taken back at the mark. */
export class UsageTopic extends PacedTopic {
  readonly #decimals: () => number;
  readonly #mark: Deadline;
  readonly #current: CurrentUsage;

  constructor(settings: Pick<MeterSettings, 'intervalS' | 'energyIntervalS'>, deps: RegisterTopicDeps) {
    super(deps);
    this.#decimals = deps.decimals;
    this.#mark = deps.deadlines.create();
    this.#current = new CurrentUsage(settings, deps.clock);
  }

  /** The meter is asked at another pace: the marks move with it. */
  pace(intervalS: number): void {
    this.#current.pace(intervalS);
    this.update();
  }

  /** The answer that the usage after it rests on. The first of all: the broker may keep what an earlier run told. */
  saw(reading: Reading): void {
    this.#current.saw(reading);
    if (!this.#current.now) this.accept({ atMs: reading.atMs });
  }

  accept(usage: Usage): void {
    this.#current.accept(usage);
    this.update();
  }

  /** What still holds; looks again when the next of it passes its mark. */
  protected state() {
    const ms = this.#current.staleInMs;
    if (ms !== undefined) this.#mark.in(ms, () => this.update());
    const { now } = this.#current;
    return now && { urgent: urgentPart(now), payload: usagePayload(now, this.#decimals()) };
  }
}
