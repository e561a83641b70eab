import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HalfHourArchive } from '../../src/archive/half-hour-archive.ts';
import { BridgeError } from '../../src/kernel/errors.ts';
import type { Prices } from '../../src/model/price.ts';
import { logLines } from './log-lines.ts';
import { pan, WebRig } from './web-rig.ts';
import type { WebRigOptions } from './web-rig.ts';

const HALF_HOUR_MS = 1_800_000;
/** The rig's clock says 2026-01-15T12:00, of Japan. */
const TODAY_MS = Date.parse('2026-01-15T00:00:00+09:00');
const NOON_SLOT = 24;
const DAYS_BEFORE = 9;

/** 31 yen bought, 16 sold, at any time. */
export const prices: Prices = {
  buy: Array.from({ length: 48 }, () => 31),
  sell: Array.from({ length: 48 }, () => 16),
};

/** A house with days behind it: 0.2 kWh bought in each half hour, 0.1 sold; told of up to noon. */
export class LivedIn implements AsyncDisposable {
  readonly archive: HalfHourArchive;
  readonly rig: WebRig;
  readonly #dir: string;

  private constructor(archive: HalfHourArchive, rig: WebRig, dir: string) {
    this.archive = archive;
    this.rig = rig;
    this.#dir = dir;
  }

  /** @param missing half hours of today whose marks the archive has not got */
  static async start(options: WebRigOptions = {}, missing: readonly number[] = []): Promise<LivedIn> {
    const dir = await mkdtemp(join(tmpdir(), 'lived-in-'));
    const archive = await HalfHourArchive.open(dir, logLines().log);
    const rig = await WebRig.start({
      meters: [{ id: 'home', name: 'Home', contractAmpere: 40 }],
      prices,
      archiveOf: () => archive,
      ...options,
    });
    const house = new LivedIn(archive, rig, dir);
    for (let slot = -48 * DAYS_BEFORE; slot <= NOON_SLOT; slot++) if (!missing.includes(slot)) house.mark(slot);
    return house;
  }

  /** What the registers said when this half hour of today began. */
  mark(slot: number): void {
    const since = slot + 48 * DAYS_BEFORE;
    this.archive.add('M', {
      markMs: TODAY_MS + slot * HALF_HOUR_MS,
      importKwh: (10_000 + 2 * since) / 10,
      exportKwh: (5000 + since) / 10,
    });
  }

  /** Connected and lost before, now with a value of everything. */
  async live(): Promise<void> {
    const { rig } = this;
    rig.status({ pan, lqi: 132, rssiDbm: -68, module: { edition: 'DSE', stackVersion: '1.5.2' } });
    await rig.clock.advance(60_000);
    rig.status({
      phase: 'waiting',
      retryAtMs: rig.clock.now() + 5000,
      error: new BridgeError('JOIN_REFUSED', 'EVENT 24'),
    });
    await rig.clock.advance(90_000);
    rig.status({ pan, lqi: 132, rssiDbm: -68, reconnects: 1, module: { edition: 'DSE', stackVersion: '1.5.2' } });
    await this.draws(7, 5.5);
    const power = { watts: 2400, startMs: TODAY_MS + 14 * HALF_HOUR_MS };
    rig.accept({
      kind: 'usage',
      meter: 'home',
      usage: {
        atMs: rig.clock.now(),
        halfHourMs: TODAY_MS + NOON_SLOT * HALF_HOUR_MS,
        demandNowW: 800,
        demandForecastW: 1100,
        peakToday: power,
        peakMonth: power,
        dayMs: TODAY_MS,
        importTodayKwh: 4.8,
        exportTodayKwh: 2.4,
      },
    });
  }

  /** The stream tells it after its pause, which is of the rig's clock. */
  async draws(currentRA: number, currentTA: number): Promise<void> {
    this.rig.reading({ powerW: 1234, currentRA, currentTA, importKwh: 1091.2, exportKwh: 545.6 });
    await this.rig.clock.advance(1000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rig.close();
    await this.archive.close();
    await rm(this.#dir, { recursive: true, force: true });
  }
}
