import type { Language } from '../kernel/language.ts';
import type { LinkPhase, PageCommand } from '../model/status.ts';
import type { ByQuantity } from '../model/quantity.ts';
import type { ReadingJson } from '../model/reading.ts';

/** A measured value with its own age. `stale`: too old to be shown as current; readers show it with its time or not at all. */
export interface ValueSnapshot<T> {
  readonly value: T;
  /** When the meter answered, ISO 8601 with offset. */
  readonly time: string;
  readonly age_s: number;
  readonly stale: boolean;
  /** The age at which it becomes stale, for who shows it between two questions. */
  readonly stale_after_s: number;
}

/** The newest value of each kind. What the meter never told is absent: never null, never 0. */
export interface ReadingSnapshot extends ByQuantity<ValueSnapshot<number>> {
  /** When the meter last gave a good answer, of whatever kind. */
  readonly time: string;
  /** The meter's own fault status. */
  readonly fault?: ValueSnapshot<boolean>;
}

/** Registers at the newest half-hour mark of the meter's clock; `time` is the mark, in Japan's time. */
export interface HalfHourSnapshot {
  readonly time: string;
  readonly import?: number;
  readonly export?: number;
}

/** The highest average of a half hour, W; `time` is when it began, in Japan's time. */
export interface PeakSnapshot {
  readonly power: number;
  readonly time: string;
}

/** What is bought, by the half hour (averages, W) and by the day (kWh): names and values of `state/usage`. */
export interface UsageSnapshot {
  /** When the running half hour began. */
  readonly half_hour?: string;
  readonly demand_now?: number;
  readonly demand_forecast?: number;
  readonly demand_30min?: number;
  readonly peak_today?: PeakSnapshot;
  readonly peak_month?: PeakSnapshot;
  readonly import_today?: number;
  readonly export_today?: number;
}

/** kWh bought and sold. */
export interface EnergySnapshot {
  readonly import?: number;
  readonly export?: number;
}

/** The days before, in Japan's time; "so far": up to the same time of day as now. */
export interface CompareSnapshot {
  readonly yesterday?: EnergySnapshot;
  readonly yesterday_so_far?: EnergySnapshot;
  readonly mean_7_days_so_far?: EnergySnapshot;
}

/** How far a session is that is being built. */
export interface ProgressSnapshot {
  /** 1 port and module, 2 scan, 3 join, 4 first answer. */
  readonly step: 1 | 2 | 3 | 4;
  /** Of a scan: the how-manieth of how many channels. */
  readonly channels?: { readonly at: number; readonly of: number };
  /** Since the step began. */
  readonly elapsed_s: number;
  /** When it usually is over, from its begin. */
  readonly expected_s: number;
}

/** A number of watts and how long ago it was measured: `[age in s, W]`. */
export type PowerPoint = readonly [ageS: number, watts: number];

export interface ModuleSnapshot {
  readonly edition: string;
  readonly stack_version: string;
  readonly app_version?: string;
}

/** What failed, and what to do about it, in one language. */
export interface FailureTexts {
  readonly message: string;
  readonly hint: string;
}

export interface FailureSnapshot extends FailureTexts {
  readonly code: string;
  /** For our own commands, whose user may read another language than the bridge's. */
  readonly both?: Readonly<Record<Language, FailureTexts>>;
}

export interface BrokerSnapshot {
  readonly connected: boolean;
  readonly detail: string;
  /** Why it is not connected. */
  readonly error?: FailureSnapshot;
  /** It is there and refuses the readings, which wait meanwhile. */
  readonly held?: FailureSnapshot;
  /** It is there and does not take the discovery document: Home Assistant is told of no device. */
  readonly unannounced?: FailureSnapshot;
}

export interface MeterSnapshot {
  readonly id: string;
  readonly name: string;
  readonly phase: LinkPhase;
  /** When the phase began; absent before the first report of the radio side. */
  readonly since?: string;
  readonly phase_age_s: number;
  /** While a session is being built, until its first answer. */
  readonly progress?: ProgressSnapshot;
  /** The newest good answer is younger than `stale_after_s`. */
  readonly fresh: boolean;
  /** The meter is there: a session stands (or is held by the airtime limit) and `fresh`. */
  readonly connected: boolean;
  /** Why it is not fresh. */
  readonly reason?: string;
  /** Age of the newest good answer; absent before the first. */
  readonly age_s?: number;
  /** Seconds between questions for power as the meter takes them: the configured ones, or more where it is slower. */
  readonly interval_s: number;
  /** 3 × `interval_s` + 5. */
  readonly stale_after_s: number;
  readonly module?: ModuleSnapshot;
  readonly pan?: { readonly channel: number; readonly pan_id: string; readonly mac: string };
  readonly lqi?: number;
  /** dBm. */
  readonly rssi?: number;
  /** When these two were measured: by an answer, or by the scan before the join. */
  readonly signal_time?: string;
  readonly signal_age_s?: number;
  readonly reconnects: number;
  readonly error?: FailureSnapshot;
  /** The next try, in phase `waiting`. */
  readonly retry_at?: string;
  readonly retry_in_s?: number;
  /** This meter's connection to the broker; absent without `mqtt`. */
  readonly broker?: BrokerSnapshot;
  readonly reading?: ReadingSnapshot;
  /** The newest answer with a power, as one object; before the first, the newest with any measured value. */
  readonly last_answer?: ReadingJson;
  readonly half_hour?: HalfHourSnapshot;
  /** The contract's current, A, where the configuration has it. */
  readonly contract_ampere?: number;
  readonly usage?: UsageSnapshot;
  readonly compare?: CompareSnapshot;
  /** Yen per kWh now, where the configuration says so. */
  readonly price?: MoneySnapshot;
  /** Yen today so far: an estimate by those prices. */
  readonly cost_today?: MoneySnapshot;
  /** Meter minus ours, whole seconds, right to half a minute; absent while unknown. */
  readonly clock_skew?: ValueSnapshot<number>;
  /** Only when asked for: oldest first. */
  readonly history?: readonly PowerPoint[];
}

/** `facts` without what is not known: absent, in the object as in JSON. */
export const known = <T extends object>(facts: {
  readonly [Key in keyof T]: T[Key] | (object extends Pick<T, Key> ? undefined : never);
}): T => Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as T;

/** Of what is bought and of what is sold. */
export interface MoneySnapshot {
  readonly buy?: number;
  readonly sell?: number;
}

/** What `/api/status` answers. Ages run on the monotonic clock, so that a jump of the wall clock makes nothing look new. */
export interface StatusSnapshot {
  readonly version: string;
  /** When this was written. */
  readonly time: string;
  readonly uptime_s: number;
  /** Nothing of it is real: `broute2mqtt demo`. */
  readonly demo?: true;
  /** Where a phone in the house opens the page, where that is known. */
  readonly page?: string;
  readonly meters: readonly MeterSnapshot[];
  /** What `POST api/command` takes; absent where the page commands nothing. */
  readonly commands?: readonly PageCommand[];
}

/** As JSON, each text through `redact`. By value and not over the whole: a secret of digits must not break a number. */
export const redactedJson = (answer: object, redact: (text: string) => string): string =>
  JSON.stringify(answer, (_key, value: unknown) => (typeof value === 'string' ? redact(value) : value));
