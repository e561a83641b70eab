import { pricesNow } from '../../src/model/price.ts';
import type { Prices } from '../../src/model/price.ts';

/** A clock that was set is noticed so soon. */
const NOTICED_MS = 61_000;

/** The price that is shown is that of our wall clock's half hour. */
export class PriceWatch {
  readonly #prices: Prices;
  #falseSinceMs: number | undefined;

  constructor(prices: Prices) {
    this.#prices = prices;
  }

  /** @returns what is wrong, in words. */
  check(
    shown: Readonly<Record<string, unknown>> | undefined,
    { wallMs, nowMs }: { readonly wallMs: number; readonly nowMs: number },
  ): string | undefined {
    const { buy, sell } = pricesNow(this.#prices, wallMs);
    const isTrue = !shown || (shown['buy'] === buy && shown['sell'] === sell);
    this.#falseSinceMs = isTrue ? undefined : (this.#falseSinceMs ?? nowMs);
    const forMs = nowMs - (this.#falseSinceMs ?? nowMs);
    return forMs > NOTICED_MS ? `price ${JSON.stringify(shown)} is shown instead of ${buy} and ${sell}` : undefined;
  }

  /** The connection is away. */
  forget(): void {
    this.#falseSinceMs = undefined;
  }
}
