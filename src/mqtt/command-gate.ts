import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { MeterCommand } from '../model/status.ts';
import { LogThrottle } from '../kernel/log-writer.ts';

/** The only commands there are, with the shortest time between two of a kind, ms. */
const PACES_MS: Readonly<Record<MeterCommand, number>> = { read_now: 10_000, restart_session: 30_000, rescan: 60_000 };
const isCommand = (name: string): name is MeterCommand => Object.hasOwn(PACES_MS, name);
const MOST_BYTES = 1024;
const QUIET_MS = 60_000;

export interface Incoming {
  /** What follows `…/command/`. */
  readonly name: string;
  readonly bytes: number;
  readonly retained: boolean;
}

/** Lets through what a user may ask, at the pace the radio bears; the rest is refused in the log. */
export class CommandGate {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onCommand: (command: MeterCommand) => void;
  readonly #lastMs = new Map<MeterCommand, number>();
  readonly #refusals: LogThrottle;

  constructor(clock: Clock, log: Log, onCommand: (command: MeterCommand) => void) {
    this.#clock = clock;
    this.#log = log;
    this.#onCommand = onCommand;
    this.#refusals = new LogThrottle(clock, QUIET_MS);
  }

  accept({ name, bytes, retained }: Incoming): void {
    if (!isCommand(name)) return this.#refuse(name.slice(0, 40), 'no such command', '');
    if (retained) return this.#refuse(name, 'retained: clear it on the broker, commands must not be retained');
    if (bytes > MOST_BYTES) return this.#refuse(name, 'payload too large');
    const now = this.#clock.monotonicMs();
    const nextMs = (this.#lastMs.get(name) ?? -Infinity) + PACES_MS[name];
    if (now < nextMs) return this.#refuse(name, `at most one in ${PACES_MS[name] / 1000} s`);
    this.#lastMs.set(name, now);
    this.#log.info({ command: name }, 'command accepted');
    return this.#onCommand(name);
  }

  /** @param kind what is counted together: not the name where anybody can think up one. */
  #refuse(command: string, reason: string, kind = command): void {
    const more = this.#refusals.due(`${kind} ${reason}`);
    if (more === undefined) return;
    this.#log.warn({ command, reason, ...(more > 0 ? { alsoRefused: more } : {}) }, 'command refused');
  }
}
