import { systemClock } from '../../src/kernel/clock.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import { CommandGate } from '../../src/model/command-gate.ts';
import type { MeterProfile, Reading } from '../../src/model/reading.ts';
import type { LinkStatus, MeterCommand } from '../../src/model/status.ts';
import { MqttSink } from '../../src/mqtt/mqtt-sink.ts';
import type { MqttSinkOptions } from '../../src/mqtt/mqtt-sink.ts';
import { PortClaim } from '../../src/mqtt/port-turn.ts';
import { logLines } from './log-lines.ts';
import type { LogLine } from './log-lines.ts';

/** A three-wire meter with solar panels: everything there is to announce. */
export const fullProfile: MeterProfile = {
  getMap: [0x80, 0x88, 0xd0, 0xd3, 0xd7, 0xe0, 0xe1, 0xe3, 0xe7, 0xe8, 0xea, 0xeb],
  energyScale: { coefficient: 1, exponent: -1, digits: 6 },
  hasTPhase: true,
  hasExport: true,
};

export const status = (phase: LinkStatus['phase'], more: Partial<LinkStatus> = {}): LinkStatus => ({
  phase,
  sinceMs: Date.UTC(2026, 0, 15, 3, 0, 0),
  reconnects: 0,
  ...more,
});

/** A sink of meter `home` (or another) that runs, with its log and the commands it let through. */
export class SinkRig implements AsyncDisposable {
  readonly sink: MqttSink;
  readonly id: string;
  readonly clock: Clock;
  readonly lines: LogLine[];
  readonly commands: MeterCommand[] = [];
  readonly intervals: number[] = [];
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  /** @param claim the port is ours, unless told otherwise. */
  constructor(
    url: string,
    { run = 17, ...options }: Partial<MqttSinkOptions> & { readonly run?: number } = {},
    clock: Clock = systemClock,
    claim = new PortClaim(true),
  ) {
    const { log, lines } = logLines();
    this.lines = lines;
    this.clock = clock;
    const meter = options.meter ?? {
      id: 'home',
      name: 'Smart meter',
      intervalS: 10,
      energyIntervalS: 60,
      contractAmpere: 40,
    };
    this.id = meter.id;
    const gate = new CommandGate(clock, log.child({ meter: this.id }), {
      onCommand: (command: MeterCommand) => void this.commands.push(command),
      onInterval: (intervalS: number) => void this.intervals.push(intervalS),
    });
    this.sink = new MqttSink(
      {
        broker: { url },
        baseTopic: 'broute2mqtt',
        homeAssistant: { discovery: true, prefix: 'homeassistant', statusTopic: 'homeassistant/status' },
        language: 'en',
        version: '0.1.0',
        ...options,
        meter,
      },
      { clock, log, gate, random: () => 0.5, claim },
    );
    void this.sink.begin(run);
    this.#ended = this.sink.run(this.#stop.signal);
  }

  get connected(): boolean {
    return this.sink.health().connected;
  }

  reading(values: Omit<Reading, 'atMs'>): void {
    this.sink.accept({ kind: 'reading', meter: this.id, reading: { atMs: this.clock.now(), ...values } });
  }

  status(phase: LinkStatus['phase'], more: Partial<LinkStatus> = {}): void {
    this.sink.accept({ kind: 'status', meter: this.id, status: status(phase, more) });
  }

  pace(intervalS: number): void {
    this.sink.accept({ kind: 'pace', meter: this.id, intervalS });
  }

  profile(profile: MeterProfile = fullProfile): void {
    this.sink.accept({ kind: 'profile', meter: this.id, profile });
  }

  /** The clean stop; resolves when `run` has. */
  stop(): Promise<void> {
    this.#stop.abort();
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
