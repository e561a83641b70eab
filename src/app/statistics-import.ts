import type { HalfHourArchive } from '../archive/half-hour-archive.ts';
import type { ImportService } from '../home-assistant/import-service.ts';
import type { ImportedMeter } from '../home-assistant/own-statistics.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Pulse } from '../kernel/deadlines.ts';
import type { Log } from '../kernel/log.ts';
import type { Settings } from '../model/settings.ts';
import { importedMeter } from './imported-meters.ts';

interface Deps {
  readonly clock: Clock;
  readonly log: Log;
  readonly pulse: Pulse;
}

/**
 * The import into Home Assistant's statistics, where it is wanted. Loaded only then.
 * @param archiveOf of a meter that has been opened.
 */
export async function buildStatisticsImport(
  { homeAssistant, meters }: Settings,
  archiveOf: (meterId: string) => HalfHourArchive | undefined,
  { clock, log, pulse }: Deps,
): Promise<ImportService | undefined> {
  const { url, token, importStatistics: mode } = homeAssistant;
  if (mode === 'off' || url === undefined || token === undefined) return undefined;
  const { ImportService: Service } = await import('../home-assistant/import-service.ts');
  const opened = (): ImportedMeter[] =>
    meters
      .map((meter) => {
        const archive = archiveOf(meter.id);
        return archive && importedMeter(meter, archive);
      })
      .filter((meter) => meter !== undefined);
  const beat = (loop: string): ReturnType<Pulse['of']> => pulse.of(`home_assistant ${loop}`);
  return new Service({ account: { url, token }, mode, meters: opened }, { clock, log, random: Math.random, beat });
}
