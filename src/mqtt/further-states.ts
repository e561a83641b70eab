import type { Send } from '../broker/broker-connection.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Deadlines } from '../kernel/deadlines.ts';
import type { Prices } from '../model/price.ts';
import type { MeterSettings } from '../model/settings.ts';
import type { BridgeEvent } from '../model/status.ts';
import { ConfigTopic } from './config-topic.ts';
import { MinuteTopic } from './minute-topic.ts';
import type { Topics } from './mqtt-topics.ts';
import { PriceTopic } from './price-topic.ts';
import { UsageTopic } from './usage-topic.ts';

export interface FurtherStatesDeps {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** Called with or without a connection. */
  readonly send: Send;
  readonly prices?: Prices | undefined;
  /** Of the registers. */
  readonly decimals: () => number;
}

/** `state/minute`, `state/usage`, `state/price`, `state/config`: all retained, each with its own pace. */
export class FurtherStates {
  readonly #minute: MinuteTopic;
  readonly #usage: UsageTopic;
  readonly #config: ConfigTopic;
  readonly #price: PriceTopic | undefined;

  constructor(
    meter: Pick<MeterSettings, 'intervalS' | 'energyIntervalS'>,
    topics: Pick<Topics, 'minute' | 'usage' | 'price' | 'config'>,
    { send, prices, ...deps }: FurtherStatesDeps,
  ) {
    const kept = (topic: string) => (payload: string) => send({ topic, payload, qos: 1, retain: true });
    this.#minute = new MinuteTopic(meter, { ...deps, send: kept(topics.minute) });
    this.#usage = new UsageTopic(meter, { ...deps, send: kept(topics.usage) });
    this.#config = new ConfigTopic(meter.intervalS, deps.clock, kept(topics.config));
    this.#price = prices && new PriceTopic(prices, { ...deps, send: kept(topics.price) });
  }

  accept(event: BridgeEvent): void {
    if (event.kind === 'reading') {
      this.#usage.saw(event.reading);
      if (event.reading.minute) this.#minute.accept(event.reading.minute);
    }
    if (event.kind === 'usage') this.#usage.accept(event.usage);
    if (event.kind === 'interval') this.#config.interval(event.intervalS);
    if (event.kind !== 'pace') return;
    this.#usage.pace(event.intervalS);
    this.#minute.pace(event.intervalS);
  }

  /** For a broker that knows nothing or something old. */
  publish(): void {
    this.#minute.publish();
    this.#usage.publish();
    this.#config.publish();
    this.#price?.publish();
  }
}
