import { join } from 'node:path';
import { abortable, within } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Deadline, Deadlines } from '../kernel/deadlines.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { LogThrottle } from '../kernel/log-writer.ts';
import { OutboxDisk } from './outbox-disk.ts';
import { OutboxFolder } from './outbox-folder.ts';
import { OutboxQueue } from './outbox-queue.ts';
import type { MemoryLimits, Waiting } from './outbox-queue.ts';
import { OutboxWorker } from './outbox-worker.ts';

/** In memory: a day at the default interval, some 2 MB, when the disk does not help. */
const MEMORY = { window: 1000, count: 10_000, ageMs: 48 * 3_600_000 };
/** On disk: some 400,000 readings, six weeks at the default interval. A segment is what replay takes 4 s for. */
const DISK = { bytes: 64 * 1024 * 1024, ageMs: 30 * 86_400_000, segmentBytes: 64 * 1024 };

/** A disk that takes longer for one thing hangs: the stream does not wait for it. */
const HANGS_MS = 5000;
/** From a write to its fsync: an SD card counts these, not writes. So much a power cut may cost; a kill -9 costs none. */
const SYNC_PAUSE_MS = 5000;
/** All that the last write may take. */
const CLOSE_MS = 700;
/** Between two lines of the log about readings given up. */
const QUIET_MS = 3_600_000;

export interface OutboxDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly deadlines: Deadlines;
  readonly limits: MemoryLimits;
  /** Without one everything waits in memory. */
  readonly disk?: OutboxDisk | undefined;
  /** Where the disk's files are, for the log. */
  readonly path?: string | undefined;
}

/**
 * Readings the broker has not acknowledged, oldest first. Nothing touches the disk while the broker acknowledges; what
 * waits goes there, and comes back in order. Nothing here throws or makes `push` wait: a disk that refuses is
 * logged once, the readings wait in memory and go to disk when it is back.
 */
export class Outbox {
  /** Readings given up since the start. */
  dropped = 0;
  readonly #deps: OutboxDeps;
  /** The next work for the disk, or when the one under way has hung. */
  readonly #next: Deadline;
  readonly #nextSync: Deadline;
  readonly #queue: OutboxQueue;
  readonly #worker: OutboxWorker | undefined;
  readonly #fullLog: LogThrottle;
  #unlogged = 0;
  #state: 'idle' | 'serving' | 'closed' = 'idle';
  #working: Promise<void> | undefined;
  #syncing: Promise<void> | undefined;
  #flowing = false;
  #more: () => void = () => undefined;

  constructor(deps: OutboxDeps) {
    const { clock, log, deadlines, limits, disk, path } = deps;
    this.#deps = deps;
    this.#next = deadlines.create();
    this.#nextSync = deadlines.create();
    this.#fullLog = new LogThrottle(clock, QUIET_MS);
    const queue = new OutboxQueue(clock, limits);
    this.#queue = queue;
    const gaveWay = (count: number): void => this.#gaveWay(count);
    this.#worker = disk && new OutboxWorker({ clock, log, queue, disk, path, gaveWay, more: () => this.#more() });
  }

  get size(): number {
    return this.#queue.size + (this.#deps.disk?.unloaded ?? 0);
  }

  /** Acknowledged readings of which the disk does not know yet: a kill -9 would double them. 0 when it cannot be told. */
  get unnoted(): number {
    return this.#worker?.unnoted ?? 0;
  }

  /** From now on the disk is used. @param more called when readings have come that `peek` did not know. */
  serve(more: () => void): void {
    this.#more = more;
    this.#state = 'serving';
    this.#changed();
  }

  /** Whether a broker takes readings. While none does, each goes to disk at once. */
  flowing(is: boolean): void {
    this.#flowing = is;
    this.#changed();
  }

  push(payload: string): void {
    this.#gaveWay(this.#queue.push(payload));
    this.#changed();
  }

  /** The oldest one after `id`; 0 for the very oldest. */
  peek(id: number): Waiting | undefined {
    return this.#queue.peek(id);
  }

  /** The broker has it. */
  ack(id: number): void {
    const place = this.#queue.ack(id)?.place;
    if (place) {
      this.#deps.disk?.acked(place);
      this.#worker?.acknowledged(1);
    }
    this.#changed();
  }

  /** Will never be taken. */
  discard(id: number): void {
    this.dropped++;
    this.ack(id);
  }

  /** Writes what still waits. Resolves soon, whatever the disk does; nothing is written afterwards. */
  async close(): Promise<void> {
    this.#state = 'closed';
    this.#next.cancel();
    this.#nextSync.cancel();
    const tooSlow = (): Error =>
      new BridgeError('STATE_UNWRITABLE', {
        en: `the outbox was not written within ${CLOSE_MS} ms: readings may be lost`,
        ja: `${CLOSE_MS} ms 以内に送信待ちの計測値を書き込めませんでした。失われる場合があります`,
      });
    await within(
      this.#deps.clock,
      CLOSE_MS,
      new AbortController().signal, // our caller's is aborted already
      (signal) => abortable(this.#finish(signal), signal),
      tooSlow,
    ).catch((error: unknown) => this.#deps.log.warn({ err: error, queued: this.size }, 'outbox not closed'));
  }

  /** What the disk has delivered moves up, and the next work for it is begun or put on the deadlines. */
  #changed(): void {
    const hasMore = this.#worker?.hasNext !== false && this.#queue.advance();
    this.#work();
    if (this.#worker?.isUnsynced && this.#state === 'serving' && !this.#nextSync.isSet)
      this.#nextSync.in(SYNC_PAUSE_MS, () => this.#sync());
    if (hasMore) this.#more();
  }

  #work(): void {
    const worker = this.#worker;
    if (!worker || this.#state !== 'serving' || this.#working) return;
    const [job] = worker.jobs(this.#flowing).sort((a, b) => a.dueMs - b.dueMs);
    if (!job) return this.#next.cancel();
    const waitMs = job.dueMs - this.#deps.clock.monotonicMs();
    if (waitMs > 0) return this.#next.in(waitMs, () => this.#work());
    this.#next.in(HANGS_MS, () => worker.waitNoMore());
    this.#working = job.run().finally(() => {
      this.#working = undefined;
      this.#next.cancel();
      this.#changed();
    });
  }

  #sync(): void {
    if (this.#syncing || this.#state !== 'serving') return; // what is written meanwhile comes with the next one
    this.#syncing = this.#worker?.sync().finally(() => {
      this.#syncing = undefined;
      this.#changed();
    });
  }

  async #finish(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#working, this.#syncing]);
    await this.#worker?.finish(signal);
  }

  #gaveWay(count: number): void {
    if (count === 0) return;
    this.dropped += count;
    this.#unlogged += count;
    if (this.#fullLog.due('full') === undefined) return;
    const facts = { dropped: this.#unlogged, queued: this.size };
    this.#deps.log.warn(facts, 'outbox full: the oldest readings are given up');
    this.#unlogged = 0;
  }
}

/**
 * Nothing is read or written yet.
 * @param stateDir the meter's folder; without one everything waits in memory.
 * @param name of the folder within: what must not wait for each other has one each
 */
export function openOutbox(
  stateDir: string | undefined,
  deps: Omit<OutboxDeps, 'limits' | 'disk' | 'path'>,
  name = 'outbox',
): Outbox {
  const path = stateDir === undefined ? undefined : join(stateDir, name);
  const folder = path === undefined ? undefined : new OutboxFolder(path, deps.log);
  return new Outbox({ ...deps, limits: MEMORY, disk: folder && new OutboxDisk(folder, DISK, deps), path });
}
