import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import { Attempts, RETRY_MS } from './outbox-attempts.ts';
import type { JobName } from './outbox-attempts.ts';
import type { WriteFate, OutboxDisk, SegmentPlace } from './outbox-disk.ts';
import type { Losses } from './outbox-losses.ts';
import type { Entry, OutboxQueue } from './outbox-queue.ts';

/** Acknowledgements take milliseconds: what waits longer goes to disk, at once when no broker takes readings. */
const SPILL_MS = 3000;

/** Work for the disk and when it is due. */
export interface Job {
  readonly dueMs: number;
  readonly run: () => Promise<void>;
}

export interface WorkerDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly queue: OutboxQueue;
  readonly disk: OutboxDisk;
  readonly losses: Losses;
  /** Called when more may be sent than before. */
  readonly more: () => void;
}

/** What has to be done on the disk, between the part of the outbox that is in memory and the part that lies there. */
export class OutboxWorker {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #queue: OutboxQueue;
  readonly #disk: OutboxDisk;
  readonly #losses: Losses;
  readonly #more: () => void;
  readonly #attempts: Attempts;
  /** Whether the earlier starts' readings, which go first, have been found; `refused`: not now, the new ones go ahead. */
  #opened: 'yes' | 'no' | 'refused' = 'no';
  #progress = false; // something was acknowledged that the disk does not know
  #unnoted = 0;
  /** Something was written that a power cut would take. */
  isUnsynced = false;

  constructor({ clock, log, queue, disk, losses, more }: WorkerDeps) {
    this.#clock = clock;
    this.#log = log;
    this.#queue = queue;
    this.#disk = disk;
    this.#losses = losses;
    this.#more = more;
    this.#attempts = new Attempts(clock, log);
  }

  /** What goes next is in memory, or has to be written first. */
  get hasNext(): boolean {
    const isKnown = this.#opened === 'refused' || (this.#opened === 'yes' && this.#disk.isComplete);
    return isKnown && this.#disk.unloaded === 0;
  }

  /** Acknowledged readings of which the disk does not know yet: a kill -9 would double them. 0 when it cannot be told. */
  get unnoted(): number {
    return this.#attempts.notBefore('note') > this.#clock.monotonicMs() ? 0 : this.#unnoted;
  }

  /** So many were acknowledged that lie on disk. */
  acknowledged(count: number): void {
    if (count > 0) this.#progress = true;
    this.#unnoted += count;
  }

  /** The disk hangs: a replay that doubles more is better than none. */
  waitNoMore(): void {
    this.#attempts.pause('note', RETRY_MS);
    this.#more();
  }

  /** @param flowing whether a broker takes readings. */
  jobs(flowing: boolean): Job[] {
    const notBefore = (name: JobName): number => this.#attempts.notBefore(name);
    if (this.#opened !== 'yes') return [{ dueMs: notBefore('open'), run: () => this.#open() }];
    const jobs: Job[] = [];
    if (!this.#disk.isComplete) jobs.push({ dueMs: notBefore('load'), run: () => this.#takeOver() });
    else if (this.#queue.isLow && this.#disk.unloaded > 0)
      jobs.push({ dueMs: notBefore('load'), run: () => this.#load() });
    const oldest = this.#queue.oldestUnstored;
    if (oldest) {
      const isAtOnce = !flowing || this.#disk.isInUse || this.#queue.isFull;
      const ripeMs = isAtOnce ? 0 : oldest.sinceMs + SPILL_MS;
      jobs.push({ dueMs: Math.max(ripeMs, notBefore('spill')), run: () => this.#spill() });
    }
    if (this.#progress || this.#disk.hasSpent) jobs.push({ dueMs: notBefore('note'), run: () => this.#note() });
    return jobs;
  }

  async #open(): Promise<void> {
    const done = await this.#attempts.run('open', async () => {
      await this.#disk.open();
      this.#opened = 'yes';
    });
    if (!done) this.#opened = 'refused';
  }

  async #takeOver(): Promise<void> {
    await this.#attempts.run('load', () => this.#disk.takeOver());
    if (this.#disk.isComplete)
      this.#log.info(
        { queued: this.#queue.size + this.#disk.unloaded },
        'outbox: readings of earlier starts are sent first',
      );
  }

  async #load(): Promise<void> {
    await this.#attempts.run('load', async () => {
      this.#queue.arrive(await this.#disk.load());
      this.#progress = true; // of a segment that is partly acknowledged
      this.#more();
    });
  }

  async #spill(): Promise<void> {
    await this.#attempts.run('spill', async () => {
      while (this.#queue.oldestUnstored) {
        this.#gaveWay(await this.#disk.makeRoom((gone) => this.#queue.forget(gone)));
        await this.#append(this.#queue.unstored()); // asked for now: some may have been acknowledged meanwhile
      }
    });
  }

  async #append(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    for (const entry of entries) entry.state = 'writing';
    let places: readonly SegmentPlace[] = [];
    try {
      places = await this.#disk.append(entries.map(({ payload }) => payload));
    } finally {
      for (const entry of entries) if (entry.state === 'writing') entry.state = 'waiting';
    }
    const fates = places.map((place, i): WriteFate => {
      const entry = entries[i];
      return entry ? this.#queue.stored(entry, place) : 'acked';
    });
    this.#disk.settle(places, fates);
    this.isUnsynced = true;
    this.acknowledged(fates.filter((fate) => fate === 'acked').length);
  }

  /** Lets the disk know what was acknowledged: whole segments go, of the next one the cursor tells. */
  async #note(): Promise<void> {
    await Promise.resolve(); // acknowledgements come several at a time
    const count = this.#unnoted;
    const isBehind = this.#progress;
    this.#progress = false;
    const done = await this.#attempts.run('note', async () => {
      if (this.#disk.hasSpent) this.#gaveWay(await this.#disk.sweep((gone) => this.#queue.forget(gone)));
      const { first } = this.#queue;
      if (!isBehind || !first?.place) return;
      await this.#disk.writeCursor(first.place, first.payload);
      this.isUnsynced = true;
    });
    if (!done) this.#progress = isBehind;
    this.#unnoted -= count;
    this.#more();
  }

  /** Beside the jobs, for it can take seconds. */
  async sync(): Promise<void> {
    this.isUnsynced = false;
    if (!(await this.#attempts.run('sync', () => this.#disk.sync()))) this.isUnsynced = true;
  }

  /** What still waits goes to disk, as far as it comes before `signal` aborts. */
  async finish(signal: AbortSignal): Promise<void> {
    if (this.#opened !== 'yes' && this.#queue.size > 0) await this.#open();
    if (this.#opened !== 'yes') return;
    if (this.#queue.oldestUnstored && !signal.aborted) await this.#spill();
    if ((this.#progress || this.#disk.hasSpent) && !signal.aborted) await this.#note();
    if (this.isUnsynced && !signal.aborted) await this.sync();
  }

  #gaveWay(count: number): void {
    this.#losses.gaveWay(count, () => this.#queue.size + this.#disk.unloaded);
  }
}
