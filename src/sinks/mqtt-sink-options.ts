import type { Clock } from '../kernel/clock.ts';
import type { BridgeError } from '../kernel/errors.ts';
import type { Language } from '../kernel/language.ts';
import type { Log } from '../kernel/log.ts';
import type { Beat } from '../kernel/pulse.ts';
import type { MeterCommand } from '../model/status.ts';
import type { BrokerOptions } from './mqtt-attempt.ts';
import type { PortClaim } from './port-claim.ts';

export interface MqttSinkOptions {
  readonly meter: {
    readonly id: string;
    readonly name: string;
    readonly intervalS: number;
    /** How often the registers are asked for; 60 when absent. */
    readonly energyIntervalS?: number | undefined;
    readonly contractAmpere?: number | undefined;
  };
  readonly broker: BrokerOptions;
  readonly baseTopic: string;
  readonly homeAssistant: { readonly discovery: boolean; readonly prefix: string; readonly statusTopic: string };
  readonly language: Language;
  readonly version: string;
  /** Counts our starts: with `seq` it identifies a reading in the stream. */
  readonly run: number;
  readonly configurationUrl?: string | undefined;
  /** The meter's folder for what must outlive us; without one what the broker does not take waits in memory. */
  readonly stateDir?: string | undefined;
}

export interface MqttSinkDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly onCommand: (command: MeterCommand) => void;
  /** For the back-off's jitter, 0–1. */
  readonly random?: () => number;
  /** Whether the broker connection is ours to take; without one the link's status alone tells. */
  readonly claim?: PortClaim;
  /** Of each loop: whether it goes on is asked from outside. */
  readonly beat?: (loop: 'agenda' | 'connection') => Beat;
}

export interface MqttHealth {
  readonly ok: boolean;
  readonly detail: string;
  /** Why there is no connection. */
  readonly error: BridgeError | undefined;
  readonly connected: boolean;
  /** The broker's address, without credentials. */
  readonly broker: string;
  /** Readings the broker has not acknowledged yet. */
  readonly queued: number;
  /** Readings given up since the start: the outbox was full, they were too old, or the broker can never take them. */
  readonly dropped: number;
  /** Why the broker takes no readings although it is connected; its hint says what to do. */
  readonly held: BridgeError | undefined;
}
