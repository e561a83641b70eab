import type { Clock } from '../kernel/clock.ts';
import type { WriteFate, LoadedReadings, SegmentPlace } from './outbox-disk.ts';

export interface Waiting {
  /** Ascending, from 1. */
  readonly id: number;
  readonly payload: string;
}

/** A reading in memory. */
export interface Entry extends Waiting {
  /** 0 until everything before it is in memory. */
  id: number;
  readonly sinceMs: number;
  /** Where it lies on disk too. */
  place?: SegmentPlace;
  state: 'waiting' | 'writing' | 'gone';
}

export interface MemoryLimits {
  /** Readings in memory that are on disk too, or that may be sent. */
  readonly window: number;
  /** Readings that are in memory alone, because the disk does not take them. */
  readonly count: number;
  readonly ageMs: number;
}

/** More than a segment holds. */
const BATCH = 500;

/**
 * What of the outbox is in memory: `front` may be sent; then comes what lies on disk only; then `tail`. An entry moves from
 * tail to front when nothing lies between. Along the whole queue what is on disk comes before what is not.
 */
export class OutboxQueue {
  readonly #clock: Clock;
  readonly #limits: MemoryLimits;
  readonly #front: Entry[] = [];
  readonly #tail: Entry[] = [];
  #lastId = 0;

  constructor(clock: Clock, limits: MemoryLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get size(): number {
    return this.#front.length + this.#tail.length;
  }

  get first(): Entry | undefined {
    return this.#front[0];
  }

  /** Time to bring in more from the disk. */
  get isLow(): boolean {
    return this.#front.length <= this.#limits.window / 4;
  }

  /** Memory should not wait for the pause between two writes. */
  get isFull(): boolean {
    return this.#tail.length >= this.#limits.window / 2;
  }

  get oldestUnstored(): Entry | undefined {
    return this.#front.find(({ place }) => !place) ?? this.#tail[0];
  }

  /** What is to be written next, oldest first. */
  unstored(): Entry[] {
    return [...this.#front.filter(({ place }) => !place), ...this.#tail.slice(0, BATCH)].slice(0, BATCH);
  }

  /** @returns how many had to give way: the oldest of those that are in memory alone. */
  push(payload: string): number {
    const now = this.#clock.monotonicMs();
    this.#tail.push({ id: 0, payload, sinceMs: now, state: 'waiting' });
    let dropped = 0;
    while (this.#dropOldest(now)) dropped++;
    return dropped;
  }

  /** Moves what may be sent from tail to front. The caller knows that nothing lies between. @returns true when it did. */
  advance(): boolean {
    const before = this.#lastId;
    while (this.#tail.length > 0 && this.#front.length < this.#limits.window) this.#admit(this.#tail.shift() as Entry);
    return this.#lastId > before;
  }

  /** What lay on disk only, next in order. */
  arrive(loaded: readonly LoadedReadings[]): void {
    const sinceMs = this.#clock.monotonicMs();
    for (const { payload, place } of loaded) this.#admit({ id: 0, payload, sinceMs, place, state: 'waiting' });
  }

  peek(id: number): Waiting | undefined {
    const first = this.#front[0];
    if (!first || id < first.id) return first;
    // ids are dense but for what was acknowledged out of turn, so the search starts near its end
    let index = Math.min(this.#front.length, id - first.id + 1);
    while (index > 0 && (this.#front[index - 1]?.id ?? 0) > id) index--;
    return this.#front[index];
  }

  ack(id: number): Entry | undefined {
    const index = this.#front.findIndex((entry) => entry.id === id);
    if (index < 0) return undefined;
    const [entry] = this.#front.splice(index, 1);
    if (entry) entry.state = 'gone';
    return entry;
  }

  /** It is on disk now. What may not be sent yet is forgotten here. */
  stored(entry: Entry, place: SegmentPlace): WriteFate {
    if (entry.state === 'gone') return 'acked';
    entry.place = place;
    if (entry.id > 0) return 'held';
    this.#tail.shift(); // the oldest is written first
    return 'left';
  }

  /** Its readings are given up. */
  forget(segment: SegmentPlace['segment']): void {
    const kept = this.#front.filter(({ place }) => place?.segment !== segment);
    this.#front.splice(0, Infinity, ...kept);
  }

  #admit(entry: Entry): void {
    entry.id = ++this.#lastId;
    this.#front.push(entry);
  }

  /** Only of what is in memory alone, and not of what is just being written. */
  #dropOldest(now: number): boolean {
    const isLoose = ({ place, state }: Entry): boolean => !place && state === 'waiting';
    const list = this.#front.some(isLoose) ? this.#front : this.#tail;
    const index = list.findIndex(isLoose);
    const oldest = list[index];
    if (!oldest || (now - oldest.sinceMs <= this.#limits.ageMs && this.#alone <= this.#limits.count)) return false;
    list.splice(index, 1);
    oldest.state = 'gone';
    return true;
  }

  /** How many are in memory alone. */
  get #alone(): number {
    return this.#tail.length + this.#front.reduce((sum, { place }) => sum + (place ? 0 : 1), 0);
  }
}
