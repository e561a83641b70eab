import { constants } from 'node:fs';
import { mkdir, open, readdir } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../kernel/errors.ts';
import { readBounded } from '../store/state-file.ts';

/** Where the months lie: the seam between the archive and a disk. Every method may reject with a system error. */
export interface MonthStore {
  /** For the log. */
  readonly path: string;
  /** `2026-01`, ascending. */
  list(): Promise<readonly string[]>;
  /** '' where there is none. */
  read(month: string): Promise<string>;
  /** Outlives a power cut when it resolves; of what a power cut tears before, whole lines count. */
  append(month: string, text: string): Promise<void>;
}

/** A month has some 50 kB. */
const MOST_BYTES = 4_000_000;
const LONGEST_LINE = 128;
const NAME = /^(\d{4}-\d\d)\.csv$/;

/** A folder with `2026-01.csv`, …: append-only, and readable by any spreadsheet. */
export class ArchiveFolder implements MonthStore {
  readonly path: string;

  constructor(folder: string) {
    this.path = folder;
  }

  async list(): Promise<readonly string[]> {
    try {
      return (await readdir(this.path)).flatMap((name) => NAME.exec(name)?.[1] ?? []).sort();
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return [];
      throw error;
    }
  }

  async read(month: string): Promise<string> {
    try {
      return await readBounded(this.#path(month), MOST_BYTES);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return '';
      if (error instanceof RangeError) throw new RangeError(`${month}.csv is none of ours`, { cause: error });
      throw error;
    }
  }

  async append(month: string, text: string): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    const { O_APPEND, O_CREAT, O_RDWR, O_NOFOLLOW } = constants;
    const file = await open(this.#path(month), O_APPEND | O_CREAT | O_RDWR | O_NOFOLLOW, 0o600);
    try {
      await cutTornLine(file);
      await file.appendFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  #path(month: string): string {
    return join(this.path, `${month}.csv`);
  }
}

/** What a power cut left of the last line could be read as a smaller register. */
async function cutTornLine(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  const from = Math.max(0, size - LONGEST_LINE);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(LONGEST_LINE), 0, LONGEST_LINE, from);
  const end = from + buffer.subarray(0, bytesRead).lastIndexOf('\n') + 1;
  if (end < size) await file.truncate(end);
}
