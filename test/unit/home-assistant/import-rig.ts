import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { HalfHourArchive } from '../../../src/archive/half-hour-archive.ts';
import { HOUR_MS } from '../../../src/home-assistant/hour-rows.ts';
import type { HourRow } from '../../../src/home-assistant/hour-rows.ts';
import type { ImportedMeter } from '../../../src/home-assistant/own-statistics.ts';
import { createLog } from '../../../src/kernel/log.ts';
import type { Log } from '../../../src/kernel/log.ts';
import { Redactor } from '../../../src/kernel/redactor.ts';
import { FakeHomeAssistant } from '../../support/fake-home-assistant.ts';

export const MIDNIGHT = Date.parse('2026-01-15T00:00:00+09:00');
export const at = (hour: number): number => MIDNIGHT + hour * HOUR_MS;
export const IMPORT = 'sensor.smart_meter_energy_import';
const METER = '001D129012345678';

/** A kWh in each hour from midnight on; Home Assistant missed 2 and 3 and died in the middle of 1: rows for 0, 1 (half), 4 and 5. */
export const gapRows = (hasFlat: boolean): HourRow[] => [
  { startMs: at(0), state: 101, sum: 1 },
  { startMs: at(1), state: 101.5, sum: 1.5 },
  ...(hasFlat ? [2, 3].map((hour) => ({ startMs: at(hour), state: 101.5, sum: 1.5 })) : []),
  { startMs: at(4), state: 105, sum: 5 },
  { startMs: at(5), state: 106, sum: 6 },
];
export const filledRows: HourRow[] = [0, 1, 2, 3, 4, 5].map((hour) => ({
  startMs: at(hour),
  state: 101 + hour,
  sum: 1 + hour,
}));

/** A meter with its archive on a disk, a Home Assistant that has a gap, and what the log said. */
export class ImportRig implements AsyncDisposable {
  readonly lines: Readonly<Record<string, unknown>>[] = [];
  readonly log: Log;
  readonly meter: ImportedMeter;
  readonly archive: HalfHourArchive;
  readonly ha: FakeHomeAssistant;
  readonly dir: string;

  private constructor(dir: string, ha: FakeHomeAssistant, archive: HalfHourArchive) {
    this.dir = dir;
    this.ha = ha;
    this.archive = archive;
    const destination = new Writable({
      write: (chunk: Buffer, _, done) => {
        this.lines.push(JSON.parse(chunk.toString()) as Readonly<Record<string, unknown>>);
        done();
      },
    });
    this.log = createLog({ level: 'debug', redactor: new Redactor(), destination });
    this.meter = {
      id: 'home',
      uniqueIds: { import: 'broute2mqtt_home_energy_import', export: 'broute2mqtt_home_energy_export' },
      marks: (fromMs, toMs) => archive.range(fromMs, toMs),
      stateDir: join(dir, 'home'),
    };
  }

  static async create(hasFlat = true): Promise<ImportRig> {
    const dir = await mkdtemp(join(tmpdir(), 'import-'));
    const quiet = createLog({ level: 'silent', redactor: new Redactor(), destination: { write: () => undefined } });
    const archive = await HalfHourArchive.open(join(dir, 'home'), quiet);
    for (let half = 0; half <= 12; half++)
      archive.add(METER, { markMs: at(half / 2), importKwh: 100 + half / 2, exportKwh: 7 });
    const ha = await FakeHomeAssistant.start();
    ha.sensor('broute2mqtt_home_energy_import', IMPORT, gapRows(hasFlat));
    ha.sensor('somebody_elses_energy', 'sensor.other', gapRows(hasFlat));
    return new ImportRig(dir, ha, archive);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.archive.close();
    await this.ha[Symbol.asyncDispose]();
    await rm(this.dir, { recursive: true, force: true });
  }
}
