import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { abortable, scope, within } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError, Cause } from '../kernel/errors.ts';
import { inBoth } from '../kernel/language.ts';
import type { Text } from '../kernel/language.ts';
import type { Log } from '../kernel/log.ts';
import { makeExclusive, lookForHolder, ptyNumber } from './port-holder.ts';
import type { Look } from './port-holder.ts';
import { heldProblem, portProblem } from './port-problem.ts';
import type { Wire } from './wire.ts';

const BY_ID = '/dev/serial/by-id';
const LOOK_FIRST_MS = 500;
const LOOK_MOST_MS = 2000;
/** How often an open port's path is looked at. */
const WATCH_MS = 1000;

/** A driver can hang in open(). */
const OPEN_LIMIT_MS = 15_000;

/** Who has the port open for less than this was only looking. */
const PASSING_MS = 500;

export interface SerialOptions {
  readonly byIdFolder?: string;
  readonly log?: Log;
  /** The system's own, unless a test has another. */
  readonly openPort?: (path: string) => Promise<OpenedPort>;
  readonly exclude?: (descriptor: number, signal: AbortSignal) => Promise<boolean>;
}

/** A serial port, found again when the stick comes back under another name. */
export const serialWire = (path: string, clock: Clock, options: SerialOptions = {}): Wire =>
  new SerialWire(path, clock, options);

/** Resolves when `isPresent` says so, looking twice a second at first. */
export async function lookUntil(isPresent: () => Promise<boolean>, clock: Clock, signal: AbortSignal): Promise<void> {
  for (let ms = LOOK_FIRST_MS; !(await isPresent()); ms = Math.min(2 * ms, LOOK_MOST_MS)) await clock.sleep(ms, signal);
}

/**
 * A serial port at 115200 8N1, for us alone: opened only where nobody else has it open, then locked (flock, by
 * serialport's `lock`) and closed to those who do not ask for a lock (TIOCEXCL). A stick that comes back under another
 * name (`ttyUSB1` for `ttyUSB0`) is found again by the by-id link it had when it was opened.
 */
class SerialWire implements Wire {
  readonly name: string;
  readonly #clock: Clock;
  readonly #options: SerialOptions;
  #link: string | undefined;
  #opening: Promise<OpenedPort> | undefined;

  constructor(path: string, clock: Clock, options: SerialOptions) {
    this.name = path;
    this.#clock = clock;
    this.#options = options;
  }

  async open(signal: AbortSignal): Promise<Duplex> {
    const target = (await this.#present()) ?? this.name;
    const late = (): BridgeError => hangs(target);
    const port = await within(this.#clock, OPEN_LIMIT_MS, signal, (limit) => this.#openFree(target, limit), late);
    this.#link = (await linkTo(target, this.#options.byIdFolder ?? BY_ID)) ?? this.#link;
    void destroyWhenGone(port, target, this.#clock);
    return port;
  }

  whenPresent(signal: AbortSignal): Promise<void> {
    return lookUntil(async () => (await this.#present()) !== undefined, this.#clock, signal);
  }

  async #present(): Promise<string | undefined> {
    for (const candidate of this.#link === undefined ? [this.name] : [this.name, this.#link]) {
      if (await realpath(candidate).catch(() => undefined)) return candidate;
    }
    return undefined;
  }

  async #openFree(target: string, signal: AbortSignal): Promise<Duplex> {
    // One that still hangs keeps a thread of ours: another one beside it would keep the next, until none is left.
    const hanging = this.#opening?.catch(() => undefined);
    if (hanging) await abortable(hanging, signal);
    refuseHeld(target, await lookForHolder(target));
    signal.throwIfAborted();
    const port = await this.#opened(target, signal);
    const onError = (): void => undefined; // nobody else listens yet; a port that failed is closed, which is looked at
    port.on('error', onError);
    try {
      await exclude(port, target, this.#options, signal);
      await refuseLatecomer(target, this.#clock, signal);
      if (port.destroyed) throw gone(target);
    } catch (error) {
      await abortable(closed(port), signal);
      throw error;
    }
    port.off('error', onError);
    return port;
  }

  /** Who no longer waits does not get the port, so it is let go of when it comes. */
  async #opened(target: string, signal: AbortSignal): Promise<OpenedPort> {
    const opening = (this.#options.openPort ?? openPort)(target);
    this.#opening = opening;
    void opening.catch(() => undefined).then(() => (this.#opening = undefined));
    return await abortable(opening, signal).catch(async (error: unknown) => {
      void opening.then((late) => late.destroy()).catch(() => undefined);
      throw error;
    });
  }
}

const hangs = (path: string): BridgeError =>
  new BridgeError(
    'PORT_FAILED',
    {
      en: `${path}: not open within ${OPEN_LIMIT_MS / 1000} s: its driver hangs`,
      ja: `${path}: ${OPEN_LIMIT_MS / 1000} 秒以内に開けません（ドライバーが応答しません）`,
    },
    {
      hint: {
        en: 'Replug the stick; if that does not help, restart the machine. It is tried again by itself.',
        ja: 'スティックを挿し直してください。直らない場合は本体を再起動してください。自動で再試行します。',
      },
    },
  );

const GONE: Text = { en: 'the device is gone', ja: 'デバイスが見つからなくなりました' };
const gone = (path: string): BridgeError =>
  new BridgeError(
    'PORT_LOST',
    inBoth((language) => `${path}: ${GONE[language]}`),
  );

/** Nothing is written, and nothing taken from its buffer, while another program has the port. */
function refuseHeld(path: string, look: Look): void {
  if (look.holder) throw heldProblem(path, look);
}

const isPty = async (path: string): Promise<boolean> =>
  await stat(path).then(
    (info) => ptyNumber(info) !== undefined,
    () => false, // gone meanwhile
  );

/** Who came between the first look and the closed door; a look of another bridge at our lock is over at once. */
async function refuseLatecomer(path: string, clock: Clock, signal: AbortSignal): Promise<void> {
  if (!(await lookForHolder(path)).holder) return;
  await clock.sleep(PASSING_MS, signal);
  refuseHeld(path, await lookForHolder(path));
}

/** Not on a pty: where its other end keeps it open the mark outlives us, and would shut us out as any other. */
async function exclude(
  port: OpenedPort,
  path: string,
  { exclude: mark, log }: SerialOptions,
  signal: AbortSignal,
): Promise<void> {
  const { descriptor } = port;
  if (descriptor === undefined || (!mark && (await isPty(path)))) return;
  const isDone = await (mark ?? makeExclusive)(descriptor, signal);
  signal.throwIfAborted();
  if (!isDone)
    log?.info(
      { port: path },
      'only locked, not exclusive: a program that asks for no lock can open the port beside us',
    );
}

async function closed(port: Duplex): Promise<void> {
  if (port.closed) return;
  const end = once(port, 'close');
  port.destroy();
  await end;
}

/** An open port; `descriptor` where the system has such. */
export type OpenedPort = Duplex & { readonly descriptor?: number | undefined };

async function openPort(path: string): Promise<OpenedPort> {
  const { SerialPort } = (await import('serialport')).default;
  const port = new SerialPort({ path, baudRate: 115200, autoOpen: false, lock: true });
  const failure = await new Promise<Error | null>((resolve) => port.open(resolve));
  if (failure) throw await portProblem(path, failure);
  // Destroyed, serialport's stream keeps its descriptor and with it the lock: the next open would find the port busy.
  // oxlint-disable-next-line no-underscore-dangle -- Node's own name for it
  port._destroy = (error, done) => (port.isOpen ? port.close(() => done(error)) : done(error));
  const { port: binding } = port;
  return Object.assign(port, { descriptor: binding && 'fd' in binding ? (binding.fd ?? undefined) : undefined });
}

/**
 * Ends a stream whose device has gone. The hang-up alone does not always get through (serialport misses one in a
 * dozen on a busy machine), and without it the loss would show with the next write, seconds later.
 */
async function destroyWhenGone(port: Duplex, path: string, clock: Clock): Promise<void> {
  using open = scope(new AbortController().signal);
  port.once('close', () => open.abort());
  const was = await identityOf(path);
  while (!port.closed) {
    await clock.sleep(WATCH_MS, open.signal).catch(() => undefined); // closed meanwhile: nothing is left to watch
    if (!port.closed && (await identityOf(path)) !== was) port.destroy(new Cause(GONE));
  }
}

/** What stands at a path: another device, or another link to the same one, is another stick. Undefined for nothing. */
async function identityOf(path: string): Promise<string | undefined> {
  try {
    const [{ ino }, { rdev }] = await Promise.all([lstat(path), stat(path)]);
    return `${ino} ${rdev}`;
  } catch {
    return undefined; // gone, which is what is asked
  }
}

async function linkTo(path: string, folder: string): Promise<string | undefined> {
  const target = await realpath(path).catch(() => undefined);
  for (const name of await readdir(folder).catch(() => [])) {
    const link = join(folder, name);
    if (target !== undefined && (await realpath(link).catch(() => undefined)) === target) return link;
  }
  return undefined;
}
