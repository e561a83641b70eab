import { setTimeout as delay } from 'node:timers/promises';
import { LoadProfile } from '../../../src/simulator/meter/load.ts';
import { Program } from '../../support/program.ts';
import type { HomeAssistant } from '../home-assistant.ts';

const HOUR_MS = 3_600_000;
const SLOT_MS = 300_000;
const DAYS = 8;
const ids = { bought: 'sensor.smart_meter_energy_import', sold: 'sensor.smart_meter_energy_export' } as const;
const POWER = 'sensor.smart_meter_power';

interface Row {
  readonly start: number;
  readonly state: number;
  readonly sum: number;
}

/** The past of the simulated house, put into a Home Assistant that has just met it: pictures of an empty one show nothing. */
export class Story {
  readonly #profile: LoadProfile;
  readonly #ha: HomeAssistant;
  readonly #now: () => number;

  constructor(ha: HomeAssistant, seed: number, now: () => number) {
    this.#profile = new LoadProfile(seed, true);
    this.#ha = ha;
    this.#now = now;
  }

  async tell(): Promise<void> {
    const first = await this.#firstRow(ids.bought);
    await this.#hours(ids.bought, first, (ms) => this.#profile.energyAt(ms).importWh / 1000);
    await this.#hours(ids.sold, await this.#firstRow(ids.sold), (ms) => this.#profile.energyAt(ms).exportWh / 1000);
    await this.#power(first.start);
  }

  /** Home Assistant counts its sum from the first value it saw: before it the sum is negative, and every hour fits. */
  async #hours(id: string, first: Row, kwhAt: (ms: number) => number): Promise<void> {
    const end = Math.floor(this.#now() / HOUR_MS) * HOUR_MS;
    const atFirst = kwhAt(first.start + SLOT_MS);
    const stats = Array.from({ length: DAYS * 24 }, (_, i) => {
      const start = end - (i + 1) * HOUR_MS;
      const since = kwhAt(start + HOUR_MS) - atFirst;
      return { start: new Date(start).toISOString(), state: first.state + since, sum: first.sum + since };
    });
    await this.#ha.call('recorder/import_statistics', {
      metadata: {
        has_sum: true,
        mean_type: 0,
        name: null,
        source: 'recorder',
        statistic_id: id,
        unit_of_measurement: 'kWh',
        unit_class: 'energy',
      },
      stats: stats.toReversed(),
    });
  }

  /** Nothing imports rows of five minutes, which the "now" view draws: into the database with them. */
  async #power(endMs: number): Promise<void> {
    const rows = Array.from({ length: 24 * 12 }, (_, i) => {
      const start = endMs - (i + 1) * SLOT_MS;
      const watts = Array.from({ length: 30 }, (__, slot) => this.#profile.wattsAt(start + slot * 10_000));
      const mean = watts.reduce((sum, watt) => sum + watt, 0) / watts.length;
      return [start / 1000, mean, Math.min(...watts), Math.max(...watts)];
    });
    const insert = `import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=30)
(meta,) = db.execute("SELECT id FROM statistics_meta WHERE statistic_id = ?", (sys.argv[2],)).fetchone()
db.executemany("INSERT OR IGNORE INTO statistics_short_term (created_ts, metadata_id, start_ts, mean, min, max) VALUES (?, ?, ?, ?, ?, ?)",
    [(row[0] + 300, meta, *row) for row in json.loads(sys.argv[3])])
db.commit()`;
    const database = `${this.#ha.folder}/home-assistant_v2.db`;
    await using python = new Program('python3', ['-c', insert, database, POWER, JSON.stringify(rows)]);
    if ((await python.ended) !== 0) throw new Error(python.stderr);
  }

  async #firstRow(id: string): Promise<Row> {
    for (;;) {
      const found = await this.#ha.call<Readonly<Record<string, readonly Row[]>>>('recorder/statistics_during_period', {
        start_time: new Date(this.#now() - HOUR_MS).toISOString(),
        statistic_ids: [id],
        period: '5minute',
        types: ['state', 'sum'],
      });
      const [row] = found[id] ?? [];
      if (row) return row;
      await delay(1000);
    }
  }
}
