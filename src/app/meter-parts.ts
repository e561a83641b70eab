import type { MeterConfig } from '../config/schema.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { BridgeEvent } from '../model/status.ts';
import { meterMemory } from '../meter/meter-memory.ts';
import { MeterReader } from '../meter/meter-reader.ts';
import { AirtimeRecord, airtimeMemory } from '../module/airtime-record.ts';
import type { WiSunModule } from '../module/module.ts';
import { openModule } from '../module/open-module.ts';
import type { Wire } from '../wire/wire.ts';
import { panMemory } from '../supervisor/pan-memory.ts';
import { stuckCommand } from '../supervisor/stuck-command.ts';
import { Supervisor } from '../supervisor/supervisor.ts';

/** What holds the session with one meter and reads it: for the service, and for commands that read once. */
export interface MeterParts {
  readonly reader: MeterReader;
  readonly supervisor: Supervisor;
}

export interface MeterPartsDeps {
  readonly clock: Clock;
  /** Names the meter. */
  readonly log: Log;
  readonly wireOf: (meter: MeterConfig) => Promise<Wire>;
  /** The meter's own folder; undefined without `state_dir`. */
  readonly stateDir: string | undefined;
  readonly emit: (event: BridgeEvent) => void;
  /** Puts something between the supervisor and the module. */
  readonly wrap?: (module: WiSunModule) => WiSunModule;
  /** Hears why the port or the module could not be opened, before it is tried again. */
  readonly onUnopened?: (error: unknown) => void;
}

/** Opens nothing yet but the memory: the port is the supervisor's. */
export async function openMeterParts(meter: MeterConfig, deps: MeterPartsDeps): Promise<MeterParts> {
  const { clock, log, stateDir, emit, onUnopened, wrap = (module) => module } = deps;
  const options = {
    meter: meter.id,
    intervalMs: meter.interval_s * 1000,
    energyIntervalMs: meter.energy_interval_s * 1000,
    ...(meter.reply_timeout_s === undefined ? {} : { replyTimeoutMs: meter.reply_timeout_s * 1000 }),
    ...(meter.contract_ampere === undefined ? {} : { contractAmpere: meter.contract_ampere }),
  };
  const reader = await MeterReader.open(options, { clock, log, emit, memory: meterMemory(stateDir, log) });
  const airtime = await AirtimeRecord.open(clock, airtimeMemory(stateDir, log));
  const wire = await deps.wireOf(meter);
  const credentials = { routeBId: meter.route_b_id, routeBPassword: meter.route_b_password };
  const supervisor = new Supervisor({
    meter: meter.id,
    clock,
    log,
    random: Math.random,
    openModule: async (signal) => {
      try {
        return wrap(await openModule(wire, credentials, { clock, log, airtime }, signal));
      } catch (error) {
        onUnopened?.(error);
        throw error;
      }
    },
    whenPresent: (signal) => wire.whenPresent(signal),
    reader,
    pans: panMemory(stateDir, log),
    emit,
    ...(meter.on_stuck_command === undefined
      ? {}
      : { onStuck: stuckCommand({ argv: meter.on_stuck_command, meter: meter.id, device: meter.device }, clock, log) }),
  });
  return { reader, supervisor };
}
