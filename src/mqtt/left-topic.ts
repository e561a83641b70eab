import type { Send } from '../broker/broker-connection.ts';

/** A retained topic that this configuration, or this meter, does not have: the broker may keep what an earlier run told. */
export class LeftTopic {
  readonly #topic: string;
  readonly #send: Send;
  #isGone = false;

  constructor(topic: string, send: Send) {
    this.#topic = topic;
    this.#send = send;
  }

  /** Once per run: at every connection until a broker has answered. */
  forget(): void {
    if (this.#isGone) return;
    this.#send({ topic: this.#topic, payload: '', qos: 1, retain: true }, (outcome) => {
      if (!(outcome instanceof Error)) this.#isGone = true; // a refusal is logged where all are
    });
  }
}
