import { setTimeout as delay } from 'node:timers/promises';
import { Bridge, readingsOf } from '../../test/support/bridge.ts';
import { eventually } from '../../test/support/eventually.ts';
import { Mosquitto } from '../../test/support/mosquitto.ts';
import { MqttWatcher } from '../../test/support/mqtt-watcher.ts';
import { footprint, growth, spread } from './figures.ts';
import type { Footprint, Growth, Spread } from './figures.ts';
import { StickPort } from './stick-port.ts';

const DISCOVERY = 'homeassistant/device/broute2mqtt_home/config';
const ROOT = 'broute2mqtt/home';
/** Between two readings: twenty a second. */
const PACE_MS = 50;
/** The bridge finds nobody at home: a broker that comes back at once, again and again, looks like two bridges with one id. */
const AWAY_MS = 500;
const RECOVERY_LIMIT_MS = 30_000;

export interface BrokerResult {
  readonly kind: 'broker';
  readonly times: number;
  readonly readings: number;
  /** Retained documents that a new subscriber did not find after a kill. */
  readonly lostDiscovery: number;
  readonly duplicateIds: number;
  /** From the broker's return to a fresh state, availability and document, ms. */
  readonly recoveryMs: Spread;
  /** Of readings, at kills between two readings: the broker had acknowledged everything. */
  readonly holes: number;
  readonly duplicates: number;
  /** At kills amid traffic. What the broker acknowledged and did not pass on is lost with it, what it did not acknowledge may come twice. */
  readonly holesAmidTraffic: number;
  readonly duplicatesAmidTraffic: number;
  readonly growth: Growth;
  readonly bad: readonly string[];
}

/** Readings at twenty a second, until told to stop. */
class Traffic {
  readonly #stick: StickPort;
  #going = true;
  readonly #ended: Promise<void>;

  constructor(stick: StickPort) {
    this.#stick = stick;
    this.#ended = this.#go();
  }

  async stop(): Promise<void> {
    this.#going = false;
    await this.#ended;
  }

  async #go(): Promise<void> {
    while (this.#going) {
      if (this.#stick.ready) this.#stick.tell();
      await delay(PACE_MS);
    }
  }
}

class BrokerLoop {
  readonly #broker: Mosquitto;
  readonly #stick: StickPort;
  readonly #bridge: Bridge;
  readonly #recoveries: number[] = [];
  readonly #prints: Footprint[] = [];
  readonly #bad: string[] = [];
  #watcher: MqttWatcher;
  #last = 0;
  #lost = 0;
  #twins = 0;
  readonly #odd = { holes: 0, duplicates: 0, holesAmidTraffic: 0, duplicatesAmidTraffic: 0 };

  constructor(broker: Mosquitto, stick: StickPort, bridge: Bridge, watcher: MqttWatcher) {
    this.#broker = broker;
    this.#stick = stick;
    this.#bridge = bridge;
    this.#watcher = watcher;
  }

  /** One kill: amid traffic at odd turns, between two readings at even ones. */
  async turn(number: number): Promise<void> {
    const amid = number % 2 === 1;
    const traffic = new Traffic(this.#stick);
    const count = readingsOf(this.#watcher).length + 4;
    await eventually(() => readingsOf(this.#watcher).length >= count, `readings before kill ${number}`);
    if (!amid) {
      await traffic.stop();
      await this.#quiet();
    }
    await this.#broker.stop('SIGKILL');
    await delay(AWAY_MS);
    const before = this.#watcher;
    await this.#back(number);
    if (amid) await traffic.stop();
    await this.#quiet();
    this.#count(before, amid);
    await before.close();
    this.#prints.push(footprint(this.#bridge.pid));
  }

  result(times: number): BrokerResult {
    const { holes, duplicates } = this.#odd;
    const grown = growth(this.#prints);
    const bad = [...this.#bad];
    if (holes + duplicates > 0) bad.push(`${holes} holes and ${duplicates} duplicates among the readings`);
    if (grown.descriptors > 1) bad.push(`${grown.descriptors} descriptors more at the end`);
    if (times >= 100 && grown.rssMb > 10) bad.push(`${grown.rssMb} MB more at the end`);
    return {
      kind: 'broker',
      times,
      readings: this.#last,
      lostDiscovery: this.#lost,
      duplicateIds: this.#twins,
      recoveryMs: spread(this.#recoveries),
      ...this.#odd,
      growth: grown,
      bad,
    };
  }

  async close(): Promise<void> {
    await this.#watcher.close();
  }

  /** Starts the broker, empty, and waits until everything is there again. */
  async #back(number: number): Promise<void> {
    // The bridge stands still until the watcher listens: what passes before would look lost.
    this.#watcher = await this.#bridge.frozenWhile(async () => {
      await this.#broker.start();
      return await MqttWatcher.open(this.#broker.url);
    });
    const beganMs = performance.now();
    const watcher = this.#watcher;
    const back = (): boolean =>
      watcher.last(`${ROOT}/meter/availability`)?.payload === 'online' &&
      watcher.last(`${ROOT}/bridge/availability`)?.payload === 'online' &&
      watcher.last(`${ROOT}/state/instant`) !== undefined &&
      watcher.last(DISCOVERY) !== undefined;
    await this.#bridge.until(back, `everything there again after kill ${number}`, RECOVERY_LIMIT_MS);
    const tookMs = performance.now() - beganMs;
    this.#recoveries.push(tookMs);
    if (tookMs > 5000) this.#bad.push(`kill ${number}: back after ${Math.round(tookMs)} ms`);
    await this.#checkRetained(number);
  }

  /** What a Home Assistant that comes now would find. */
  async #checkRetained(number: number): Promise<void> {
    const late = await MqttWatcher.open(this.#broker.url);
    try {
      await eventually(() => late.last(DISCOVERY), 'the retained document', 5000).catch(() => this.#lost++);
      const documents = new Set(late.topics().filter((topic) => topic.startsWith('homeassistant/')));
      const ids = late
        .on(DISCOVERY)
        .slice(0, 1)
        .flatMap(({ payload }) => {
          const { components } = JSON.parse(payload) as { components: Record<string, { unique_id: string }> };
          return Object.values(components).map((component) => component.unique_id);
        });
      const twins = ids.length - new Set(ids).size + Math.max(0, documents.size - 1);
      this.#twins += twins;
      if (twins > 0) this.#bad.push(`kill ${number}: an id twice`);
      if (late.last(DISCOVERY) === undefined) this.#bad.push(`kill ${number}: no retained document`);
    } finally {
      await late.close();
    }
  }

  /** No reading has come for a while: all that was told has been acknowledged and passed on. */
  async #quiet(): Promise<void> {
    for (let count = -1; count !== readingsOf(this.#watcher).length;) {
      count = readingsOf(this.#watcher).length;
      await delay(6 * PACE_MS);
    }
  }

  /** Looks at the sequence numbers across the kill. */
  #count(before: MqttWatcher, amid: boolean): void {
    const seqs = [...readingsOf(before), ...readingsOf(this.#watcher)].map(({ seq }) => seq);
    const distinct = new Set(seqs);
    const last = Math.max(...seqs);
    const first = Math.min(...seqs);
    const holes = last - first + 1 - distinct.size;
    const duplicates = seqs.length - distinct.size;
    this.#odd[amid ? 'holesAmidTraffic' : 'holes'] += holes;
    this.#odd[amid ? 'duplicatesAmidTraffic' : 'duplicates'] += duplicates;
    this.#last = last;
  }
}

/** The built program, a real Mosquitto killed and started again without a memory, over and over. */
export async function brokerLoop(times: number, tell: (line: string) => void = () => undefined): Promise<BrokerResult> {
  await using broker = await Mosquitto.start();
  await using stick = await StickPort.plugged();
  const watcher = await MqttWatcher.open(broker.url);
  await using bridge = await Bridge.start({
    broker: broker.url,
    meters: [{ device: stick.path, interval_s: 2 }],
    config: { log: { level: 'info' } },
  });
  await eventually(() => stick.ready && watcher.last(DISCOVERY) !== undefined, 'the first session', 60_000);
  const loop = new BrokerLoop(broker, stick, bridge, watcher);
  try {
    for (let number = 1; number <= times; number++) {
      await loop.turn(number);
      if (number % 25 === 0) tell(`${number} kills`);
    }
    return loop.result(times);
  } finally {
    await loop.close();
  }
}
