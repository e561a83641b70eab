import type { Config, MeterConfig } from '../../config/schema.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import type { Asked } from '../ask/ask-bridge.ts';
import type { Credentials, WiSunModule } from '../../module/module.ts';
import type { Wire } from '../../module/wire.ts';

/** What the checks touch of the world, so that tests can break it. */
export interface DoctorWorld {
  readonly clock: Clock;
  readonly log: Log;
  readonly nodeVersion: string;
  readonly wireOf: (meter: MeterConfig) => Promise<Wire>;
  readonly openModule: (wire: Wire, credentials: Credentials, signal: AbortSignal) => Promise<WiSunModule>;
  readonly askBridge: (config: Config, signal: AbortSignal) => Promise<Asked>;
  /** Whether the system keeps its clock by NTP; undefined where that cannot be known. */
  readonly isClockSynchronized: (signal: AbortSignal) => Promise<boolean | undefined>;
}
