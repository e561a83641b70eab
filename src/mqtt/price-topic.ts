import type { Deadline } from '../kernel/deadlines.ts';
import { nextPriceMs, pricesNow } from '../model/price.ts';
import type { Prices } from '../model/price.ts';
import { pricePayload } from './mqtt-payloads.ts';
import type { TopicDeps } from './paced-topic.ts';

/** A wall clock that was set is noticed so soon. */
const LOOK_MS = 60_000;

/** `state/price`: the prices of now, told anew when one changes. The meter has no part in it. */
export class PriceTopic {
  readonly #prices: Prices;
  readonly #deps: TopicDeps;
  readonly #next: Deadline;
  #told: string | undefined;

  constructor(prices: Prices, deps: TopicDeps) {
    this.#prices = prices;
    this.#deps = deps;
    this.#next = deps.deadlines.create();
  }

  /** For a broker that knows nothing or something old. */
  publish(): void {
    const nowMs = this.#deps.clock.now();
    const now = pricesNow(this.#prices, nowMs);
    this.#told = JSON.stringify(now);
    this.#deps.send(pricePayload(now, nowMs));
    this.#wait(nowMs);
  }

  #wait(nowMs: number): void {
    this.#next.in(Math.min(LOOK_MS, nextPriceMs(nowMs) - nowMs), () => {
      const ms = this.#deps.clock.now();
      if (JSON.stringify(pricesNow(this.#prices, ms)) === this.#told) this.#wait(ms);
      else this.publish();
    });
  }
}
