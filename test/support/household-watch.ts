import type { HalfHourArchive } from '../../src/archive/half-hour-archive.ts';
import { toKwh } from '../../src/echonet/energy.ts';
import { isoJst } from '../../src/kernel/clock.ts';
import type { EnergyScale } from '../../src/model/reading.ts';
import type { BridgeEvent } from '../../src/model/status.ts';
import { LoadProfile } from '../../src/simulator/meter/load.ts';
import type { Simulator } from '../../src/simulator/sim.ts';
import { HalfHoursWatch } from './half-hours-watch.ts';
import type { LogLine } from './log-lines.ts';
import { MeterWord } from './meter-word.ts';
import { MinutesWatch } from './minutes-watch.ts';
import { StreamBooks } from './stream-books.ts';
import { UsageWatch } from './usage-watch.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface HouseholdParts {
  readonly clock: VirtualClock;
  readonly simulator: () => Simulator;
  readonly scale: Pick<EnergyScale, 'coefficient' | 'exponent'>;
  readonly house: { readonly seed: number; readonly solar: boolean };
  readonly mostAgeMs: () => number;
  readonly wrong: (what: string) => void;
}

/** Log lines after which what is missing of the past waits for another session, or another start. */
const WAITS = [
  'archive of half hours cannot be read',
  'answers of the meter’s memory are lost',
  'this stick cuts long answers',
];
const NEVER = 99_999_999;

/** Hears what the reader tells of the household's past and use, and holds it against what meter and house really did. */
export class HouseholdWatch {
  readonly word: MeterWord;
  readonly minutes: MinutesWatch;
  readonly halfHours: HalfHoursWatch;
  readonly usage: UsageWatch;
  readonly books = { history: new StreamBooks(), history_minutes: new StreamBooks() };
  readonly #parts: HouseholdParts;
  /** Kills, and what the disk refused: what was known may be unknown again. */
  #losses = 0;
  /** What is missing is not read in this session any more. */
  #waits = false;

  constructor(parts: HouseholdParts) {
    const { wrong } = parts;
    this.#parts = parts;
    this.word = new MeterWord(parts.scale);
    this.minutes = new MinutesWatch(this.word, wrong);
    this.halfHours = new HalfHoursWatch(this.word, wrong);
    const { seed, solar } = parts.house;
    this.usage = new UsageWatch(this.word, new LoadProfile(seed, solar), wrong);
  }

  /** The meter told a property. */
  told(epc: string, edt: string): void {
    const { simulator, clock, scale } = this.#parts;
    this.word.told(epc, Buffer.from(edt, 'hex'), simulator().meterNow());
    const raw = Number.parseInt(edt, 16);
    if ((epc === 'E0' || epc === 'E3') && raw <= NEVER)
      this.usage.register(
        epc === 'E0' ? 'importKwh' : 'exportKwh',
        toKwh(raw, { ...scale, digits: 8 }),
        clock.monotonicMs(),
      );
  }

  accept(event: BridgeEvent): void {
    const { clock, simulator, mostAgeMs } = this.#parts;
    const meterNowMs = simulator().meterNow();
    if (event.kind === 'status' && event.status.phase !== 'connected') this.#waits = false;
    if (event.kind === 'usage') this.usage.accept(event.usage, meterNowMs, clock.monotonicMs(), mostAgeMs());
    if (event.kind === 'halfHour') this.halfHours.told(event.halfHour, event.before, this.#losses);
    if (event.kind === 'history') {
      const { markMs, importKwh, exportKwh } = event.halfHour;
      this.halfHours.read(event.halfHour, this.#losses);
      this.books.history.owes(keyOf(isoJst(markMs), importKwh, exportKwh));
    }
    if (event.kind === 'minute') {
      const { minuteMs, importKwh, exportKwh } = event.minute;
      this.minutes.accept(event.minute, meterNowMs);
      this.books.history_minutes.owes(keyOf(isoJst(minuteMs), importKwh, exportKwh));
    }
  }

  /** What came at the broker. @returns what is wrong with it, in words. */
  came(topic: 'history' | 'history_minutes', values: Readonly<Record<string, unknown>>): string | undefined {
    return this.books[topic].came(keyOf(values['time'], values['import'], values['export']));
  }

  logged({ msg, mark, minute }: LogLine): void {
    if (WAITS.some((begin) => msg.startsWith(begin))) this.#waits = true;
    if (msg.startsWith('half hour of the meter’s memory does not fit'))
      this.halfHours.leftOut(Date.parse(String(mark)));
    if (msg.startsWith('minute does not fit')) this.minutes.leftOut(Date.parse(String(minute)));
  }

  /** A run begins. @param positionMs how far the stream of minutes came, as the disk knows it */
  began(positionMs: number | undefined, how: 'stopped' | 'killed' | 'disk refused'): void {
    if (how !== 'stopped') this.#losses++;
    this.#waits = false;
    this.minutes.began(positionMs, how);
  }

  mayLose(count: number): void {
    for (const books of Object.values(this.books)) books.ledger.mayLose(count);
  }

  connected(): void {
    for (const books of Object.values(this.books)) books.ledger.connected();
  }

  /** All that the meter remembers has been told, or has to wait. */
  isWhole(archive: Pick<HalfHourArchive, 'at'>): boolean {
    if (this.#waits) return true;
    return this.minutes.isWhole(this.#parts.simulator().meterNow()) && this.halfHours.missing(archive).length === 0;
  }

  /** All is well and nothing waits. */
  settle(archive: Pick<HalfHourArchive, 'at'>): void {
    this.halfHours.checkArchive(archive);
    for (const [topic, books] of Object.entries(this.books)) {
      const wrong = books.close();
      if (wrong !== undefined) this.#parts.wrong(`${topic}: ${wrong}`);
    }
  }
}

const keyOf = (time: unknown, bought: unknown, sold: unknown): string =>
  `${String(time)} ${String(bought)} ${String(sold)}`;
