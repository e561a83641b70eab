import { constants } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode, textOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';

/** The largest of ours has some kB. */
const MOST_BYTES = 1_000_000;

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
  #queue: Promise<unknown> = Promise.resolve();

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
      text = await readBounded(this.#path, MOST_BYTES);
    } catch (error) {
      if (error instanceof RangeError) await this.#setAside(this.#path, error);
      else if (systemCode(error) !== 'ENOENT')
        this.#log.warn({ err: error, path: this.#path }, 'state file cannot be read');
      return undefined;
    }
    try {
      const value = this.#parse(JSON.parse(text));
      this.#written = text;
      return value;
    } catch (error) {
      await this.#setAside(this.#path, error);
      return undefined;
    }
  }

  async #setAside(path: string, error: unknown): Promise<void> {
    const aside = `${path}.corrupt`;
    // what the parser quotes is the file's content: its name is enough
    const reason = error instanceof SyntaxError ? 'not JSON' : textOf(error);
    this.#log.warn({ reason, path, aside }, 'state file is damaged: set aside');
    await rename(path, aside).catch(() => undefined);
  }

  /**
   * Writes what differs from the last write. Never throws: a disk that refuses is logged once and tried again next time.
   * @returns whether the value is on the disk now.
   */
  save(value: T): Promise<boolean> {
    const text = `${JSON.stringify(value)}\n`;
    const saved = this.#queue.then(() => this.#write(text));
    this.#queue = saved;
    return saved;
  }

  async #write(text: string): Promise<boolean> {
    if (this.#path === undefined) return false;
    if (text === this.#written) return true;
    try {
      await writeAtomically(this.#path, text);
      this.#written = text;
      this.#complained = false;
      return true;
    } catch (error) {
      if (!this.#complained)
        this.#log.warn({ err: error, path: this.#path, code: 'STATE_UNWRITABLE' }, 'state file cannot be written');
      this.#complained = true;
      return false;
    }
  }
}

/** @throws RangeError for what no file of ours is: a pipe, a device, or more than `mostBytes`. */
export async function readBounded(path: string, mostBytes: number): Promise<string> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)); // a pipe must not hold up the start
  try {
    const info = await file.stat();
    if (!info.isFile() && !info.isDirectory()) throw new RangeError('not a regular file');
    if (info.size > mostBytes) throw new RangeError(`larger than ${mostBytes} bytes`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** Write aside, fsync, rename, fsync the folder: after a power cut the file is the old or the new one, whole. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const folder = dirname(path);
  const made = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (made !== undefined && isRoot()) await giveFolders(made, folder);
  const aside = `${path}.new`;
  await rm(aside, { force: true }); // a rest of ours; nor is a link ever followed
  const file = await open(aside, 'wx', 0o600);
  try {
    await file.writeFile(text);
    if (isRoot()) await giveToOwner(file, folder);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(aside, path);
  const directory = await open(folder, 'r');
  try {
    await directory.sync().catch(() => undefined); // CIFS and 9p cannot, and the rename is done
  } finally {
    await directory.close();
  }
}

const isRoot = (): boolean => process.getuid?.() === 0;

/**
 * Root, who runs a one-shot command, writes for the user whose folder it is: the service could not read it otherwise.
 * @param parent the folder that says whose.
 */
async function giveToOwner(file: FileHandle, parent: string): Promise<void> {
  const { uid, gid } = await stat(parent);
  if (uid !== 0) await file.chown(uid, gid);
}

/** All folders from the first that was made down to the last. */
async function giveFolders(first: string, last: string): Promise<void> {
  if (last.length > first.length) await giveFolders(first, dirname(last));
  const folder = await open(last, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    await giveToOwner(folder, dirname(last));
  } finally {
    await folder.close();
  }
}
