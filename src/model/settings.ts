import type { HostPort } from '../kernel/host-port.ts';
import type { Language } from '../kernel/language.ts';
import type { LogLevel } from '../kernel/log.ts';
import type { Prices } from './price.ts';

/** What `interval_s` may be. */
export const LEAST_INTERVAL_S = 2;
export const MOST_INTERVAL_S = 3600;

/** One meter and its stick. */
export interface MeterSettings {
  readonly id: string;
  /** As the user named it. */
  readonly name: string;
  /** A path, `auto`, or `tcp://host:port`. */
  readonly device: string;
  /** 32 characters 0–9 A–F. */
  readonly routeBId: string;
  /** 12 characters 0–9 A–Z. */
  readonly routeBPassword: string;
  /** Seconds between questions for power and current. */
  readonly intervalS: number;
  /** Seconds between questions for the registers. */
  readonly energyIntervalS: number;
  readonly contractAmpere?: number;
  /** Fixes the reply time-out instead of measuring it. */
  readonly replyTimeoutS?: number;
  /** Every minute’s registers, those that were missed too, as a stream of their own. */
  readonly minuteHistory?: boolean;
  /** Program and arguments, run when nothing else has helped for ten minutes. */
  readonly onStuckCommand?: readonly string[];
  /** The meter's own folder for what survives a restart. */
  readonly stateDir?: string;
}

export interface MqttSettings {
  /** mqtt, mqtts, ws or wss. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly baseTopic: string;
  /** Absolute paths of PEM files. */
  readonly tls: {
    readonly caFile?: string;
    readonly certFile?: string;
    readonly keyFile?: string;
    /** Accepts any certificate. */
    readonly insecure: boolean;
  };
}

export interface HomeAssistantSettings {
  readonly discovery: boolean;
  readonly prefix: string;
  readonly statusTopic: string;
}

/** Whether hours that Home Assistant missed are written into its statistics by themselves; `dry_run`: told in the log. */
export const IMPORT_MODES = ['off', 'dry_run', 'on'] as const;
export type ImportMode = (typeof IMPORT_MODES)[number];

/** Home Assistant's own interface, beside the broker. */
export interface StatisticsSettings {
  /** Its page's address, http or https; a path may follow where a proxy adds one. */
  readonly url?: string;
  /** A long-lived access token of an administrator. */
  readonly token?: string;
  readonly importStatistics: ImportMode;
}

export interface HttpSettings {
  readonly listen: HostPort;
  readonly token?: string;
  /** Further host names the page is opened by. */
  readonly hosts: readonly string[];
}

export interface MackerelSettings {
  readonly apiKey: string;
  /** `https://api.mackerelio.com`, or another base with the same paths. */
  readonly apiUrl: string;
  /** Its metrics, or the custom metrics of the host, or both. */
  readonly service?: string;
  readonly hostId?: string;
  /** First part of every metric's name. */
  readonly metricKeyPrefix: string;
  /** One value per metric in each; a whole number of minutes, for Mackerel keeps minutes. */
  readonly intervalS: number;
}

/** What the user wants, complete: defaults filled in, paths absolute. Everybody takes the part they need by `Pick`. */
export interface Settings {
  readonly meters: readonly MeterSettings[];
  readonly mqtt?: MqttSettings;
  readonly homeAssistant: HomeAssistantSettings & StatisticsSettings;
  readonly http?: HttpSettings;
  readonly mackerel?: MackerelSettings;
  /** Yen per kWh, for estimates. */
  readonly prices?: Prices;
  readonly language: Language;
  readonly log: { readonly level: LogLevel; readonly format: 'json' | 'pretty' };
  readonly stateDir?: string;
}
