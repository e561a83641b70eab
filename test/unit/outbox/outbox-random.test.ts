import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { OutboxRig, Platter } from './outbox-rig.ts';

/** Mulberry32: 0–1, the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Sent {
  readonly run: number;
  readonly seq: number;
  readonly payload: string;
  readonly atMs: number;
}

/** A reading that a broker which is there has not acknowledged for longer than this is on disk, while that works. */
const IN_FLIGHT_MS = 3100;
/** Sent and not acknowledged: what a kill or a lost connection may double. */
const IN_FLIGHT = 8;

/** A household over months: outages, restarts and kills in any order. */
class World {
  readonly clock = new VirtualClock();
  readonly platter = new Platter();
  readonly received: string[] = [];
  readonly sent: Sent[] = [];
  /** What a kill may lose. */
  readonly excused = new Set<string>();
  events = { outages: 0, stops: 0, kills: 0, refusals: 0 };
  /** When the disk last fell ill or got well. */
  #changedMs = -Infinity;
  #run = 1;
  #seq = 0;
  #rig: OutboxRig;
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = randomOf(seed);
    this.#rig = this.#start();
  }

  async step(withDiskFaults: boolean): Promise<void> {
    const dice = this.#random();
    if (dice < 0.35) this.#push(1 + this.#below(12));
    else if (dice < 0.55) this.#rig.link?.take(this.#below(20));
    else if (dice < 0.75) await this.#advance();
    else if (dice < 0.83) this.#down();
    else if (dice < 0.93) this.#up();
    else if (dice < 0.95) await this.#stop();
    else if (dice < 0.97) await this.#kill();
    else if (withDiskFaults) this.#refuse();
    if (this.#random() < 0.5) await this.clock.settle();
  }

  /** Everything works until all is delivered. */
  async drain(): Promise<void> {
    this.platter.refuses = {};
    this.#up();
    const endMs = this.clock.monotonicMs() + 86_400_000;
    while (this.#rig.outbox.size > 0 || this.platter.files.size > 0) {
      if (this.clock.monotonicMs() > endMs) throw new Error(`${this.#rig.outbox.size} readings are stuck`);
      await this.#rig.advance(200);
      this.#rig.link?.takeAll();
    }
    await this.#rig.stop();
  }

  /** Some seconds, in which the broker may acknowledge as it comes. */
  async #advance(): Promise<void> {
    const isBrisk = this.#random() < 0.5;
    for (let left = this.#below(9000); left > 0; left -= 200) {
      await this.#rig.advance(Math.min(left, 200));
      if (isBrisk) this.#rig.link?.takeAll();
    }
    const refusingMs = this.clock.monotonicMs() - this.#changedMs;
    if (this.platter.refuses.read !== undefined && refusingMs > 20_000) this.#refuse();
  }

  #start(): OutboxRig {
    return new OutboxRig(this.clock, this.platter, { tear: (length) => this.#below(length + 1) });
  }

  #push(count: number): void {
    for (let n = 0; n < count; n++) {
      const id = { run: this.#run, seq: ++this.#seq };
      const payload = JSON.stringify({ ...id, noise: 'あ'.repeat(this.#below(20)), power: this.#below(9999) });
      this.sent.push({ ...id, payload, atMs: this.clock.monotonicMs() });
      this.#rig.stream.push(payload);
    }
  }

  #up(): void {
    if (!this.#rig.link) this.#rig.up(this.received);
  }

  #down(): void {
    if (!this.#rig.link) return;
    this.events.outages++;
    if (this.#random() < 0.5) this.#rig.link.take(this.#below(8), true);
    this.#rig.down();
  }

  async #stop(): Promise<void> {
    this.events.stops++;
    if (this.#random() < 0.5) this.#rig.link?.take(this.#below(8), true);
    await this.#rig.stop();
    this.#lives(this.#isRefusing);
  }

  async #kill(): Promise<void> {
    this.events.kills++;
    await this.#rig.kill();
    const healthyMs = this.clock.monotonicMs() - this.#changedMs;
    this.#lives(this.#isRefusing || healthyMs < 30_000, this.#rig.link ? IN_FLIGHT_MS : 0);
  }

  get #isRefusing(): boolean {
    return this.platter.refuses.write !== undefined || this.platter.refuses.read !== undefined;
  }

  /** The next life. What is neither delivered nor on disk is gone; that is excused when it was young, or the disk `sick`. */
  #lives(sick: boolean, youngMs = 0): void {
    const safe = new Set([...this.received, ...this.platter.payloads()]);
    for (const { payload, atMs } of this.sent) {
      const young = this.clock.monotonicMs() - atMs <= youngMs; // 0: this very moment
      if (!safe.has(payload) && (sick || young)) this.excused.add(payload);
    }
    this.#run++;
    this.#seq = 0;
    this.#rig = this.#start();
  }

  #refuse(): void {
    const sinceMs = this.clock.monotonicMs() - this.#changedMs;
    if (!this.#isRefusing && sinceMs < 30_000) return; // reading is tried for a minute only
    this.#changedMs = this.clock.monotonicMs();
    if (this.#isRefusing) this.platter.refuses = {};
    else this.platter.refuses = this.#random() < 0.7 ? { write: 'ENOSPC' } : { read: 'EMFILE', write: 'EMFILE' };
    if (this.#isRefusing) this.events.refusals++;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}

/** The first of each, with doubles taken out: they must be the same, byte for byte. */
function firsts(received: readonly string[]): { run: number; seq: number; payload: string }[] {
  const seen = new Map<string, string>();
  return received.flatMap((payload) => {
    const { run, seq } = JSON.parse(payload) as { run: number; seq: number };
    const before = seen.get(`${run} ${seq}`);
    if (before !== undefined) expect(payload).toBe(before);
    seen.set(`${run} ${seq}`, payload);
    return before === undefined ? [{ run, seq, payload }] : [];
  });
}

async function live(seed: number, steps: number, withDiskFaults: boolean): Promise<World> {
  const world = new World(seed);
  for (let n = 0; n < steps; n++) await world.step(withDiskFaults);
  await world.drain();
  return world;
}

describe('outbox, random lives', { timeout: 120_000 }, () => {
  const seeds = Array.from({ length: 12 }, (_, i) => i + 1);
  const total = { readings: 0, outages: 0, stops: 0, kills: 0 };

  test.each(seeds)('seed %i: in order, no hole, no double with another content', async (seed) => {
    const world = await live(seed, 1500, false);
    const found = firsts(world.received);
    const order = found.map(({ run, seq }) => run * 1e6 + seq);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    const got = new Set(found.map(({ payload }) => payload));
    expect(world.sent.filter(({ payload }) => !got.has(payload) && !world.excused.has(payload))).toEqual([]);
    expect(world.clock.sleepers).toBe(0);
    const { outages, stops, kills } = world.events;
    expect(world.received.length - found.length).toBeLessThanOrEqual(IN_FLIGHT * (outages + stops + kills));
    total.readings += world.sent.length;
    total.outages += world.events.outages;
    total.stops += world.events.stops;
    total.kills += world.events.kills;
  });

  test.each(seeds)('seed %i, with a disk that fails now and then: each run in order, no hole', async (seed) => {
    const world = await live(1000 + seed, 1000, true);
    const found = firsts(world.received);
    for (const run of new Set(found.map(({ run }) => run))) {
      const seqs = found.filter((reading) => reading.run === run).map(({ seq }) => seq);
      expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    }
    const got = new Set(found.map(({ payload }) => payload));
    expect(world.sent.filter(({ payload }) => !got.has(payload) && !world.excused.has(payload))).toEqual([]);
    expect(world.events.refusals).toBeGreaterThan(3);
  });

  test('the lives were eventful', () => {
    process.stdout.write(`outbox, random lives: ${JSON.stringify(total)}\n`);
    expect(total.outages).toBeGreaterThan(400);
    expect(total.stops).toBeGreaterThan(200);
    expect(total.kills).toBeGreaterThan(200);
  });
});
