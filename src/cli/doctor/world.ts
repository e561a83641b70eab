import type { MeterSettings, Settings } from '../../model/settings.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import type { Asked } from '../../app/ask/bridge-status.ts';
import type { Credentials, WiSunModule } from '../../module/module.ts';
import type { Look } from '../../wire/port-holder.ts';
import type { Wire } from '../../wire/wire.ts';

/** What the checks touch of the world, so that tests can break it. */
export interface DoctorWorld {
  readonly clock: Clock;
  readonly log: Log;
  readonly nodeVersion: string;
  readonly wireOf: (meter: MeterSettings) => Promise<Wire>;
  readonly openModule: (wire: Wire, credentials: Credentials, signal: AbortSignal) => Promise<WiSunModule>;
  readonly askBridge: (settings: Settings, signal: AbortSignal) => Promise<Asked>;
  /** Who else has a port: beside us, or beside the bridge with this pid; undefined where nothing can be said. */
  readonly othersOn: (device: string, bridgePid?: number) => Promise<Look | undefined>;
  /** Whether the system keeps its clock by NTP; undefined where that cannot be known. */
  readonly isClockSynchronized: (signal: AbortSignal) => Promise<boolean | undefined>;
}
