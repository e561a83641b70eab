import type { Duplex } from 'node:stream';
import type { MeterConfig } from '../../config/schema.ts';
import type { Pan } from '../../model/pan.ts';
import type { Session, WiSunModule } from '../../module/module.ts';
import type { Wire } from '../../wire/wire.ts';
import type { DoctorWorld } from './world.ts';

/** What the checks of one stick hand on to each other, from the open port to the session. Let go of at the end. */
export class RadioVisit implements AsyncDisposable {
  pans: readonly Pan[] = [];
  session: Session | undefined;
  readonly #meter: MeterConfig;
  readonly #world: DoctorWorld;
  #wire: Wire | undefined;
  #stream: Duplex | undefined;
  #module: WiSunModule | undefined;

  constructor(meter: MeterConfig, world: DoctorWorld) {
    this.#meter = meter;
    this.#world = world;
  }

  /** @returns what was opened. @throws BridgeError PORT_… */
  async openPort(signal: AbortSignal): Promise<string> {
    const wire = await this.#world.wireOf(this.#meter);
    const stream = await wire.open(signal);
    stream.on('error', () => undefined); // pulled out between two checks: the next one says so
    [this.#wire, this.#stream] = [wire, stream];
    return wire.name;
  }

  /** Asks over the port that is open: a serial server takes one client at a time. @throws BridgeError MODULE_… */
  async openModule(signal: AbortSignal): Promise<WiSunModule> {
    const [wire, stream] = [this.#wire, this.#stream];
    if (!wire || !stream) throw new RangeError('the module is asked before the port is open');
    this.#stream = undefined; // the module's from now on
    const held: Wire = {
      name: wire.name,
      family: wire.family,
      open: () => Promise.resolve(stream),
      whenPresent: (inner) => wire.whenPresent(inner),
    };
    const credentials = { routeBId: this.#meter.route_b_id, routeBPassword: this.#meter.route_b_password };
    this.#module = await this.#world.openModule(held, credentials, signal);
    return this.#module;
  }

  get module(): WiSunModule {
    if (!this.#module) throw new RangeError('the radio is asked before the module is open');
    return this.#module;
  }

  /** The session stays on the radio: whoever comes next finds it warm. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.session?.[Symbol.dispose]();
    this.#stream?.destroy();
    await this.#module?.[Symbol.asyncDispose]();
  }
}
