import { afterAll } from 'vitest';
import { Bridge } from './bridge.ts';
import type { BridgeOptions } from './bridge.ts';
import { Mosquitto } from './mosquitto.ts';
import type { MosquittoOptions } from './mosquitto.ts';
import { MqttWatcher } from './mqtt-watcher.ts';
import { Program } from './program.ts';
import type { ProgramOptions } from './program.ts';
import { Stick } from './stick.ts';
import type { StickOptions } from './stick.ts';

const households = new Set<Household>();

/** A test that ran out of time still waits in the middle of its own. */
afterAll(async () => {
  for (const household of households) await household[Symbol.asyncDispose]();
});

/** All that one test sets up, taken down in reverse order however the test ends. */
export class Household implements AsyncDisposable {
  readonly #open: AsyncDisposable[] = [];

  constructor() {
    households.add(this);
  }

  keep<T extends AsyncDisposable>(thing: T): T {
    this.#open.push(thing);
    return thing;
  }

  async broker(options?: MosquittoOptions): Promise<Mosquitto> {
    return this.keep(await Mosquitto.start(options));
  }

  async absentBroker(options?: MosquittoOptions): Promise<Mosquitto> {
    return this.keep(await Mosquitto.create(options));
  }

  async stick(options?: StickOptions): Promise<Stick> {
    return this.keep(await Stick.plugged(options));
  }

  async absentStick(options?: StickOptions): Promise<Stick> {
    return this.keep(await Stick.create(options));
  }

  async bridge(options: BridgeOptions): Promise<Bridge> {
    return this.keep(await Bridge.start(options));
  }

  async watch(...args: Parameters<typeof MqttWatcher.open>): Promise<MqttWatcher> {
    const watcher = await MqttWatcher.open(...args);
    this.keep({ [Symbol.asyncDispose]: () => watcher.close() });
    return watcher;
  }

  cli(args: readonly string[], options?: ProgramOptions): Program {
    return this.keep(Program.cli(args, options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    households.delete(this);
    for (const thing of this.#open.splice(0).toReversed()) await thing[Symbol.asyncDispose]();
  }
}
