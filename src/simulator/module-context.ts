import type { Frame } from '../echonet/frame.ts';
import type { SkLine } from '../skstack/events.ts';
import type { ArmedFaults } from './faults.ts';
import type { ModuleState } from './module/module-state.ts';
import type { ResolvedOptions } from './options.ts';
import type { Random } from './random.ts';
import type { SimMeter } from './meter/sim-meter.ts';
import type { Tasks } from './module/tasks.ts';

/** Where the meter is on the air. */
export interface MeterPlace {
  channel: number;
  panId: number;
  macAddress: string;
  lqi: number;
}

/** What the parts of the simulated module share. */
export interface ModuleContext {
  readonly options: ResolvedOptions;
  readonly state: ModuleState;
  readonly meter: SimMeter;
  readonly place: MeterPlace;
  readonly faults: ArmedFaults;
  readonly random: Random;
  /** What goes on in the module; ends when it loses power. */
  readonly tasks: Tasks;
  /** The module's own link-local address. */
  readonly ownAddress: string;
  /** The meter's clock, ms since 1970. */
  readonly meterNow: () => number;
  /** Sends one line to the host, in the language of the module. */
  readonly emit: (line: SkLine) => void;
  readonly emitEvent: (number: number, from: string, param?: number) => void;
  /** Sends a line that has no form in the client's grammar. */
  readonly emitText: (text: string, end?: '\r\n' | '\r') => void;
  /** The host was given these values. */
  readonly answered: (frame: Frame) => void;
}
