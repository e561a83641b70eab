import { constants } from 'node:fs';
import { lstat, mkdir, open, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { StateFile } from '../store/state-file.ts';

/** The first reading of a segment that the broker has not acknowledged. */
export interface Cursor {
  readonly segment: number;
  /** Where its line begins. */
  readonly offset: number;
  /** Of its payload: a cursor that belongs to another file of that name is found out. */
  readonly crc: string;
}

export interface SegmentInfo {
  readonly segment: number;
  /** Wall clock of the last write. */
  readonly modifiedMs: number;
}

/** Where segments lie: the seam between the outbox and a disk. Every method may reject with a system error. */
export interface SegmentStore {
  /** Ascending. None when there is no folder yet. */
  list(): Promise<readonly SegmentInfo[]>;
  read(segment: number): Promise<Buffer>;
  /** The segment ends with `bytes` from `offset` on, whatever stood there. Creates it at offset 0. Outlives us when it resolves. */
  write(segment: number, bytes: Buffer, offset: number): Promise<void>;
  remove(segment: number): Promise<void>;
  readCursor(): Promise<Cursor | undefined>;
  /** Outlives us when it resolves. */
  writeCursor(cursor: Cursor): Promise<void>;
  /** What was written outlives a power cut when it resolves. */
  sync(): Promise<void>;
}

/** No segment is that large: what is, a pipe or a link is none of ours. */
const MOST_BYTES = 1_000_000;
/** Written in place: always as long as this, so that a shorter one leaves nothing of a longer one. */
const CURSOR_BYTES = 80;
const CURSOR = 'cursor.json';
const NAME = /^(\d{10})\.jsonl$/;

/** A folder with `0000000001.jsonl`, … and `cursor.json`. */
export class OutboxFolder implements SegmentStore {
  readonly #folder: string;
  readonly #cursor: StateFile<Cursor>;
  /** Paths written since the last `sync`; a new file's name is durable with its folder only. */
  readonly #unsynced = new Set<string>();

  constructor(folder: string, log: Log) {
    this.#folder = folder;
    this.#cursor = new StateFile(folder, CURSOR, parseCursor, log);
  }

  async list(): Promise<readonly SegmentInfo[]> {
    const names = await readdir(this.#folder).catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT') return [];
      throw error;
    });
    const segments = names.flatMap((name) => NAME.exec(name)?.[1] ?? []).sort();
    const found: SegmentInfo[] = [];
    for (const segment of segments.map(Number)) {
      const info = await lstat(this.#path(segment));
      if (info.isFile() && info.size <= MOST_BYTES) found.push({ segment, modifiedMs: info.mtimeMs });
    }
    return found;
  }

  read(segment: number): Promise<Buffer> {
    return readFile(this.#path(segment));
  }

  async write(segment: number, bytes: Buffer, offset: number): Promise<void> {
    const isNew = offset === 0;
    if (isNew) {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await rm(this.#path(segment), { force: true }); // a rest of ours; nor is a link ever followed
    }
    const file = await open(this.#path(segment), isNew ? 'wx' : 'r+', 0o600);
    try {
      await file.truncate(offset); // what a write that failed half-way left behind
      for (let done = 0; done < bytes.length;) {
        done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
      }
    } finally {
      await file.close();
    }
    this.#unsynced.add(this.#path(segment));
    if (isNew) this.#unsynced.add(this.#folder);
  }

  async remove(segment: number): Promise<void> {
    await rm(this.#path(segment), { force: true });
    this.#unsynced.delete(this.#path(segment));
  }

  readCursor(): Promise<Cursor | undefined> {
    return this.#cursor.load();
  }

  async writeCursor(cursor: Cursor): Promise<void> {
    const path = join(this.#folder, CURSOR);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const { O_WRONLY, O_CREAT, O_NOFOLLOW } = constants;
    const file = await open(path, O_WRONLY | O_CREAT | O_NOFOLLOW, 0o600);
    try {
      await file.write(`${JSON.stringify(cursor).padEnd(CURSOR_BYTES - 1)}\n`, 0);
      await file.truncate(CURSOR_BYTES);
    } finally {
      await file.close();
    }
    this.#unsynced.add(path);
  }

  async sync(): Promise<void> {
    for (const path of this.#unsynced) {
      await syncPath(path);
      this.#unsynced.delete(path);
    }
  }

  #path(segment: number): string {
    return join(this.#folder, `${String(segment).padStart(10, '0')}.jsonl`);
  }
}

async function syncPath(path: string): Promise<void> {
  const file = await open(path, 'r').catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw error; // somebody took it away
  });
  try {
    await file?.sync();
  } finally {
    await file?.close();
  }
}

function parseCursor(value: unknown): Cursor {
  const { segment, offset, crc } = value as Record<keyof Cursor, unknown>;
  if (!Number.isSafeInteger(segment) || !Number.isSafeInteger(offset) || typeof crc !== 'string')
    throw new TypeError('not a cursor');
  return { segment: segment as number, offset: offset as number, crc };
}
