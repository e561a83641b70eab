import type { Clock } from '../kernel/clock.ts';
import type { Language } from '../kernel/language.ts';
import type { Log } from '../kernel/log.ts';
import type { Beat } from '../kernel/pulse.ts';
import type { HomeAssistantSettings, MeterSettings } from '../model/settings.ts';
import type { MeterCommand } from '../model/status.ts';
import type { BrokerOptions } from '../broker/connection-attempt.ts';
import type { PortClaim } from './port-turn.ts';

export interface MqttSinkOptions {
  readonly meter: Pick<MeterSettings, 'id' | 'name' | 'intervalS' | 'energyIntervalS' | 'contractAmpere'>;
  readonly broker: BrokerOptions;
  readonly baseTopic: string;
  readonly homeAssistant: HomeAssistantSettings;
  readonly language: Language;
  readonly version: string;
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
  readonly beat?: (loop: 'deadlines' | 'connection') => Beat;
}
