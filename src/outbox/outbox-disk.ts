import type { Clock } from '../kernel/clock.ts';
import { systemCode } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Cursor, SegmentInfo, SegmentStore } from './outbox-folder.ts';
import { checksum, decodeSegment, encodeLine } from './outbox-lines.ts';

export interface DiskLimits {
  readonly bytes: number;
  readonly ageMs: number;
  /** Where one segment ends and the next begins. */
  readonly segmentBytes: number;
}

/** One file. Its readings leave for memory in order: what lies before `loaded` has done so. */
interface Segment {
  readonly number: number;
  bytes: number;
  loaded: number;
  /** Readings not in memory. */
  unloaded: number;
  /** Readings not acknowledged, in memory or not. */
  pending: number;
  /** Monotonic. Negative for a file older than this process. */
  writtenMs: number;
}

/** Where a reading lies. */
export interface SegmentPlace {
  readonly segment: Segment;
  readonly start: number;
}

export interface LoadedReadings {
  readonly payload: string;
  readonly place: SegmentPlace;
}

/** Of an appended reading: still in memory, acknowledged meanwhile, or on disk only. */
export type WriteFate = 'held' | 'acked' | 'left';

/** A clock that says less has not been set yet (a Raspberry Pi without network): ages told by it are not believed. */
const CLOCK_SET_MS = Date.UTC(2024, 0, 1);
/** A segment that cannot be read is passed over after so many tries, and left for the next start. */
const READ_TRIES = 6;

/** The part of the outbox that lies on disk: a queue of segments. One call at a time, but for `acked`. */
export class OutboxDisk {
  readonly #store: SegmentStore;
  readonly #limits: DiskLimits;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #segments: Segment[] = [];
  /** The one that is written to. Those of earlier starts are not: their last line may be torn. */
  #active: Segment | undefined;
  #nextNumber = 1;
  /** Of earlier starts, not yet looked at. */
  #found: readonly SegmentInfo[] = [];
  #cursor: Cursor | undefined;
  #failedReads = 0;

  constructor(store: SegmentStore, limits: DiskLimits, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#store = store;
    this.#limits = limits;
    this.#clock = clock;
    this.#log = log;
  }

  /** Readings that lie on disk only. */
  get unloaded(): number {
    return this.#segments.reduce((sum, { unloaded }) => sum + unloaded, 0);
  }

  /** Something can be removed: everything in it is acknowledged, or it is too old. */
  get hasSpent(): boolean {
    return this.#segments.some((segment) => this.#isSpent(segment));
  }

  /** Something lies on disk. What comes behind it goes there too. */
  get isInUse(): boolean {
    return this.#segments.length > 0 || this.#found.length > 0;
  }

  /** Everything of earlier starts has been looked at: what is sent first is known. */
  get isComplete(): boolean {
    return this.#found.length === 0;
  }

  /** Looks for what earlier starts left; from then on it can be appended to. Rejects when the folder cannot be read. */
  async open(): Promise<void> {
    const found = await this.#store.list();
    this.#cursor = await this.#store.readCursor();
    this.#nextNumber = Math.max(0, this.#cursor?.segment ?? 0, ...found.map(({ segment }) => segment)) + 1;
    this.#found = found;
  }

  /** Takes over one segment of an earlier start. Rejects when it cannot be read now. */
  async takeOver(): Promise<void> {
    const [info, ...others] = this.#found;
    if (!info) return;
    const bytes = await this.#read(info.segment);
    if (bytes) this.#inherit(info, bytes);
    this.#found = others;
  }

  /**
   * Appends as many of `payloads` as the segment takes, at least one. What cannot be written is not there: a second try
   * overwrites it. @returns where each one lies; `settle` must follow.
   */
  async append(payloads: readonly string[]): Promise<SegmentPlace[]> {
    const [first = '', ...others] = payloads.map(encodeLine);
    const size = Buffer.byteLength(first);
    if (this.#active && this.#active.bytes + size > this.#limits.segmentBytes) this.#active = undefined;
    const segment = this.#active ?? this.#fresh();
    const places: SegmentPlace[] = [{ segment, start: segment.bytes }];
    let text = first;
    let end = segment.bytes + size;
    for (const line of others) {
      const next = end + Buffer.byteLength(line);
      if (next > this.#limits.segmentBytes) break;
      places.push({ segment, start: end });
      text += line;
      end = next;
    }
    try {
      await this.#store.write(segment.number, Buffer.from(text), segment.bytes);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') this.#active = undefined; // somebody took it away
      throw error;
    }
    if (this.#active !== segment) {
      this.#active = segment;
      this.#segments.push(segment);
      this.#nextNumber++;
    }
    segment.bytes = end;
    segment.writtenMs = this.#clock.monotonicMs();
    return places;
  }

  /** Takes note of what became of appended readings while they were written; those that memory forgets come last. */
  settle(places: readonly SegmentPlace[], fates: readonly WriteFate[]): void {
    fates.forEach((fate, i) => {
      const segment = places[i]?.segment;
      if (!segment) return;
      if (fate !== 'acked') segment.pending++;
      if (fate === 'left') segment.unloaded++;
      else segment.loaded = places[i + 1]?.start ?? segment.bytes;
    });
  }

  /** The next segment's readings that are not in memory. Rejects when it cannot be read now. */
  async load(): Promise<LoadedReadings[]> {
    const segment = this.#segments.find(({ unloaded }) => unloaded > 0);
    if (!segment) return [];
    const bytes = await this.#read(segment.number);
    if (!bytes) {
      this.#forget(segment);
      return [];
    }
    const { lines } = decodeSegment(bytes.subarray(segment.loaded, segment.bytes), segment.loaded);
    const lost = segment.unloaded - lines.length;
    if (lost > 0) this.#log.warn({ segment: segment.number, damaged: lost }, 'outbox: damaged readings dropped');
    segment.pending -= lost;
    segment.unloaded = 0;
    segment.loaded = segment.bytes;
    return lines.map(({ payload, start }) => ({ payload, place: { segment, start } }));
  }

  acked({ segment }: SegmentPlace): void {
    segment.pending--;
  }

  /** Removes what is acknowledged or too old. @returns the readings given up by their age. Rejects when a file stays. */
  async sweep(givenUp: (segment: Segment) => void): Promise<number> {
    let count = 0;
    for (const segment of this.#segments.filter((one) => this.#isSpent(one)))
      count += await this.#drop(segment, givenUp);
    return count;
  }

  /** Makes room for one more segment: the oldest give way. @returns how many readings. */
  async makeRoom(givenUp: (segment: Segment) => void): Promise<number> {
    const total = (): number => this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
    let count = 0;
    for (;;) {
      const [oldest] = this.#segments;
      if (!oldest || total() + this.#limits.segmentBytes <= this.#limits.bytes) return count;
      count += await this.#drop(oldest, givenUp);
    }
  }

  /** Remembers the first that is not acknowledged. A segment without a cursor is sent from its beginning. */
  async writeCursor({ segment, start }: SegmentPlace, payload: string): Promise<void> {
    if (start > 0) await this.#store.writeCursor({ segment: segment.number, offset: start, crc: checksum(payload) });
  }

  /** What was written outlives a power cut too. */
  sync(): Promise<void> {
    return this.#store.sync();
  }

  async #drop(segment: Segment, givenUp: (segment: Segment) => void): Promise<number> {
    await this.#store.remove(segment.number);
    this.#forget(segment);
    givenUp(segment);
    return segment.pending;
  }

  #isSpent({ pending, writtenMs }: Segment): boolean {
    return pending === 0 || this.#clock.monotonicMs() - writtenMs > this.#limits.ageMs;
  }

  #forget(segment: Segment): void {
    this.#segments.splice(this.#segments.indexOf(segment), 1);
    if (this.#active === segment) this.#active = undefined;
  }

  /** Undefined when it is to be passed over: it is gone, or could not be read too often. */
  async #read(segment: number): Promise<Buffer | undefined> {
    try {
      const bytes = await this.#store.read(segment);
      this.#failedReads = 0;
      return bytes;
    } catch (error) {
      if (systemCode(error) !== 'ENOENT' && ++this.#failedReads < READ_TRIES) throw error;
      this.#failedReads = 0;
      this.#log.warn({ err: error, segment }, 'outbox: segment cannot be read: passed over');
      return undefined;
    }
  }

  #fresh(): Segment {
    const writtenMs = this.#clock.monotonicMs();
    return { number: this.#nextNumber, bytes: 0, loaded: 0, unloaded: 0, pending: 0, writtenMs };
  }

  #inherit({ segment, modifiedMs }: SegmentInfo, bytes: Buffer): void {
    const { lines, damaged, tornBytes } = decodeSegment(bytes);
    if (damaged > 0 || tornBytes > 0)
      this.#log.warn({ segment, damaged, tornBytes }, 'outbox: damaged readings dropped');
    const known = this.#cursor?.segment === segment ? this.#cursor : undefined;
    const first = lines.find(({ start, payload }) => start === known?.offset && checksum(payload) === known.crc);
    const loaded = first?.start ?? 0;
    const pending = lines.filter(({ start }) => start >= loaded).length;
    const ageMs = modifiedMs < CLOCK_SET_MS ? 0 : Math.max(0, this.#clock.now() - modifiedMs);
    const writtenMs = this.#clock.monotonicMs() - ageMs;
    this.#segments.push({ number: segment, bytes: bytes.length, loaded, unloaded: pending, pending, writtenMs });
    this.#segments.sort((a, b) => a.number - b.number); // something may have been appended already
  }
}
