import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import type { Clock } from './clock.ts';
import { systemCode } from './errors.ts';

/** What waits for a disk or a reader that takes nothing just now; beyond it lines are given up. */
const MOST_WAITING_BYTES = 256_000;

export interface LogWriterOptions {
  /** A line as people or machines read it; the text of what was lost passes it too. */
  readonly format?: (line: string) => string;
  /** @returns how many bytes were taken. @throws when none can be. */
  readonly write: (bytes: Buffer) => number;
  /** For the line that says what was lost. */
  readonly nowMs: () => number;
}

/**
 * Writes log lines in order and never throws: whether the log can be written decides nothing else. What is not taken (a
 * full disk, a reader that is gone or asleep) waits up to a limit, then lines are dropped, counted, and told of as soon as
 * it works again.
 */
export class LogWriter {
  readonly #options: LogWriterOptions;
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  #reason = '';

  constructor(options: LogWriterOptions) {
    this.#options = options;
  }

  write(line: string): void {
    this.#flush();
    if (this.#waitingBytes >= MOST_WAITING_BYTES) {
      this.#dropped++;
      return;
    }
    if (this.#dropped > 0) this.#put(this.#lostLine());
    this.#dropped = 0;
    this.#put(line);
    this.#flush();
  }

  #put(line: string): void {
    const { format = (text) => text } = this.#options;
    const bytes = Buffer.from(format(line));
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }

  /** As much as is taken now; the rest of a line is never forgotten, or the next one would stand in its midst. */
  #flush(): void {
    try {
      for (let head = this.#waiting[0]; head; head = this.#waiting[0]) {
        const taken = this.#options.write(head);
        this.#waitingBytes -= taken;
        if (taken < head.length) this.#waiting[0] = head.subarray(taken);
        else this.#waiting.shift();
      }
    } catch (error) {
      this.#reason = systemCode(error) ?? String(error);
    }
  }

  #lostLine(): string {
    const time = new Date(this.#options.nowMs()).toISOString();
    const fields = { level: 'warn', time, dropped: this.#dropped, reason: this.#reason, msg: 'log lines were lost' };
    return `${JSON.stringify(fields)}\n`;
  }
}

/**
 * How to write to standard output. A pipe is opened anew without blocking, where the system lets us: a reader that sleeps
 * must not put us to sleep too.
 */
export function writeToStdout(): LogWriterOptions['write'] {
  const fd = descriptor();
  return (bytes) => writeSync(fd, bytes);
}

const STDOUT = 1;

function descriptor(): number {
  try {
    if (!fstatSync(STDOUT).isFIFO()) return STDOUT;
    return openSync('/proc/self/fd/1', constants.O_WRONLY | constants.O_NONBLOCK | constants.O_APPEND);
  } catch {
    return STDOUT; // no /proc, or a reader that is gone already: it blocks at worst
  }
}

/** Repeated messages are counted, not repeated: says whether a message is due, and how many were swallowed since. */
export class LogThrottle {
  readonly #clock: Clock;
  readonly #quietMs: number;
  readonly #seen = new Map<string, { untilMs: number; swallowed: number }>();

  /** @param quietMs how long a message stays silent after it was logged; Infinity: for ever. */
  constructor(clock: Clock, quietMs: number) {
    this.#clock = clock;
    this.#quietMs = quietMs;
  }

  /** @returns how many of this key were swallowed since it was last logged, or undefined when it is to be swallowed too. */
  due(key: string): number | undefined {
    const now = this.#clock.monotonicMs();
    const entry = this.#seen.get(key);
    if (entry && now < entry.untilMs) {
      entry.swallowed++;
      return undefined;
    }
    if (this.#seen.size >= 64) this.#seen.clear(); // keys come from outside too
    this.#seen.set(key, { untilMs: now + this.#quietMs, swallowed: 0 });
    return entry?.swallowed ?? 0;
  }
}
