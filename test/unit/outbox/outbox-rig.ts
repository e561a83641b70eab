import { Deadlines } from '../../../src/kernel/deadlines.ts';
import type { StreamConnection } from '../../../src/mqtt/readings-stream.ts';
import { ReadingsStream } from '../../../src/mqtt/readings-stream.ts';
import type { Outcome } from '../../../src/broker/broker-connection.ts';
import { OutboxDisk } from '../../../src/outbox/outbox-disk.ts';
import type { DiskLimits } from '../../../src/outbox/outbox-disk.ts';
import type { Cursor, SegmentInfo, SegmentStore } from '../../../src/outbox/outbox-folder.ts';
import { decodeSegment } from '../../../src/outbox/outbox-lines.ts';
import type { MemoryLimits } from '../../../src/outbox/outbox-queue.ts';
import { Outbox } from '../../../src/outbox/outbox.ts';
import { logLines } from '../../support/log-lines.ts';
import type { VirtualClock } from '../../support/virtual-clock.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What survives a process. */
export class Platter {
  readonly files = new Map<number, { bytes: Buffer; modifiedMs: number }>();
  cursor: Cursor | undefined;
  /** What a power cut leaves. */
  #durable = new Map<number, { bytes: Buffer; modifiedMs: number }>();
  #durableCursor: Cursor | undefined;
  /** Everything done to it. A sync wears it. */
  writes = { segments: 0, cursors: 0, removals: 0, syncs: 0 };
  /** Nothing asked of it is ever answered. */
  hangs = false;
  /** What it refuses, with which code. */
  refuses: { read?: string; write?: string } = {};

  sync(): void {
    this.#durable = new Map(this.files);
    this.#durableCursor = this.cursor;
    this.writes.syncs++;
  }

  cutPower(): void {
    this.files.clear();
    for (const [segment, file] of this.#durable) this.files.set(segment, file);
    this.cursor = this.#durableCursor;
  }

  /** Every whole reading on it, in order. */
  payloads(): string[] {
    return [...this.files.keys()]
      .sort((a, b) => a - b)
      .flatMap((segment) => decodeSegment(this.files.get(segment)?.bytes ?? Buffer.of()).lines)
      .map(({ payload }) => payload);
  }
}

/** A process's view of it; a process that was killed does nothing any more, and tore what it was writing. */
export class MemoryStore implements SegmentStore {
  readonly #platter: Platter;
  readonly #clock: VirtualClock;
  readonly #tear: (length: number) => number;
  killed = false;
  /** Calls so far. */
  calls = 0;

  constructor(platter: Platter, clock: VirtualClock, tear: (length: number) => number = (length) => length >> 1) {
    this.#platter = platter;
    this.#clock = clock;
    this.#tear = tear;
  }

  async list(): Promise<readonly SegmentInfo[]> {
    await this.#begin('read');
    const files = [...this.#platter.files].sort(([a], [b]) => a - b);
    return files.map(([segment, { modifiedMs }]) => ({ segment, modifiedMs }));
  }

  async read(segment: number): Promise<Buffer> {
    await this.#begin('read');
    const file = this.#platter.files.get(segment);
    if (!file) throw failure('ENOENT');
    return Buffer.from(file.bytes);
  }

  async write(segment: number, bytes: Buffer, offset: number): Promise<void> {
    await this.#begin('write');
    const before = this.#platter.files.get(segment)?.bytes.subarray(0, offset) ?? Buffer.of();
    if (before.length !== offset) throw failure('ENOENT');
    const put = (part: Buffer): unknown =>
      this.#platter.files.set(segment, { bytes: Buffer.concat([before, part]), modifiedMs: this.#clock.now() });
    put(bytes.subarray(0, this.#tear(bytes.length)));
    await this.#begin('write');
    put(bytes);
    this.#platter.writes.segments++;
  }

  async remove(segment: number): Promise<void> {
    await this.#begin('write');
    this.#platter.files.delete(segment);
    this.#platter.writes.removals++;
  }

  async readCursor(): Promise<Cursor | undefined> {
    await this.#begin('read');
    return this.#platter.cursor;
  }

  async writeCursor(cursor: Cursor): Promise<void> {
    await this.#begin('write');
    this.#platter.cursor = cursor;
    this.#platter.writes.cursors++;
  }

  async sync(): Promise<void> {
    await this.#begin('write');
    this.#platter.sync();
  }

  async #begin(what: 'read' | 'write'): Promise<void> {
    this.calls++;
    await turn();
    if (this.killed || this.#platter.hangs) await new Promise(() => undefined);
    const code = this.#platter.refuses[what];
    if (code !== undefined) throw failure(code);
  }
}

const failure = (code: string): Error => Object.assign(new Error(code), { code });

/** A connection whose broker a test plays. */
export class FakeLink implements StreamConnection {
  readonly url = 'mqtt://fake';
  readonly inFlight: { readonly payload: string; readonly done: ((outcome: Outcome) => void) | undefined }[] = [];
  readonly #received: string[];
  readonly hasRoom = true;

  /** @param received what the broker passed on, over all connections. */
  constructor(received: string[]) {
    this.#received = received;
  }

  publish({ payload }: { readonly payload: string }, done?: (outcome: Outcome) => void): void {
    this.inFlight.push({ payload, done });
  }

  onRoom(): void {
    // there always is
  }

  fits({ payload }: { readonly payload: string }): boolean {
    return payload.length < 1e6;
  }

  /** The broker refuses the oldest of these. */
  refuse(count: number, code: number): void {
    for (let n = 0; n < count; n++) this.inFlight.shift()?.done?.(code);
  }

  /** The broker takes the oldest of these, and says so unless it is `mute`. */
  take(count: number, mute = false): void {
    for (let n = 0; n < count; n++) {
      const next = this.inFlight.shift();
      if (!next) return;
      this.#received.push(next.payload);
      if (!mute) next.done?.(undefined);
    }
  }

  takeAll(): void {
    while (this.inFlight.length > 0) this.take(1);
  }
}

export const tinyMemory: MemoryLimits = { window: 20, count: 100_000, ageMs: 48 * 3_600_000 };
export const tinyDisk: DiskLimits = { bytes: 1e9, ageMs: 30 * 86_400_000, segmentBytes: 600 };

export interface RigOptions {
  readonly memory?: Partial<MemoryLimits>;
  readonly disk?: Partial<DiskLimits>;
  readonly tear?: (length: number) => number;
  /** In place of the memory store; null: no disk at all. */
  readonly store?: SegmentStore | null;
}

/** One life of the process: stream, outbox, deadlines. */
export class OutboxRig {
  readonly #clock: VirtualClock;
  readonly #stop = new AbortController();
  readonly #store: MemoryStore;
  readonly outbox: Outbox;
  readonly stream: ReadingsStream;
  readonly lines = logLines();
  link: FakeLink | undefined;

  constructor(clock: VirtualClock, platter: Platter, { memory, disk, tear, store }: RigOptions = {}) {
    this.#clock = clock;
    this.#store = new MemoryStore(platter, clock, tear);
    const { log } = this.lines;
    const deadlines = new Deadlines(clock);
    const used = store === undefined ? this.#store : store;
    this.outbox = new Outbox({
      clock,
      log,
      deadlines,
      limits: { ...tinyMemory, ...memory },
      ...(used && { disk: new OutboxDisk(used, { ...tinyDisk, ...disk }, { clock, log }) }),
    });
    this.stream = new ReadingsStream('readings', { clock, log, deadlines, outbox: this.outbox });
    this.stream.start();
    deadlines.run(this.#stop.signal).catch(() => undefined);
  }

  get messages(): string[] {
    return this.lines.lines.map(({ msg }) => msg);
  }

  up(received: string[]): FakeLink {
    const link = new FakeLink(received);
    this.link = link;
    this.stream.up(link);
    return link;
  }

  /** What is in flight is lost, or only its acknowledgement. */
  down(): void {
    const { link } = this;
    if (!link) return;
    this.link = undefined;
    for (const { done } of link.inFlight.splice(0)) done?.(new Error('connection lost'));
    this.stream.down();
  }

  /** Time passes, the disk being much faster than that. */
  async advance(ms: number): Promise<void> {
    const end = this.#clock.monotonicMs() + ms;
    for (;;) {
      for (let calls = -1; calls !== this.#store.calls;) {
        calls = this.#store.calls;
        await this.#clock.settle();
      }
      const leftMs = end - this.#clock.monotonicMs();
      if (leftMs <= 0) return;
      await this.#clock.advance(Math.min(leftMs, 500));
    }
  }

  /** SIGTERM. */
  async stop(): Promise<void> {
    this.down();
    this.#stop.abort();
    await this.stream.close();
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.#store.killed = true;
    this.#stop.abort();
    await this.#clock.settle();
  }
}
