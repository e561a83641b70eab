import type { Clock } from '../kernel/clock.ts';
import type { Prices } from '../model/price.ts';
import type { MeterSettings } from '../model/settings.ts';
import type { BridgeEvent } from '../model/status.ts';
import { LeftTopic } from './left-topic.ts';
import { MinuteTopic } from './minute-topic.ts';
import { configPayload } from './mqtt-payloads.ts';
import type { Topics } from './mqtt-topics.ts';
import type { RegisterTopicDeps, StateDeps } from './paced-topic.ts';
import { PriceTopic } from './price-topic.ts';
import { UsageTopic } from './usage-topic.ts';

export interface FurtherStatesDeps extends StateDeps, Pick<RegisterTopicDeps, 'decimals'> {
  readonly prices?: Prices | undefined;
}

/** `state/minute`, `state/usage`, `state/price`, `state/config`: all retained, each with its own pace. */
export class FurtherStates {
  readonly #clock: Clock;
  readonly #minute: MinuteTopic;
  readonly #usage: UsageTopic;
  readonly #price: PriceTopic | undefined;
  readonly #left: { readonly minute: LeftTopic; readonly price: LeftTopic };
  /** What can be changed by command, as it is in force. */
  #config: string;
  readonly #sendConfig: (payload: string) => void;

  constructor(
    meter: Pick<MeterSettings, 'intervalS' | 'energyIntervalS'>,
    topics: Pick<Topics, 'minute' | 'usage' | 'price' | 'config'>,
    { send, prices, ...deps }: FurtherStatesDeps,
  ) {
    const kept = (topic: string) => (payload: string) => send({ topic, payload, qos: 1, retain: true });
    this.#clock = deps.clock;
    this.#minute = new MinuteTopic(meter, { ...deps, send: kept(topics.minute) });
    this.#usage = new UsageTopic(meter, { ...deps, send: kept(topics.usage) });
    this.#price = prices && new PriceTopic(prices, { ...deps, send: kept(topics.price) });
    this.#left = { minute: new LeftTopic(topics.minute, send), price: new LeftTopic(topics.price, send) };
    this.#config = configPayload(meter.intervalS, deps.clock.now());
    this.#sendConfig = kept(topics.config);
  }

  accept(event: BridgeEvent): void {
    if (event.kind === 'reading') {
      this.#usage.saw(event.reading);
      if (event.reading.minute) this.#minute.accept(event.reading.minute);
      else this.#minute.begin();
    }
    if (event.kind === 'profile') {
      this.#minute.learn(event.profile);
      this.forget();
    }
    if (event.kind === 'usage') this.#usage.accept(event.usage);
    if (event.kind === 'interval') {
      this.#config = configPayload(event.intervalS, this.#clock.now());
      this.#sendConfig(this.#config);
    }
    if (event.kind !== 'pace') return;
    this.#usage.pace(event.intervalS);
    this.#minute.pace(event.intervalS);
  }

  /** For a broker that knows nothing or something old. */
  publish(): void {
    this.#minute.publish();
    this.#usage.publish();
    this.#sendConfig(this.#config);
    this.#price?.publish();
  }

  /** What an earlier run may have told where this one has nothing to tell. */
  forget(): void {
    if (!this.#price) this.#left.price.forget();
    if (this.#minute.isAbsent) this.#left.minute.forget();
  }
}
