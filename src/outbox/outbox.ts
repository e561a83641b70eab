import { abortable, within } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Deadline, Deadlines } from '../kernel/deadlines.ts';
import type { OutboxDisk } from './outbox-disk.ts';
import { Losses } from './outbox-losses.ts';
import { OutboxQueue } from './outbox-queue.ts';
import type { MemoryLimits, Waiting } from './outbox-queue.ts';
import { OutboxWorker } from './outbox-worker.ts';

/** A disk that takes longer for one thing hangs: the stream does not wait for it. */
const HANGS_MS = 5000;
/** From a write to its fsync: an SD card counts these, not writes. So much a power cut may cost; a kill -9 costs none. */
const SYNC_PAUSE_MS = 5000;
/** All that the last write may take. */
const CLOSE_MS = 700;

export interface OutboxDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly deadlines: Deadlines;
  readonly limits: MemoryLimits;
  /** Without one everything waits in memory. */
  readonly disk?: OutboxDisk | undefined;
}

/**
 * Readings the broker has not acknowledged, oldest first. Nothing touches the disk while the broker acknowledges; what
 * waits goes there, and comes back in order. Nothing here throws or makes `push` wait: a disk that refuses is
 * logged once, the readings wait in memory and go to disk when it is back.
 */
export class Outbox {
  readonly #clock: Clock;
  readonly #log: Log;
  /** The next work for the disk, or when the one under way has hung. */
  readonly #next: Deadline;
  readonly #nextSync: Deadline;
  readonly #disk: OutboxDisk | undefined;
  readonly #queue: OutboxQueue;
  readonly #losses: Losses;
  readonly #worker: OutboxWorker | undefined;
  #state: 'idle' | 'serving' | 'closed' = 'idle';
  #working: Promise<void> | undefined;
  #syncing: Promise<void> | undefined;
  #flowing = false;
  #more: () => void = () => undefined;

  constructor({ clock, log, deadlines, limits, disk }: OutboxDeps) {
    this.#clock = clock;
    this.#log = log;
    this.#next = deadlines.create();
    this.#nextSync = deadlines.create();
    this.#disk = disk;
    this.#queue = new OutboxQueue(clock, limits);
    this.#losses = new Losses(clock, log);
    const { losses, queue } = { losses: this.#losses, queue: this.#queue };
    this.#worker = disk && new OutboxWorker({ clock, log, queue, disk, losses, more: () => this.#more() });
  }

  get size(): number {
    return this.#queue.size + (this.#disk?.unloaded ?? 0);
  }

  get dropped(): number {
    return this.#losses.count;
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
    this.#giveUp(this.#queue.push(payload));
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
      this.#disk?.acked(place);
      this.#worker?.acknowledged(1);
    }
    this.#changed();
  }

  /** Will never be taken. */
  discard(id: number): void {
    this.#losses.count++;
    this.ack(id);
  }

  /** Writes what still waits. Resolves soon, whatever the disk does; nothing is written afterwards. */
  async close(): Promise<void> {
    this.#state = 'closed';
    this.#next.cancel();
    this.#nextSync.cancel();
    const tooSlow = (): Error =>
      new BridgeError('STATE_UNWRITABLE', `the outbox was not written within ${CLOSE_MS} ms: readings may be lost`);
    await within(
      this.#clock,
      CLOSE_MS,
      new AbortController().signal, // our caller's is aborted already
      (signal) => abortable(this.#finish(signal), signal),
      tooSlow,
    ).catch((error: unknown) => this.#log.warn({ err: error, queued: this.size }, 'outbox not closed'));
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
    const waitMs = job.dueMs - this.#clock.monotonicMs();
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

  #giveUp(count: number): void {
    this.#losses.gaveWay(count, () => this.size);
  }
}
