import { hex } from '../kernel/bytes.ts';
import type { Clock } from '../kernel/clock.ts';
import { markMs, marksOf, MeterHealth } from '../model/health.ts';
import type { Health } from '../model/health.ts';
import { hasJumped, METER_CLOCK_INTERVAL_S, readingJson } from '../model/reading.ts';
import type { MeterClock, HalfHour, Reading, ReadingJson } from '../model/reading.ts';
import { measuredIn, quantities } from '../model/quantity.ts';
import type { QuantityKey } from '../model/quantity.ts';
import type { MeterSettings } from '../model/settings.ts';
import type { BridgeEvent, LinkStatus } from '../model/status.ts';
import { isoJst, isoLocal } from '../kernel/clock.ts';
import type { HalfHourSnapshot, MeterSnapshot, PowerPoint, ReadingSnapshot, ValueSnapshot } from './status-snapshot.ts';

export type BoardMeter = Pick<MeterSettings, 'id' | 'name' | 'intervalS' | 'energyIntervalS'>;

/** Points of the power chart: an hour at the usual 10 s. */
export const HISTORY_LIMIT = 360;

/** A value, when it was measured by the wall clock and when it arrived by the monotonic one. */
interface Seen<T> {
  readonly value: T;
  readonly wallMs: number;
  readonly atMs: number;
}

const before: LinkStatus = { phase: 'opening', sinceMs: 0, reconnects: 0 };
const wholeSeconds = (ms: number): number => Math.max(0, Math.round(ms / 1000));
/** Tenths, so that a page can tick between two answers without jumping. */
const tenths = (ms: number): number => Math.max(0, Math.round(ms / 100) / 10);

/** What is known of one meter, each value with its age. */
export class MeterRecord {
  readonly meter: BoardMeter;
  readonly #clock: Clock;
  readonly #health: MeterHealth;
  #status = before;
  #phaseAtMs: number;
  #statusAtMs: number;
  #retryInMs: number | undefined;
  /** Monotonic ms of the newest signal. */
  #signalAtMs: number | undefined;
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
    this.#phaseAtMs = clock.monotonicMs();
    this.#statusAtMs = this.#phaseAtMs;
  }

  accept(event: BridgeEvent): void {
    this.#health.accept(event);
    if (event.kind === 'status') this.#takeStatus(event.status);
    if (event.kind === 'reading') this.#takeReading(event.reading);
    if (event.kind === 'halfHour') this.#halfHour = event.halfHour;
    if (event.kind === 'clock') this.#takeClock(event.clock);
  }

  get error(): LinkStatus['error'] {
    return this.#status.error;
  }

  health(): Health {
    return this.#health.now;
  }

  /** All but what this record does not know: broker and hint. */
  snapshot(): Omit<MeterSnapshot, 'broker' | 'error' | 'history'> {
    const { id, name } = this.meter;
    const { phase, sinceMs, reconnects } = this.#status;
    const { fresh, connected, reason, staleAfterMs } = this.health();
    const age = this.#health.ageMs;
    const reading = this.#reading();
    return {
      id,
      name,
      phase,
      ...(this.#status === before ? {} : { since: isoLocal(sinceMs) }),
      phase_age_s: tenths(this.#clock.monotonicMs() - this.#phaseAtMs),
      fresh,
      connected,
      ...(reason === undefined ? {} : { reason }),
      ...(age === undefined ? {} : { age_s: tenths(age) }),
      interval_s: this.#health.intervalS,
      stale_after_s: staleAfterMs / 1000,
      ...this.#radio(),
      ...this.#signal(),
      reconnects,
      ...this.#retry(),
      ...(reading && { reading }),
      ...(this.#answer && { last_answer: this.#answer }),
      ...(this.#halfHour && { half_hour: halfHourSnapshot(this.#halfHour) }),
      ...this.#clockSkew(),
    };
  }

  history(): readonly PowerPoint[] {
    const now = this.#clock.monotonicMs();
    return this.#history.map(({ atMs, watts }): PowerPoint => [wholeSeconds(now - atMs), watts]);
  }

  #takeStatus(status: LinkStatus): void {
    const now = this.#clock.monotonicMs();
    const changed = status.phase !== this.#status.phase || status.sinceMs !== this.#status.sinceMs;
    if (changed) this.#phaseAtMs = now;
    this.#status = status;
    this.#statusAtMs = now;
    this.#signalAtMs = status.signalAtMs === undefined ? undefined : now - (this.#clock.now() - status.signalAtMs);
    this.#retryInMs = status.retryAtMs === undefined ? undefined : status.retryAtMs - this.#clock.now();
  }

  #takeClock({ atMs, skewMs }: MeterClock): void {
    const stamp = { wallMs: atMs, atMs: this.#clock.monotonicMs() };
    this.#clockSkewS = skewMs === undefined ? undefined : { value: Math.round(skewMs / 1000), ...stamp };
  }

  #takeReading(reading: Reading): void {
    const stamp = { wallMs: reading.atMs, atMs: this.#clock.monotonicMs() };
    const answer = readingJson(this.meter.id, reading);
    // A meter that is asked in several requests also answers with registers alone: power is what is wanted.
    if (answer?.power !== undefined || this.#answer?.power === undefined) this.#answer = answer ?? this.#answer;
    for (const [{ key }, value] of measuredIn(reading)) this.#numbers.set(key, { value, ...stamp });
    if (reading.fault !== undefined) this.#fault = { value: reading.fault, ...stamp };
    if (reading.powerW === undefined) return;
    this.#history.push({ atMs: stamp.atMs, watts: reading.powerW });
    if (this.#history.length > HISTORY_LIMIT) this.#history.shift();
  }

  /** A skew measured by another time of ours says nothing. */
  #clockSkew(): Pick<MeterSnapshot, 'clock_skew'> {
    const seen = this.#clockSkewS;
    if (!seen || hasJumped(seen.wallMs - seen.atMs, this.#clock.now(), this.#clock.monotonicMs())) return {};
    return { clock_skew: this.#value(seen, markMs(METER_CLOCK_INTERVAL_S)) };
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
    const values = quantities.flatMap(({ key, kind }) => {
      const seen = this.#numbers.get(key);
      return seen ? [[key, this.#value(seen, kind === 'instant' ? instantMs : energyMs)] as const] : [];
    });
    return {
      time: isoLocal(goodAtMs),
      ...Object.fromEntries(values),
      ...(this.#fault && { fault: this.#value(this.#fault, energyMs) }),
    };
  }

  #radio(): Pick<MeterSnapshot, 'module' | 'pan'> {
    const { module, pan } = this.#status;
    return {
      ...(module && {
        module: {
          edition: module.edition,
          stack_version: module.stackVersion,
          ...(module.appVersion === undefined ? {} : { app_version: module.appVersion }),
        },
      }),
      ...(pan && { pan: { channel: pan.channel, pan_id: hex(pan.panId, 4), mac: pan.macAddress } }),
    };
  }

  #signal(): Pick<MeterSnapshot, 'lqi' | 'rssi' | 'signal_time' | 'signal_age_s'> {
    const { lqi, rssiDbm, signalAtMs } = this.#status;
    const ageMs = this.#signalAtMs === undefined ? undefined : this.#clock.monotonicMs() - this.#signalAtMs;
    return {
      ...(lqi === undefined ? {} : { lqi }),
      ...(rssiDbm === undefined ? {} : { rssi: rssiDbm }),
      ...(signalAtMs === undefined ? {} : { signal_time: isoLocal(signalAtMs) }),
      ...(ageMs === undefined ? {} : { signal_age_s: tenths(ageMs) }),
    };
  }

  #retry(): Pick<MeterSnapshot, 'retry_at' | 'retry_in_s'> {
    const { retryAtMs } = this.#status;
    if (retryAtMs === undefined || this.#retryInMs === undefined) return {};
    const leftMs = this.#retryInMs - (this.#clock.monotonicMs() - this.#statusAtMs);
    return { retry_at: isoLocal(retryAtMs), retry_in_s: tenths(leftMs) };
  }
}

const halfHourSnapshot = ({ markMs, importKwh, exportKwh }: HalfHour): HalfHourSnapshot => ({
  time: isoJst(markMs),
  ...(importKwh === undefined ? {} : { import: importKwh }),
  ...(exportKwh === undefined ? {} : { export: exportKwh }),
});
