import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import { NOT_AUTHORIZED, reasonText } from './mqtt-failures.ts';
import { Repeats } from './repeats.ts';

/** What the broker refused to take, logged once per topic and reason. MQTT 3.1.1 drops in silence and says nothing. */
export class Refusals {
  readonly #log: Log;
  readonly #repeats: Repeats;

  constructor(clock: Clock, log: Log) {
    this.#log = log;
    this.#repeats = new Repeats(clock, Infinity);
  }

  note(topic: string, code: number): void {
    const reason = reasonText(code);
    if (this.#repeats.due(`${topic} ${code}`) === undefined) return;
    const advice = code === NOT_AUTHORIZED ? { advice: 'allow this user there in the broker’s ACL' } : {};
    this.#log.warn({ topic, reason, ...advice }, 'broker refuses a topic');
  }
}
