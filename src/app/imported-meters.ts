import { HalfHourArchive } from '../archive/half-hour-archive.ts';
import type { ImportedMeter } from '../home-assistant/own-statistics.ts';
import type { Log } from '../kernel/log.ts';
import type { MeterSettings } from '../model/settings.ts';
import { identityOf } from '../mqtt/mqtt-topics.ts';

/** A meter as the import into Home Assistant knows it; undefined without a `state_dir`. */
export function importedMeter(
  { id, stateDir }: Pick<MeterSettings, 'id' | 'stateDir'>,
  archive: Pick<HalfHourArchive, 'range'>,
): ImportedMeter | undefined {
  if (stateDir === undefined) return undefined;
  const identity = identityOf(id);
  const uniqueIds = { import: `${identity}_energy_import`, export: `${identity}_energy_export` };
  return { id, uniqueIds, stateDir, marks: (fromMs, toMs) => archive.range(fromMs, toMs) };
}

/** The same for a command, which reads what the bridge has written so far. */
export async function importedMeters(meters: readonly MeterSettings[], log: Log): Promise<ImportedMeter[]> {
  const opened = await Promise.all(
    meters.map(async (meter) => importedMeter(meter, await HalfHourArchive.open(meter.stateDir, log))),
  );
  return opened.filter((meter) => meter !== undefined);
}
