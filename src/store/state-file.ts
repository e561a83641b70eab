import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Log } from '../kernel/log.ts';

/**
 * A small JSON file in `state_dir` that survives power cuts: written aside, fsynced, renamed, and only when its content
 * changed. Without a directory, or on a disk that refuses, the value lives in memory and the program goes on.
 */
export class StateFile<T> {
  readonly #path: string | undefined;
  readonly #parse: (value: unknown) => T;
  readonly #log: Log;
  #written: string | undefined;
  #complained = false;
  #queue: Promise<void> = Promise.resolve();

  /** @param parse turns the file's JSON into a value, and throws on what it does not know. */
  constructor(dir: string | undefined, name: string, parse: (value: unknown) => T, log: Log) {
    this.#path = dir === undefined ? undefined : join(dir, name);
    this.#parse = parse;
    this.#log = log;
  }

  /** The stored value; undefined when there is none. A file that cannot be understood is set aside, logged and ignored. */
  async load(): Promise<T | undefined> {
    if (this.#path === undefined) return undefined;
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#log.warn({ err: error, path: this.#path }, 'state file cannot be read');
      return undefined;
    }
    try {
      const value = this.#parse(JSON.parse(text));
      this.#written = text;
      return value;
    } catch (error) {
      const aside = `${this.#path}.corrupt`;
      this.#log.warn({ err: error, path: this.#path, aside }, 'state file is damaged: set aside');
      await rename(this.#path, aside).catch(() => undefined);
      return undefined;
    }
  }

  /** Writes what differs from the last write. Never throws: a disk that refuses is logged once and tried again next time. */
  save(value: T): Promise<void> {
    const text = `${JSON.stringify(value)}\n`;
    this.#queue = this.#queue.then(() => this.#write(text));
    return this.#queue;
  }

  async #write(text: string): Promise<void> {
    if (this.#path === undefined || text === this.#written) return;
    try {
      await writeAtomically(this.#path, text);
      this.#written = text;
      this.#complained = false;
    } catch (error) {
      if (!this.#complained)
        this.#log.warn({ err: error, path: this.#path, code: 'STATE_UNWRITABLE' }, 'state file cannot be written');
      this.#complained = true;
    }
  }
}

/** Write aside, fsync, rename, fsync the folder: after a power cut the file is the old or the new one, whole. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const aside = `${path}.new`;
  const file = await open(aside, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(aside, path);
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
