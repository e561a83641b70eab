import type { Clock } from '../kernel/clock.ts';
import { configPayload } from './mqtt-payloads.ts';

/** `state/config`: what can be changed by command, as it is in force. */
export class ConfigTopic {
  readonly #clock: Clock;
  readonly #send: (payload: string) => void;
  #config: Parameters<typeof configPayload>[0];

  constructor(intervalS: number, clock: Clock, send: (payload: string) => void) {
    this.#clock = clock;
    this.#send = send;
    this.#config = { intervalS, sinceMs: clock.now() };
  }

  interval(intervalS: number): void {
    this.#config = { intervalS, sinceMs: this.#clock.now() };
    this.publish();
  }

  publish(): void {
    this.#send(configPayload(this.#config));
  }
}
