import fs from 'node:fs';
import type { MakeDirectoryOptions, OpenMode, RmOptions } from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import type { VirtualClock } from './virtual-clock.ts';

/** What is wrong with it: no room, mounted read-only, every access an error, or everything takes long. */
export type Trouble = 'full' | 'read-only' | 'broken' | 'slow';

const errnos = { full: 'ENOSPC', 'read-only': 'EROFS', broken: 'EIO' } as const;
const SLOW_MS = 1500;
/** So much of a write still fits on a full disk, once. */
const LAST_ROOM_BYTES = 20;

type Access = 'read' | 'change' | 'fill';
const disks = new Map<string, VirtualDisk>();
const diskOf = (path: unknown): VirtualDisk | undefined =>
  typeof path === 'string'
    ? [...disks.values()].find(({ folder }) => `${path}${sep}`.startsWith(folder + sep))
    : undefined;

/**
 * A folder whose files are real and whose time is the test's: what is asked of `node:fs/promises` below it is done at once,
 * in this turn of the event loop, so that a run is as deterministic as its clock; and it fails as told.
 */
export class VirtualDisk implements Disposable {
  readonly folder: string;
  trouble: Trouble | undefined;
  /** Whoever asks is dead already: nothing of it reaches the disk. */
  unreachable = false;
  /** How often something was not written or read, or was damaged. */
  failures = 0;
  readonly #clock: VirtualClock;
  readonly #end = new AbortController();
  #room = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
    this.folder = fs.mkdtempSync(join(tmpdir(), 'disk-'));
    disks.set(this.folder, this);
  }

  /** Files with damaged content; segments of the outbox are left as they are. */
  damageState(text: string): void {
    this.failures++;
    for (const name of ['pan.json', 'meter.json', 'airtime.json']) fs.writeFileSync(join(this.folder, name), text);
  }

  [Symbol.dispose](): void {
    this.#end.abort();
    disks.delete(this.folder);
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  /** Does `action` as the disk's state lets it. */
  async act<T>(access: Access, path: string, action: () => T): Promise<T> {
    if (this.trouble === 'slow') await this.#clock.sleep(SLOW_MS, this.#end.signal);
    const code = this.#refusal(access);
    if (code === undefined) return action();
    this.failures++;
    throw failure(code, path);
  }

  #refusal(access: Access): string | undefined {
    if (this.unreachable) return 'EIO';
    if (this.trouble === 'broken') return errnos.broken;
    if (this.trouble === 'read-only' && access !== 'read') return errnos['read-only'];
    if (this.trouble === 'full' && access === 'fill') return errnos.full;
    return undefined;
  }

  /** @returns how much of `bytes` was written: on a full disk some, then an error. */
  async write(fd: number, path: string, bytes: Uint8Array, position: number | null): Promise<number> {
    this.#room = this.trouble === 'full' ? this.#room : LAST_ROOM_BYTES;
    const length = this.trouble === 'full' ? Math.min(this.#room, bytes.length) : bytes.length;
    const written = await this.act(length === 0 && bytes.length > 0 ? 'fill' : 'change', path, () =>
      fs.writeSync(fd, bytes, 0, length, position),
    );
    this.#room -= Math.min(this.#room, written);
    const nowS = this.#clock.now() / 1000;
    fs.futimesSync(fd, nowS, nowS);
    return written;
  }
}

const failure = (code: string, path: string): Error =>
  Object.assign(new Error(`${code}: as the test wants it, '${path}'`), { code, path });

/** What our program asks of a FileHandle. */
class VirtualFile {
  readonly fd: number;
  readonly #disk: VirtualDisk;
  readonly #path: string;

  constructor(disk: VirtualDisk, path: string, fd: number) {
    this.#disk = disk;
    this.#path = path;
    this.fd = fd;
  }

  write(text: string, position?: number | null): Promise<{ readonly bytesWritten: number }>;
  write(
    bytes: Uint8Array,
    offset?: number,
    length?: number,
    position?: number | null,
  ): Promise<{ readonly bytesWritten: number }>;
  async write(
    what: string | Uint8Array,
    at: number | null = 0,
    length?: number,
    position: number | null = null,
  ): Promise<{ readonly bytesWritten: number }> {
    if (typeof what === 'string')
      return { bytesWritten: await this.#disk.write(this.fd, this.#path, Buffer.from(what), at) };
    const offset = at ?? 0;
    const part = what.subarray(offset, offset + (length ?? what.length - offset));
    return { bytesWritten: await this.#disk.write(this.fd, this.#path, part, position) };
  }

  async writeFile(content: string | Uint8Array): Promise<void> {
    const bytes = Buffer.from(content);
    for (let done = 0; done < bytes.length;)
      done += await this.#disk.write(this.fd, this.#path, bytes.subarray(done), null);
  }

  appendFile(content: string | Uint8Array): Promise<void> {
    return this.writeFile(content);
  }

  readFile(options?: BufferEncoding): Promise<string | Buffer> {
    return this.#read(() => fs.readFileSync(this.fd, options));
  }

  async read(buffer: Uint8Array, offset = 0, length = buffer.length - offset, position: number | null = null) {
    return { bytesRead: await this.#read(() => fs.readSync(this.fd, buffer, offset, length, position)), buffer };
  }

  stat(): Promise<fs.Stats> {
    return this.#read(() => fs.fstatSync(this.fd));
  }

  truncate(length = 0): Promise<void> {
    return this.#disk.act('change', this.#path, () => fs.ftruncateSync(this.fd, length));
  }

  /** Nothing is cached for long here, so there is nothing to wait for. */
  sync(): Promise<void> {
    return this.#disk.act('change', this.#path, () => undefined);
  }

  datasync(): Promise<void> {
    return this.sync();
  }

  chown(uid: number, gid: number): Promise<void> {
    return this.#disk.act('change', this.#path, () => fs.fchownSync(this.fd, uid, gid));
  }

  async close(): Promise<void> {
    fs.closeSync(this.fd);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #read<T>(action: () => T): Promise<T> {
    return this.#disk.act('read', this.#path, action);
  }
}

const writes = (flags: OpenMode | undefined): boolean =>
  typeof flags === 'number'
    ? (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR)) !== 0
    : /[wa+]/.test(flags ?? 'r');

/** Each replaces the function of that name for paths on a virtual disk. */
const replaced = {
  open: async (disk: VirtualDisk, path: string, flags?: OpenMode, mode?: number) =>
    new VirtualFile(
      disk,
      path,
      await disk.act(writes(flags) ? 'change' : 'read', path, () => fs.openSync(path, flags ?? 'r', mode)),
    ),
  readFile: (disk: VirtualDisk, path: string, options?: BufferEncoding) =>
    disk.act('read', path, () => fs.readFileSync(path, options)),
  readdir: (disk: VirtualDisk, path: string) => disk.act('read', path, () => fs.readdirSync(path)),
  stat: (disk: VirtualDisk, path: string) => disk.act('read', path, () => fs.statSync(path)),
  lstat: (disk: VirtualDisk, path: string) => disk.act('read', path, () => fs.lstatSync(path)),
  access: (disk: VirtualDisk, path: string) => disk.act('read', path, () => fs.accessSync(path)),
  mkdir: (disk: VirtualDisk, path: string, options?: MakeDirectoryOptions) =>
    disk.act(fs.existsSync(path) ? 'read' : 'fill', path, () => fs.mkdirSync(path, options)),
  rename: (disk: VirtualDisk, path: string, to: string) => disk.act('change', path, () => fs.renameSync(path, to)),
  rm: (disk: VirtualDisk, path: string, options?: RmOptions) =>
    disk.act(fs.existsSync(path) ? 'change' : 'read', path, () => fs.rmSync(path, options)),
  unlink: (disk: VirtualDisk, path: string) => disk.act('change', path, () => fs.unlinkSync(path)),
  truncate: (disk: VirtualDisk, path: string, length?: number) =>
    disk.act('change', path, () => fs.truncateSync(path, length)),
};

type Callable = (...args: unknown[]) => unknown;
const module = promises as unknown as Record<string, Callable>;
for (const [name, instead] of Object.entries(replaced)) {
  const real = module[name] as Callable;
  module[name] = (path, ...rest) => {
    const disk = diskOf(path);
    return disk ? (instead as Callable)(disk, path, ...rest) : real(path, ...rest);
  };
}
syncBuiltinESMExports();
