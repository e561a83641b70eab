import { abortable, within } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Agenda } from './agenda.ts';
import { Attempts } from './outbox-attempts.ts';
import type { JobName } from './outbox-attempts.ts';
import type { Fate, OutboxDisk, Place } from './outbox-disk.ts';
import { OutboxQueue } from './outbox-queue.ts';
import type { Entry, MemoryLimits, Waiting } from './outbox-queue.ts';
import { Repeats } from './repeats.ts';

/** Acknowledgements take milliseconds: what waits longer goes to disk, at once when there is no connection. */
const SPILL_MS = 3000;
/** Between two writes of readings: an SD card counts writes, not bytes. */
const WRITE_PAUSE_MS = 5000;
/** How far a replay may be ahead of the cursor: so much of it is doubled by a kill -9. */
const CURSOR_PAUSE_MS = 2000;
/** All that the last write may take. */
const CLOSE_MS = 700;

export interface OutboxDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly agenda: Agenda;
  readonly limits: MemoryLimits;
  /** Without one everything waits in memory. */
  readonly disk?: OutboxDisk | undefined;
}

/** Work for the disk and when it is due. */
interface Job {
  readonly dueMs: number;
  readonly run: () => Promise<void>;
}

/**
 * Readings the broker has not acknowledged, oldest first. Nothing touches the disk while the broker acknowledges; what
 * waits goes there in batches, and comes back in order. Nothing here throws or makes `push` wait: a disk that refuses is
 * logged once, the readings wait in memory and go to disk when it is back.
 */
export class Outbox {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #agenda: Agenda;
  readonly #disk: OutboxDisk | undefined;
  readonly #queue: OutboxQueue;
  readonly #losses: Repeats;
  /** Whether the earlier starts' readings, which go first, have been found; `refused`: not now, the new ones go ahead. */
  #opened: 'yes' | 'no' | 'refused';
  #state: 'idle' | 'serving' | 'closed' = 'idle';
  #working: Promise<void> | undefined;
  #flowing = false;
  #more: () => void = () => undefined;
  readonly #attempts: Attempts;
  #progress = false; // something was acknowledged since the last cursor
  #droppedUnsaid = 0;
  dropped = 0;

  constructor({ clock, log, agenda, limits, disk }: OutboxDeps) {
    this.#clock = clock;
    this.#log = log;
    this.#agenda = agenda;
    this.#disk = disk;
    this.#queue = new OutboxQueue(clock, limits);
    this.#attempts = new Attempts(clock, log);
    this.#losses = new Repeats(clock, 3_600_000);
    this.#opened = disk ? 'no' : 'yes';
  }

  get size(): number {
    return this.#queue.size + (this.#disk?.unloaded ?? 0);
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
      this.#advanced(this.#queue.first?.place?.segment === place.segment); // else its whole segment goes
    }
    this.#changed();
  }

  /** Will never be taken. */
  discard(id: number): void {
    this.dropped++;
    this.ack(id);
  }

  /** Acknowledged, but the disk does not know yet: a kill -9 would double them. */
  get unnoted(): number {
    return 0;
  }

  /** Writes what still waits. Resolves soon, whatever the disk does; nothing is written afterwards. */
  async close(): Promise<void> {
    this.#state = 'closed';
    this.#agenda.cancel('outbox');
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

  /** What the disk has delivered moves up, and the next work for it is begun or put on the agenda. */
  #changed(): void {
    const isNext = this.#opened === 'refused' || (this.#opened === 'yes' && this.#disk?.isComplete !== false);
    const hasMore = isNext && (this.#disk?.unloaded ?? 0) === 0 && this.#queue.advance();
    this.#work();
    if (hasMore) this.#more();
  }

  #work(): void {
    if (this.#state !== 'serving' || this.#working) return;
    const [job] = this.#jobs().sort((a, b) => a.dueMs - b.dueMs);
    if (!job) return this.#agenda.cancel('outbox');
    const waitMs = job.dueMs - this.#clock.monotonicMs();
    if (waitMs > 0) return this.#agenda.in(waitMs, 'outbox', () => this.#work());
    this.#working = job.run().finally(() => {
      this.#working = undefined;
      this.#changed();
    });
  }

  #jobs(): Job[] {
    const disk = this.#disk;
    if (!disk) return [];
    const notBefore = (name: JobName): number => this.#attempts.notBefore(name);
    if (this.#opened !== 'yes') return [{ dueMs: notBefore('open'), run: () => this.#open(disk) }];
    const jobs: Job[] = [];
    if (!disk.isComplete) jobs.push({ dueMs: notBefore('load'), run: () => this.#takeOver(disk) });
    else if (this.#queue.isLow && disk.unloaded > 0)
      jobs.push({ dueMs: notBefore('load'), run: () => this.#load(disk) });
    if (disk.hasSpent) jobs.push({ dueMs: notBefore('sweep'), run: () => this.#sweep(disk) });
    const oldest = this.#queue.oldestUnstored;
    if (oldest) {
      const ripeMs = this.#flowing && !this.#queue.isFull ? oldest.sinceMs + SPILL_MS : 0;
      jobs.push({ dueMs: Math.max(ripeMs, notBefore('spill')), run: () => this.#spill(disk) });
    }
    const first = this.#queue.first;
    if (this.#progress && first?.place) {
      const { place, payload } = first;
      jobs.push({ dueMs: notBefore('cursor'), run: () => this.#writeCursor(disk, place, payload) });
    }
    return jobs;
  }

  async #open(disk: OutboxDisk): Promise<void> {
    const done = await this.#attempts.run('open', async () => {
      await disk.open();
      this.#opened = 'yes';
    });
    if (!done) this.#opened = 'refused';
  }

  async #takeOver(disk: OutboxDisk): Promise<void> {
    await this.#attempts.run('load', () => disk.takeOver());
    if (disk.isComplete) this.#log.info({ queued: this.size }, 'outbox: readings of earlier starts are sent first');
  }

  async #load(disk: OutboxDisk): Promise<void> {
    await this.#attempts.run('load', async () => {
      this.#queue.arrive(await disk.load());
      this.#more();
    });
  }

  async #sweep(disk: OutboxDisk): Promise<void> {
    await this.#attempts.run('sweep', async () => this.#giveUp(await disk.sweep((gone) => this.#queue.forget(gone))));
  }

  async #spill(disk: OutboxDisk): Promise<void> {
    this.#attempts.pause('spill', WRITE_PAUSE_MS);
    await this.#attempts.run('spill', async () => {
      while (this.#queue.oldestUnstored) {
        this.#giveUp(await disk.makeRoom((gone) => this.#queue.forget(gone)));
        await this.#append(disk, this.#queue.unstored()); // asked for now: some may have been acknowledged meanwhile
      }
    });
  }

  async #append(disk: OutboxDisk, entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    for (const entry of entries) entry.state = 'writing';
    let places: readonly Place[] = [];
    try {
      places = await disk.append(entries.map(({ payload }) => payload));
    } finally {
      for (const entry of entries) if (entry.state === 'writing') entry.state = 'waiting';
    }
    const fates = places.map((place, i): Fate => {
      const entry = entries[i];
      return entry ? this.#queue.stored(entry, place) : 'acked';
    });
    disk.settle(places, fates);
    if (fates.includes('acked')) this.#advanced(true);
  }

  /** The cursor waits a little: a replay that ends soon needs none. */
  #advanced(is: boolean): void {
    if (is && !this.#progress) this.#attempts.pause('cursor', CURSOR_PAUSE_MS);
    this.#progress = is;
  }

  async #writeCursor(disk: OutboxDisk, place: Place, payload: string): Promise<void> {
    this.#progress = false;
    await this.#attempts.run('cursor', () => disk.writeCursor(place, payload));
  }

  async #finish(signal: AbortSignal): Promise<void> {
    const disk = this.#disk;
    if (!disk) return;
    await this.#working;
    if (this.#opened !== 'yes' && this.#queue.size > 0) await this.#open(disk);
    if (this.#opened !== 'yes') return;
    if (disk.hasSpent && !signal.aborted) await this.#sweep(disk);
    if (this.#queue.oldestUnstored && !signal.aborted) await this.#spill(disk);
    const { first } = this.#queue;
    if (this.#progress && first?.place && !signal.aborted) await this.#writeCursor(disk, first.place, first.payload);
  }

  #giveUp(count: number): void {
    if (count === 0) return;
    this.dropped += count;
    this.#droppedUnsaid += count;
    if (this.#losses.due('full') === undefined) return;
    this.#log.warn(
      { dropped: this.#droppedUnsaid, queued: this.size },
      'outbox full: the oldest readings are given up',
    );
    this.#droppedUnsaid = 0;
  }
}
