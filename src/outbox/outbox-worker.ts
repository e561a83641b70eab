import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { WriteFate, OutboxDisk, SegmentPlace } from './outbox-disk.ts';
import type { Entry, OutboxQueue } from './outbox-queue.ts';

/** Acknowledgements take milliseconds: what waits longer goes to disk, at once when no broker takes readings. */
const SPILL_MS = 3000;
/** Between two tries of what the disk refused. */
const RETRY_MS = 10_000;

type JobName = 'open' | 'load' | 'spill' | 'note' | 'sync';

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
  /** Where its files are, for the log. */
  readonly path?: string | undefined;
  /** Called with how many readings were given up to make room. */
  readonly gaveWay: (count: number) => void;
  /** Called when more may be sent than before. */
  readonly more: () => void;
}

/** What has to be done on the disk, between the part of the outbox that is in memory and the part that lies there. */
export class OutboxWorker {
  readonly #deps: WorkerDeps;
  /** When each kind of work may be tried, monotonic. */
  readonly #notBeforeMs: Record<JobName, number> = { open: 0, load: 0, spill: 0, note: 0, sync: 0 };
  /** The disk refused, and the log has it. */
  #isRefused = false;
  /** Whether the earlier starts' readings, which go first, have been found; `refused`: not now, the new ones go ahead. */
  #opened: 'yes' | 'no' | 'refused' = 'no';
  #progress = false; // something was acknowledged that the disk does not know
  #unnoted = 0;
  /** Something was written that a power cut would take. */
  isUnsynced = false;

  constructor(deps: WorkerDeps) {
    this.#deps = deps;
  }

  /** What goes next is in memory, or has to be written first. */
  get hasNext(): boolean {
    const isKnown = this.#opened === 'refused' || (this.#opened === 'yes' && this.#deps.disk.isComplete);
    return isKnown && this.#deps.disk.unloaded === 0;
  }

  /** Acknowledged readings of which the disk does not know yet: a kill -9 would double them. 0 when it cannot be told. */
  get unnoted(): number {
    return this.#notBeforeMs.note > this.#deps.clock.monotonicMs() ? 0 : this.#unnoted;
  }

  /** So many were acknowledged that lie on disk. */
  acknowledged(count: number): void {
    if (count > 0) this.#progress = true;
    this.#unnoted += count;
  }

  /** The disk hangs: a replay that doubles more is better than none. */
  waitNoMore(): void {
    this.#pause('note');
    this.#deps.more();
  }

  /** @param flowing whether a broker takes readings. */
  jobs(flowing: boolean): Job[] {
    const { queue, disk } = this.#deps;
    const notBefore = this.#notBeforeMs;
    if (this.#opened !== 'yes') return [{ dueMs: notBefore.open, run: () => this.#open() }];
    const jobs: Job[] = [];
    if (!disk.isComplete) jobs.push({ dueMs: notBefore.load, run: () => this.#takeOver() });
    else if (queue.isLow && disk.unloaded > 0) jobs.push({ dueMs: notBefore.load, run: () => this.#load() });
    const oldest = queue.oldestUnstored;
    if (oldest) {
      const isAtOnce = !flowing || disk.isInUse || queue.isFull;
      const ripeMs = isAtOnce ? 0 : oldest.sinceMs + SPILL_MS;
      jobs.push({ dueMs: Math.max(ripeMs, notBefore.spill), run: () => this.#spill() });
    }
    if (this.#progress || disk.hasSpent) jobs.push({ dueMs: notBefore.note, run: () => this.#note() });
    return jobs;
  }

  async #open(): Promise<void> {
    const done = await this.#try('open', async () => {
      await this.#deps.disk.open();
      this.#opened = 'yes';
    });
    if (!done) this.#opened = 'refused';
  }

  async #takeOver(): Promise<void> {
    const { queue, disk, log } = this.#deps;
    await this.#try('load', () => disk.takeOver());
    const queued = queue.size + disk.unloaded;
    if (disk.isComplete) log.info({ queued }, 'outbox: readings of earlier starts are sent first');
  }

  async #load(): Promise<void> {
    await this.#try('load', async () => {
      this.#deps.queue.arrive(await this.#deps.disk.load());
      this.#progress = true; // of a segment that is partly acknowledged
      this.#deps.more();
    });
  }

  async #spill(): Promise<void> {
    const { queue, disk, gaveWay } = this.#deps;
    await this.#try('spill', async () => {
      while (queue.oldestUnstored) {
        gaveWay(await disk.makeRoom((gone) => queue.forget(gone)));
        await this.#append(queue.unstored()); // asked for now: some may have been acknowledged meanwhile
      }
    });
  }

  async #append(entries: readonly Entry[]): Promise<void> {
    const { queue, disk } = this.#deps;
    if (entries.length === 0) return;
    for (const entry of entries) entry.state = 'writing';
    let places: readonly SegmentPlace[] = [];
    try {
      places = await disk.append(entries.map(({ payload }) => payload));
    } finally {
      for (const entry of entries) if (entry.state === 'writing') entry.state = 'waiting';
    }
    const fates = places.map((place, i): WriteFate => {
      const entry = entries[i];
      return entry ? queue.stored(entry, place) : 'acked';
    });
    disk.settle(places, fates);
    this.isUnsynced = true;
    this.acknowledged(fates.filter((fate) => fate === 'acked').length);
  }

  /** Lets the disk know what was acknowledged: whole segments go, of the next one the cursor tells. */
  async #note(): Promise<void> {
    const { queue, disk, gaveWay, more } = this.#deps;
    await Promise.resolve(); // acknowledgements come several at a time
    const count = this.#unnoted;
    const isBehind = this.#progress;
    this.#progress = false;
    const done = await this.#try('note', async () => {
      if (disk.hasSpent) gaveWay(await disk.sweep((gone) => queue.forget(gone)));
      const { first } = queue;
      if (!isBehind || !first?.place) return;
      await disk.writeCursor(first.place, first.payload);
      this.isUnsynced = true;
    });
    if (!done) this.#progress = isBehind;
    this.#unnoted -= count;
    more();
  }

  /** Beside the jobs, for it can take seconds. */
  async sync(): Promise<void> {
    this.isUnsynced = false;
    if (!(await this.#try('sync', () => this.#deps.disk.sync()))) this.isUnsynced = true;
  }

  /** What still waits goes to disk, as far as it comes before `signal` aborts. */
  async finish(signal: AbortSignal): Promise<void> {
    const { queue, disk } = this.#deps;
    if (this.#opened !== 'yes' && queue.size > 0) await this.#open();
    if (this.#opened !== 'yes') return;
    if (queue.oldestUnstored && !signal.aborted) await this.#spill();
    if ((this.#progress || disk.hasSpent) && !signal.aborted) await this.#note();
    if (this.isUnsynced && !signal.aborted) await this.sync();
  }

  /** After the disk refused. */
  #pause(name: JobName): void {
    this.#notBeforeMs[name] = this.#deps.clock.monotonicMs() + RETRY_MS;
  }

  /** Never rejects; a disk that refuses is logged once, and when it is well again. @returns false when it is to be tried again later. */
  async #try(name: JobName, job: () => Promise<void>): Promise<boolean> {
    const { log, path } = this.#deps;
    try {
      await job();
    } catch (error) {
      this.#pause(name);
      if (!this.#isRefused)
        log.warn({ err: error, path, code: 'STATE_UNWRITABLE' }, 'outbox cannot be used: readings wait in memory');
      this.#isRefused = true;
      return false;
    }
    if (name === 'spill' && this.#isRefused) {
      this.#isRefused = false;
      log.info('outbox is on disk again');
    }
    return true;
  }
}
