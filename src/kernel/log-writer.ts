import { constants, fstatSync, openSync, writeSync } from 'node:fs';

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
      this.#reason = (error as NodeJS.ErrnoException).code ?? String(error);
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
