import type { ConnectParameters, ConnectRefusal } from './connection-attempt.ts';
import type { Protocol } from './mqtt-client.ts';
import { REASON } from './reason-codes.ts';

/** So many hang-ups in a row put in doubt what worked before. */
const DOUBT_AFTER = 5;

const other = (protocol: Protocol): Protocol => (protocol === 5 ? 4 : 5);

/**
 * Learns how to speak to this broker: MQTT 5 first, 3.1.1 when it refuses that, a weaker will when it cannot keep ours.
 * A broker that merely hangs up may be one that does not know MQTT 5, or one that is just starting behind a proxy:
 * 3.1.1 is tried next, but taken for good only after it worked twice where 5 did not.
 */
export class ProtocolChoice {
  #settled: Protocol | undefined;
  #next: Protocol = 5;
  /** In a row. */
  #hangUps = 0;
  #olderWorked = 0;
  #willRetain = true;
  #willQos: 0 | 1 = 1;

  get current(): ConnectParameters {
    return { protocol: this.#next, willRetain: this.#willRetain, willQos: this.#willQos };
  }

  failed(refusal: ConnectRefusal | undefined): void {
    if (refusal?.kind === 'connack') this.#refused(refusal.code);
    else if (refusal?.kind === 'hang-up') this.#hangUp();
  }

  #hangUp(): void {
    this.#hangUps++;
    if (this.#hangUps >= DOUBT_AFTER) this.#settled = undefined; // the broker may be another one by now
    if (this.#settled === undefined) this.#next = other(this.#next);
  }

  #refused(code: number): void {
    if (code === REASON.protocolRefused) {
      this.#settled = other(this.#next);
      this.#next = this.#settled;
    }
    if (code === REASON.retainRefused) this.#willRetain = false;
    if (code === REASON.qosRefused) this.#willQos = 0;
  }

  /** A connection stood. */
  worked(): void {
    const protocol = this.#next;
    this.#olderWorked = protocol === 4 ? this.#olderWorked + 1 : 0;
    if (protocol === 5 || this.#olderWorked >= 2) this.#settled = protocol;
    if (this.#settled === undefined) this.#next = 5;
    this.#hangUps = 0;
  }
}
