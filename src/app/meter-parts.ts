import { HalfHourArchive } from '../archive/half-hour-archive.ts';
import type { MonthStore } from '../archive/archive-folder.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { MeterSettings } from '../model/settings.ts';
import type { BridgeEvent } from '../model/status.ts';
import { meterMemory, panMemory } from '../meter/meter-memory.ts';
import { MeterReader } from '../meter/meter-reader.ts';
import { AirtimeRecord, airtimeMemory } from '../module/airtime-limit.ts';
import type { WiSunModule } from '../module/module.ts';
import { openModule } from '../module/open-module.ts';
import type { Wire } from '../wire/wire.ts';
import { stuckCommand } from '../supervisor/stuck-command.ts';
import { Supervisor } from '../supervisor/supervisor.ts';

/** What holds the session with one meter and reads it: for the service, and for commands that read once. */
export interface MeterParts {
  readonly reader: MeterReader;
  readonly archive: HalfHourArchive;
  readonly supervisor: Supervisor;
}

export interface MeterPartsDeps {
  readonly clock: Clock;
  /** Names the meter. */
  readonly log: Log;
  readonly wireOf: (meter: MeterSettings) => Promise<Wire>;
  readonly emit: (event: BridgeEvent) => void;
  /** What the archive of half hours lies on, where it is not the meter's folder in `state_dir`. */
  readonly months?: MonthStore;
  /** How many times faster than ours the house's time passes: 1, but in a demo. */
  readonly housePace?: number;
  /** Puts something between the supervisor and the module. */
  readonly wrap?: ((module: WiSunModule) => WiSunModule) | undefined;
  /** Hears why the port or the module could not be opened, before it is tried again. */
  readonly onUnopened?: (error: unknown) => void;
}

/** Opens nothing yet but the memory: the port is the supervisor's. */
export async function openMeterParts(meter: MeterSettings, deps: MeterPartsDeps): Promise<MeterParts> {
  const { clock, log, emit, onUnopened, wrap = (module) => module } = deps;
  const { id, stateDir, onStuckCommand: argv } = meter;
  const archive = deps.months ? await HalfHourArchive.on(deps.months, log) : await HalfHourArchive.open(stateDir, log);
  const memory = meterMemory(stateDir, log);
  const reader = await MeterReader.open(meter, { clock, log, emit, archive, memory, housePace: deps.housePace ?? 1 });
  const airtime = await AirtimeRecord.open(clock, airtimeMemory(stateDir, log));
  const wire = await deps.wireOf(meter);
  const supervisor = new Supervisor({
    meter: id,
    clock,
    log,
    random: Math.random,
    openModule: async (signal) => {
      try {
        return wrap(await openModule(wire, meter, { clock, log, airtime }, signal));
      } catch (error) {
        onUnopened?.(error);
        throw error;
      }
    },
    whenPresent: (signal) => wire.whenPresent(signal),
    reader,
    pans: panMemory(stateDir, log),
    emit,
    ...(argv && { onStuck: stuckCommand(argv, meter, clock, log) }),
  });
  return { reader, archive, supervisor };
}
