import { hex } from '../kernel/bytes.ts';
import { isoJst, isoLocal } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import { markMs, marksOf, MeterHealth } from '../model/health.ts';
import type { Health } from '../model/health.ts';
import { CurrentUsage } from '../model/current-usage.ts';
import { hasJumped, METER_CLOCK_INTERVAL_S, readingJson } from '../model/reading.ts';
import type { MeterClock, HalfHour, Reading, ReadingJson } from '../model/reading.ts';
import { measuredIn, quantities } from '../model/quantity.ts';
import type { ByQuantity, QuantityKey } from '../model/quantity.ts';
import type { MeterSettings } from '../model/settings.ts';
import type { BridgeEvent, LinkStatus, ModuleInfo } from '../model/status.ts';
import { LinkEvents } from './api/link-events.ts';
import { PowerSteps } from './api/power-steps.ts';
import type { PowerAnswer, PowerSpan } from './api/power-steps.ts';
import { progressSnapshot } from './api/progress.ts';
import { usageSnapshot } from './api/usage-snapshot.ts';
import { known } from './status-snapshot.ts';
import type {
  HalfHourSnapshot,
  MeterSnapshot,
  ModuleSnapshot,
  PowerPoint,
  ReadingSnapshot,
  ValueSnapshot,
} from './status-snapshot.ts';

export type BoardMeter = Pick<MeterSettings, 'id' | 'name' | 'intervalS' | 'energyIntervalS' | 'contractAmpere'>;

/** What a record knows by itself. */
type BoardlessSnapshot = Omit<MeterSnapshot, 'broker' | 'error' | 'history' | 'compare'>;

/** Points of the power chart: an hour at the usual 10 s. */
export const HISTORY_LIMIT = 360;

/** A value, when it was measured by the wall clock and when it arrived by the monotonic one. */
interface Seen<T> {
  readonly value: T;
  readonly wallMs: number;
  readonly atMs: number;
}

const BEFORE: LinkStatus = { phase: 'opening', sinceMs: 0, reconnects: 0 };
const wholeSeconds = (ms: number): number => Math.max(0, Math.round(ms / 1000));
/** Tenths, so that a page can tick between two answers without jumping. */
const tenths = (ms: number): number => Math.max(0, Math.round(ms / 100) / 10);
/** What is not there stays so. */
const given = <T, R>(value: T | undefined, of: (value: T) => R): R | undefined =>
  value === undefined ? undefined : of(value);

/** What is known of one meter, each value with its age. */
export class MeterRecord {
  readonly meter: BoardMeter;
  readonly #clock: Clock;
  readonly #health: MeterHealth;
  readonly #usage: CurrentUsage;
  readonly #power: PowerSteps;
  /** What happened on the radio. */
  readonly links: LinkEvents;
  #status = BEFORE;
  /** Monotonic ms of the phase's begin, of the newest signal and of the next try. */
  #phaseAtMs: number;
  #signalAtMs: number | undefined;
  #retryAtMs: number | undefined;
  readonly #numbers = new Map<QuantityKey, Seen<number>>();
  #fault: Seen<boolean> | undefined;
  #answer: ReadingJson | undefined;
  #halfHour: HalfHour | undefined;
  #clockSkewS: Seen<number> | undefined;
  readonly #history: { readonly atMs: number; readonly watts: number }[] = [];

  constructor(meter: BoardMeter, clock: Clock) {
    this.meter = meter;
    this.#clock = clock;
    this.#health = new MeterHealth(meter.intervalS, clock);
    this.#usage = new CurrentUsage(meter, clock);
    this.#power = new PowerSteps(clock);
    this.links = new LinkEvents(clock);
    this.#phaseAtMs = clock.monotonicMs();
  }

  accept(event: BridgeEvent): void {
    this.#health.accept(event);
    if (event.kind === 'status') this.#acceptStatus(event.status);
    if (event.kind === 'reading') this.#acceptReading(event.reading);
    if (event.kind === 'halfHour') this.#halfHour = event.halfHour;
    if (event.kind === 'clock') this.#acceptClock(event.clock);
    if (event.kind === 'pace') this.#usage.pace(event.intervalS);
    if (event.kind === 'usage') this.#usage.accept(event.usage);
  }

  get error(): LinkStatus['error'] {
    return this.#status.error;
  }

  health(): Health {
    return this.#health.now;
  }

  snapshot(): BoardlessSnapshot {
    const { id, name, contractAmpere } = this.meter;
    const { phase, sinceMs, reconnects, module, pan, lqi, rssiDbm, signalAtMs, retryAtMs } = this.#status;
    const { fresh, connected, reason, staleAfterMs } = this.health();
    const now = this.#clock.monotonicMs();
    return known<BoardlessSnapshot>({
      id,
      name,
      phase,
      since: this.#status === BEFORE ? undefined : isoLocal(sinceMs),
      phase_age_s: tenths(now - this.#phaseAtMs),
      progress: progressSnapshot(this.#status, now - this.#phaseAtMs),
      fresh,
      connected,
      reason,
      age_s: given(this.#health.ageMs, tenths),
      interval_s: this.#health.intervalS,
      stale_after_s: staleAfterMs / 1000,
      module: module && moduleSnapshot(module),
      pan: pan && { channel: pan.channel, pan_id: hex(pan.panId, 4), mac: pan.macAddress },
      lqi,
      rssi: rssiDbm,
      signal_time: given(signalAtMs, isoLocal),
      signal_age_s: given(this.#signalAtMs, (ms) => tenths(now - ms)),
      reconnects,
      retry_at: given(retryAtMs, isoLocal),
      retry_in_s: given(this.#retryAtMs, (ms) => tenths(ms - now)),
      reading: this.#reading(),
      last_answer: this.#answer,
      half_hour: this.#halfHour && halfHourSnapshot(this.#halfHour),
      contract_ampere: contractAmpere,
      usage: given(this.#usage.now, usageSnapshot),
      clock_skew: this.#clockSkew(),
    });
  }

  history(): readonly PowerPoint[] {
    const now = this.#clock.monotonicMs();
    return this.#history.map(({ atMs, watts }): PowerPoint => [wholeSeconds(now - atMs), watts]);
  }

  /** What the power was before the first reading: for a house that can tell. */
  hadPower(past: Iterable<readonly [atMs: number, watts: number]>): void {
    for (const [atMs, watts] of past) this.#power.add(watts, atMs);
  }

  /** The course of the power over one of the spans. */
  power(span: PowerSpan): PowerAnswer {
    return this.#power.over(span, this.#health.intervalS, this.health().staleAfterMs);
  }

  #acceptStatus(status: LinkStatus): void {
    const now = this.#clock.monotonicMs();
    const monotonic = (wallMs: number): number => now + (wallMs - this.#clock.now());
    if (status.phase !== this.#status.phase || status.sinceMs !== this.#status.sinceMs) this.#phaseAtMs = now;
    this.#status = status;
    this.links.accept(status);
    this.#signalAtMs = given(status.signalAtMs, monotonic);
    this.#retryAtMs = given(status.retryAtMs, monotonic);
  }

  #acceptClock({ atMs, skewMs }: MeterClock): void {
    this.#clockSkewS = given(skewMs, (ms) => this.#seen(Math.round(ms / 1000), atMs));
  }

  #acceptReading(reading: Reading): void {
    this.#usage.saw(reading);
    const answer = readingJson(this.meter.id, reading);
    // A meter that is asked in several requests also answers with registers alone: power is what is wanted.
    if (answer?.power !== undefined || this.#answer?.power === undefined) this.#answer = answer ?? this.#answer;
    for (const [{ key }, value] of measuredIn(reading)) this.#numbers.set(key, this.#seen(value, reading.atMs));
    if (reading.fault !== undefined) this.#fault = this.#seen(reading.fault, reading.atMs);
    if (reading.powerW === undefined) return;
    this.#power.add(reading.powerW);
    this.#history.push({ atMs: this.#clock.monotonicMs(), watts: reading.powerW });
    if (this.#history.length > HISTORY_LIMIT) this.#history.shift();
  }

  #seen<T>(value: T, wallMs: number): Seen<T> {
    return { value, wallMs, atMs: this.#clock.monotonicMs() };
  }

  /** A skew measured by another time of ours says nothing. */
  #clockSkew(): ValueSnapshot<number> | undefined {
    const seen = this.#clockSkewS;
    if (!seen || hasJumped(seen.wallMs - seen.atMs, this.#clock.now(), this.#clock.monotonicMs())) return undefined;
    return this.#value(seen, markMs(METER_CLOCK_INTERVAL_S));
  }

  #value<T>({ value, wallMs, atMs }: Seen<T>, staleAfterMs: number): ValueSnapshot<T> {
    const age = this.#clock.monotonicMs() - atMs;
    const stale = age > staleAfterMs;
    return { value, time: isoLocal(wallMs), age_s: tenths(age), stale, stale_after_s: staleAfterMs / 1000 };
  }

  #reading(): ReadingSnapshot | undefined {
    const { goodAtMs, intervalS } = this.#health;
    if (goodAtMs === undefined) return undefined;
    const { instantMs, energyMs } = marksOf(intervalS, this.meter.energyIntervalS);
    const values = quantities.map(({ key, kind }) => [
      key,
      given(this.#numbers.get(key), (seen) => this.#value(seen, kind === 'instant' ? instantMs : energyMs)),
    ]);
    return known<ReadingSnapshot>({
      time: isoLocal(goodAtMs),
      ...(Object.fromEntries(values) as ByQuantity<ValueSnapshot<number>>),
      fault: given(this.#fault, (seen) => this.#value(seen, energyMs)),
    });
  }
}

const moduleSnapshot = ({ edition, stackVersion, appVersion }: ModuleInfo): ModuleSnapshot =>
  known<ModuleSnapshot>({ edition, stack_version: stackVersion, app_version: appVersion });

const halfHourSnapshot = ({ markMs: atMs, importKwh, exportKwh }: HalfHour): HalfHourSnapshot =>
  known<HalfHourSnapshot>({ time: isoJst(atMs), import: importKwh, export: exportKwh });
