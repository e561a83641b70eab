import type { Failure } from '../kernel/errors.ts';
import type { MeterClock, HalfHour, MeterProfile, MinuteRegisters, Reading } from './reading.ts';
import type { Pan } from './pan.ts';
import type { Usage } from './usage.ts';

/** The published `link_state`: what the supervisor is doing now. */
export const LINK_PHASES = ['opening', 'scanning', 'joining', 'connected', 'paused', 'waiting', 'stopped'] as const;
export type LinkPhase = (typeof LINK_PHASES)[number];

/** What is known of the module once it answered. */
export interface ModuleInfo {
  /** The firmware's version: SKVER's (`1.5.2`), for J11 major, minor and revision (`1.3.5514`). */
  readonly stackVersion: string;
  /** SKAPPVER, free text; undefined where the firmware refuses the question. */
  readonly appVersion?: string;
  readonly edition: 'SE' | 'DSE' | 'J11';
  /** How received data are printed, where the firmware says. */
  readonly printMode?: 'binary' | 'ascii';
}

/** How far a session is that is being built, for who waits for it. Gone with the first answer, and while nothing is tried. */
export interface LinkProgress {
  /** When the phase usually is over, ms after it began. */
  readonly expectedMs: number;
  /** The scan that runs: so many channels one after the other, so long on each, since so many ms after the phase began. */
  readonly scan?: { readonly channels: number; readonly dwellMs: number; readonly afterMs: number };
}

export interface LinkStatus {
  readonly phase: LinkPhase;
  /** Wall clock ms when this phase began. */
  readonly sinceMs: number;
  /** The network in use or tried. */
  readonly pan?: Pan;
  /** The newest link quality of this session, 0–255 as the module prints it: of an answer, else of the scan before its join. */
  readonly lqi?: number;
  /** Received power, dBm: from the module where it says so, else derived from `lqi`. */
  readonly rssiDbm?: number;
  /** Wall clock ms when these two were measured. */
  readonly signalAtMs?: number;
  /** Sessions that had to be built anew since the start; the first one does not count. */
  readonly reconnects: number;
  /** Wall clock ms of the newest good answer; undefined before the first. */
  readonly lastSuccessMs?: number;
  /** Why the link is not up, or was last lost; gone with the next good answer. */
  readonly error?: Failure;
  /** The newest step of recovery; gone with the next good answer. */
  readonly rung?: RecoveryRung;
  /** Wall clock ms of the next try, in phase `waiting`. */
  readonly retryAtMs?: number;
  readonly module?: ModuleInfo;
  readonly progress?: LinkProgress;
}

/** What is done to get answers again, gentlest first: the recovery ladder with what lies before and behind it. */
export const RECOVERY_RUNGS = [
  'retry',
  'join',
  'scan-channel',
  'scan',
  'terminate',
  'reset',
  'reopen',
  'hook',
] as const;
export type RecoveryRung = (typeof RECOVERY_RUNGS)[number];

/** Something that was done and is counted. */
export type Activity =
  | { readonly what: 'rung'; readonly rung: RecoveryRung }
  | { readonly what: 'scan'; readonly durationMs: number; readonly found: boolean }
  | { readonly what: 'join'; readonly durationMs: number; readonly joined: boolean }
  | { readonly what: 'held'; readonly register: 'import' | 'export' };

/** Everything the radio side tells the sinks. One way only: a sink never calls back. */
export type BridgeEvent =
  | { readonly kind: 'status'; readonly meter: string; readonly status: LinkStatus }
  | { readonly kind: 'profile'; readonly meter: string; readonly profile: MeterProfile }
  | { readonly kind: 'reading'; readonly meter: string; readonly reading: Reading }
  /** `interval_s` was changed by command, until the next start. */
  | { readonly kind: 'interval'; readonly meter: string; readonly intervalS: number }
  /** The effective interval, s: how often power is really asked for. Told when it changes; the configured one until then. */
  | { readonly kind: 'pace'; readonly meter: string; readonly intervalS: number }
  /** The newest mark, with the one 30 minutes before where that is known; told again when it becomes known. */
  | { readonly kind: 'halfHour'; readonly meter: string; readonly halfHour: HalfHour; readonly before?: HalfHour }
  /** A mark that was missed, read from the meter's memory: oldest first, each once. */
  | { readonly kind: 'history'; readonly meter: string; readonly halfHour: HalfHour }
  /** The registers at a whole minute, where that is wanted: each minute once, none before an earlier one. */
  | { readonly kind: 'minute'; readonly meter: string; readonly minute: MinuteRegisters }
  /** After each answer that told of energy, power or a mark. */
  | { readonly kind: 'usage'; readonly meter: string; readonly usage: Usage }
  | { readonly kind: 'clock'; readonly meter: string; readonly clock: MeterClock }
  | { readonly kind: 'activity'; readonly meter: string; readonly activity: Activity };

/** What a user may ask of a running meter. Nothing else can be commanded. */
export const METER_COMMANDS = ['read_now', 'restart_session', 'rescan'] as const;
export type MeterCommand = (typeof METER_COMMANDS)[number];
/** What the page may send; `break` lets something go wrong in the demo. */
export type PageCommand = MeterCommand | 'break';

/** A consumer of readings: MQTT, the status page, the log. */
export interface Sink {
  /** Returns at once and never throws: it queues the newest per topic and drops the oldest. */
  accept(event: BridgeEvent): void;
}

/** One sink that feeds many. */
export function fanOut(...sinks: readonly Sink[]): Sink {
  return { accept: (event) => sinks.forEach((sink) => sink.accept(event)) };
}
