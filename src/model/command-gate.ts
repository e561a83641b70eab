import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import { LogThrottle } from '../kernel/log-writer.ts';
import { LEAST_INTERVAL_S, MOST_INTERVAL_S } from './settings.ts';
import type { MeterCommand } from './status.ts';

type CommandName = MeterCommand | 'poll_interval';
/** The only commands there are, with the shortest time between two of a kind, ms. */
const PACES_MS: Readonly<Record<CommandName, number>> = {
  read_now: 10_000,
  restart_session: 30_000,
  rescan: 60_000,
  poll_interval: 10_000,
};
const isCommand = (name: string): name is CommandName => Object.hasOwn(PACES_MS, name);
const MOST_BYTES = 1024;
const QUIET_MS = 60_000;

export interface Incoming {
  /** What follows `…/command/`. */
  readonly name: string;
  readonly payload: Buffer;
  readonly retained: boolean;
}

/** What is let through. */
export interface Commands {
  readonly onCommand: (command: MeterCommand) => void;
  /** Power is to be asked for at this interval, s. */
  readonly onInterval: (intervalS: number) => void;
}

/**
 * Lets through what a user may ask of a meter, at the pace the radio bears; the rest is refused in the log. One for each
 * meter, whichever way they come: who cannot ask by the broker any more cannot ask by the page either.
 */
export class CommandGate {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #commands: Commands;
  readonly #lastMs = new Map<CommandName, number>();
  readonly #refusals: LogThrottle;

  constructor(clock: Clock, log: Log, commands: Commands) {
    this.#clock = clock;
    this.#log = log;
    this.#commands = commands;
    this.#refusals = new LogThrottle(clock, QUIET_MS);
  }

  /** From the broker, where nobody can be answered. */
  accept({ name, payload, retained }: Incoming): void {
    if (!isCommand(name)) return this.#refuse(name.slice(0, 40), 'no such command', '');
    if (retained) return this.#refuse(name, 'retained: clear it on the broker, commands must not be retained');
    if (payload.length > MOST_BYTES) return this.#refuse(name, 'payload too large');
    if (name !== 'poll_interval') return void this.#pass(name, {}, () => this.#commands.onCommand(name));
    const intervalS = intervalIn(payload);
    if (intervalS === undefined) return this.#refuse(name, NO_INTERVAL);
    this.#pass(name, { intervalS }, () => this.#commands.onInterval(intervalS));
  }

  /** From the page. @returns whole seconds until this command may be given again; 0 when it was let through. */
  order(name: MeterCommand): number {
    return this.#pass(name, { by: 'page' }, () => this.#commands.onCommand(name));
  }

  #pass(name: CommandName, facts: Readonly<Record<string, number | string>>, act: () => void): number {
    const now = this.#clock.monotonicMs();
    const nextMs = (this.#lastMs.get(name) ?? -Infinity) + PACES_MS[name];
    if (now < nextMs) {
      this.#refuse(name, `at most one in ${PACES_MS[name] / 1000} s`);
      return Math.ceil((nextMs - now) / 1000);
    }
    this.#lastMs.set(name, now);
    this.#log.info({ command: name, ...facts }, 'command accepted');
    act();
    return 0;
  }

  /** @param kind what is counted together: not the name where anybody can think up one. */
  #refuse(command: string, reason: string, kind = command): void {
    const more = this.#refusals.due(`${kind} ${reason}`);
    if (more === undefined) return;
    this.#log.warn({ command, reason, ...(more > 0 ? { alsoRefused: more } : {}) }, 'command refused');
  }
}

const NO_INTERVAL = `not a whole number of seconds from ${LEAST_INTERVAL_S} to ${MOST_INTERVAL_S}`;

/** `30`, or `30.0` as some programs write it. @returns undefined for anything else. */
function intervalIn(payload: Buffer): number | undefined {
  const seconds = /^\s*(\d{1,4})(?:\.0{1,6})?\s*$/.exec(payload.toString())?.[1];
  const intervalS = Number(seconds);
  return intervalS >= LEAST_INTERVAL_S && intervalS <= MOST_INTERVAL_S ? intervalS : undefined;
}
