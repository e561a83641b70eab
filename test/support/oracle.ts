import { decodeFixedTime } from '../../src/echonet/energy.ts';
import { decodeFrame, ESV } from '../../src/echonet/frame.ts';
import type { Reading } from '../../src/model/reading.ts';
import type { Answered } from '../../src/simulator/sim.ts';
import type { HouseholdWatch } from './household-watch.ts';
import type { PriceWatch } from './price-watch.ts';
import type { VirtualClock } from './virtual-clock.ts';
import type { Direction } from './meter-word.ts';
import { ReadingsLedger } from './readings-ledger.ts';
import type { Message, VirtualBroker } from './virtual-broker.ts';

export interface OracleOptions {
  readonly intervalMs: number;
  readonly energyIntervalMs: number;
  /** Power of ten of E1 in kWh, and D3. */
  readonly exponent: number;
  readonly coefficient: number;
}

/** Values are checked against what was said so long ago at most: an outbox is replayed with its own times. */
const TRUTH_KEPT = 60_000;
/** What a meter needs that answers one property in 20 s. */
const SLOWEST_MS = 200_000;
/** Everything at one virtual moment happens in turns. */
const SLACK_MS = 50;
/** What makes an answer a good one. */
const measuring = new Set(['E7', 'E8', 'E0', 'E3', 'D0', '88']);

type Values = Readonly<Record<string, string | number | null>>;

/**
 * The subscriber who believes nothing: hears every message at the broker and compares it with what the meter itself said.
 * What is wrong becomes a sentence in `violations`.
 */
export class Oracle {
  readonly violations: string[] = [];
  /** Monotonic time of the newest good answer of the meter, as the meter knows it. */
  newestMs: number | undefined;
  /** How long a subscriber saw the meter as available, ms. */
  onlineMs = 0;
  messages = 0;
  checks = 0;
  /** Falls of a register that were confirmed or explained: each one may show once on each topic. */
  falls = 0;
  readonly ledger = new ReadingsLedger();
  /** What is told of the past, and of the household's use. */
  household: HouseholdWatch | undefined;
  price: PriceWatch | undefined;
  readonly #clock: VirtualClock;
  readonly #broker: VirtualBroker;
  readonly #options: OracleOptions;
  /** `E7 000004D2 1768446030120` → monotonic ms. */
  readonly #said = new Map<string, number>();
  readonly #registers: { readonly epc: string; readonly kwh: number; readonly ms: number }[] = [];
  /** When the meter last told a half hour. */
  #markSaidMs = -Infinity;
  /** When it last told the registers of a whole minute. */
  #minuteSaidMs = -Infinity;
  readonly #topics = new Map<string, string>();
  readonly #highest = new Map<string, { kwh: number; falls: number }>();
  #instantMs: number | undefined;
  #shownRegisters: { readonly epc: string; readonly kwh: number }[] = [];
  /** Topics whose retained value an earlier run of ours left at the broker. */
  readonly #leftovers = new Set<string>();
  #online = false;
  #checkedMs = 0;
  readonly #falseSince = new Map<string, number>();

  constructor(clock: VirtualClock, broker: VirtualBroker, options: OracleOptions) {
    this.#clock = clock;
    this.#broker = broker;
    this.#options = options;
    broker.onMessage = (message) => this.#hear(message);
    broker.onLogin = () => {
      this.ledger.connected();
      this.household?.connected();
    };
  }

  /** The interval that is shown, where the meter is slower than asked to be; nobody may claim more than this. */
  get #intervalMs(): number {
    const shown = Number(this.shown('state/link')?.['interval'] ?? 0) * 1000;
    return Math.max(this.#options.intervalMs, Math.min(shown, SLOWEST_MS));
  }

  get markMs(): number {
    return 3 * this.#intervalMs + 5000;
  }

  /** How old a register may be that is shown as current. */
  get energyMarkMs(): number {
    return 3 * Math.max(this.#intervalMs, this.#options.energyIntervalMs) + 5000;
  }

  /** Both availability topics, as a dashboard combines them. */
  get online(): boolean {
    return this.#last('bridge/availability') === 'online' && this.#last('meter/availability') === 'online';
  }

  shown(topic: string): Values | undefined {
    const text = this.#last(topic);
    return text === undefined ? undefined : (JSON.parse(text) as Values);
  }

  /** The subscriber has lost its broker and comes back to an empty one. */
  forget(): void {
    this.#topics.clear();
  }

  /** Our program ended and starts anew: it knows nothing of what stands at the broker, and availability speaks for it. */
  restarted(): void {
    for (const name of ['instant', 'energy', 'usage', 'minute', 'link']) this.#leftovers.add(`state/${name}`);
  }

  /** A reading on its way to the sinks: in the outbox it may wait for hours. */
  heard({ powerW, currentRA, currentTA, importKwh, exportKwh, minute }: Reading, run: number): void {
    if (importKwh !== undefined) this.#mustNotFall('import', importKwh);
    if (exportKwh !== undefined) this.#mustNotFall('export', exportKwh);
    const all = [powerW, currentRA, currentTA, importKwh, exportKwh, minute];
    const hasMeasured = all.some((value) => value !== undefined);
    if (hasMeasured) this.ledger.owes(run);
  }

  /** All is well and nothing waits: the books must balance. */
  settle(): void {
    const wrong = this.ledger.close();
    if (wrong !== undefined) this.#wrong(wrong);
  }

  /** An answer of the meter that a host can read and must believe. */
  said({ atMs, epc, edt }: Answered): void {
    const now = this.#clock.monotonicMs();
    if (measuring.has(epc)) this.newestMs = now;
    this.#said.set(`${epc} ${edt} ${atMs}`, now);
    this.household?.told(epc, edt);
    if (epc === 'D0') this.#minuteSaidMs = now;
    const raw = Number.parseInt(edt, 16);
    if ((epc === 'E0' || epc === 'E3') && raw <= MOST_RAW) this.#registers.push({ epc, kwh: this.#kwh(raw), ms: now });
    if (epc === 'EA' || epc === 'EB') this.#markSaidMs = now; // announced in a pause, too
    if (epc === 'EA' || epc === 'EB') this.#saidMark(epc, Buffer.from(edt, 'hex'));
    while (this.#registers.length > 64) this.#registers.shift();
    if (this.#said.size > TRUTH_KEPT) this.#said.delete(this.#said.keys().next().value as string);
  }

  /** What the meter announced without being asked. */
  announced(payload: Buffer): void {
    const decoded = decodeFrame(payload);
    if (!decoded.ok || (decoded.value.esv !== ESV.inf && decoded.value.esv !== ESV.infc)) return;
    for (const { epc, edt } of decoded.value.properties) {
      const code = epc.toString(16).toUpperCase();
      this.said({
        atMs: Math.floor(this.#clock.now()),
        epc: code,
        edt: Buffer.from(edt).toString('hex').toUpperCase(),
      });
    }
  }

  /** What must hold at every moment. */
  check(): void {
    this.checks++;
    const now = this.#clock.monotonicMs();
    const { online } = this;
    if (this.#online) this.onlineMs += now - this.#checkedMs;
    this.#online = online;
    this.#checkedMs = now;
    const isCutOff = this.#last('bridge/availability') !== 'online' || !this.#broker.hears;
    if (isCutOff) {
      this.price?.forget();
      return this.#falseSince.clear(); // the broker's will tells of that
    }
    const wrongPrice = this.price?.check(this.shown('state/price'), { wallMs: this.#clock.now(), nowMs: now });
    if (wrongPrice !== undefined) this.#wrong(wrongPrice);
    const contradicts =
      this.shown('state/link')?.['connected'] === 'ON' && this.#last('meter/availability') !== 'online';
    this.#mustNotLast('connected', contradicts, 'connected is ON although the meter is not available');
    const age = this.newestMs === undefined ? Infinity : now - this.newestMs;
    const isFalse = online && age > this.markMs;
    this.#mustNotLast('availability', isFalse, `online although the newest answer is ${age} ms old`);
    const isOn = this.shown('state/link')?.['connected'] === 'ON';
    const isAway = this.#last('meter/availability') === 'offline' && !this.#leftovers.has('state/link');
    this.#mustNotLast('connected', isOn && isAway, 'connected is ON while the meter is unavailable');
    // Available or not, what this run showed is taken back at its mark.
    const isOurs = (topic: string): boolean => online || !this.#leftovers.has(topic);
    if (this.#instantMs !== undefined && isOurs('state/instant')) {
      const isOld = now - this.#instantMs > this.markMs;
      this.#mustNotLast('instant', isOld, `state/instant is ${now - this.#instantMs} ms old and shown as current`);
    }
    const usage = isOurs('state/usage') ? this.shown('state/usage') : undefined;
    const usageAge = now - Math.max(this.newestMs ?? -Infinity, this.#markSaidMs);
    const isUsageOld =
      usageAge > Math.max(this.markMs, this.energyMarkMs) && USAGE.some((key) => (usage?.[key] ?? null) !== null);
    this.#mustNotLast('usage', isUsageOld, `state/usage rests on an answer ${usageAge} ms old and is shown as current`);
    for (const [epc, key] of TODAY) {
      const age = now - (this.#registers.findLast((register) => register.epc === epc)?.ms ?? -Infinity);
      const isOld = age > this.energyMarkMs && (usage?.[key] ?? null) !== null;
      this.#mustNotLast(key, isOld, `${key} rests on a register ${age} ms old and is shown as current`);
    }
    const minute = isOurs('state/minute') ? this.shown('state/minute') : undefined;
    const isMinuteOld = now - this.#minuteSaidMs > this.energyMarkMs && (minute?.['import'] ?? null) !== null;
    this.#mustNotLast('minute', isMinuteOld, `state/minute is ${now - this.#minuteSaidMs} ms old and shown as current`);
    for (const { epc, kwh } of isOurs('state/energy') ? this.#shownRegisters : []) {
      const saidMs = this.#registers.findLast((register) => register.epc === epc && register.kwh === kwh)?.ms;
      const isOld = saidMs === undefined || now - saidMs > this.energyMarkMs;
      this.#mustNotLast(epc, isOld, `${kwh} kWh (${epc}) is ${now - (saidMs ?? NaN)} ms old and shown as current`);
    }
  }

  /** At one moment things happen in turns, after a standstill many of them: what is false must have lasted to count. */
  #mustNotLast(key: string, isFalse: boolean, what: string): void {
    if (!isFalse) return void this.#falseSince.delete(key);
    const now = this.#clock.monotonicMs();
    const since = this.#falseSince.get(key) ?? now;
    this.#falseSince.set(key, since);
    if (now - since > SLACK_MS) this.#wrong(what);
  }

  #saidMark(epc: string, edt: Buffer): void {
    const fixed = decodeFixedTime(edt);
    if (fixed?.raw === undefined) return;
    this.#said.set(`${epc} mark ${fixed.atMs} ${this.#kwh(fixed.raw)}`, this.#clock.monotonicMs());
  }

  #kwh(raw: number): number {
    return Number(`${raw * this.#options.coefficient}e${this.#options.exponent}`);
  }

  #hear({ topic, payload, isWill }: Message): void {
    this.messages++;
    const name = topic.split('/').slice(2).join('/');
    if (payload === '') return this.#forgotten(name);
    if (topic.startsWith('broute2mqtt/')) this.#topics.set(name, payload);
    if (isWill) return;
    this.#leftovers.delete(name);
    if (name === 'state/instant') this.#instant(payload);
    else if (name === 'state/energy') this.#energy(payload);
    else if (name === 'state/halfhour') this.#halfHour(payload);
    else if (name === 'state/usage') this.#usage(payload);
    else if (name === 'state/minute') this.#minute(payload);
    else if (name === 'readings') this.#reading(payload);
    else if (name === 'history' || name === 'history_minutes') {
      const wrong = this.household?.came(name, JSON.parse(payload) as Values);
      if (wrong !== undefined) this.#wrong(`${name}: ${wrong}`);
    }
  }

  #forgotten(name: string): void {
    this.#topics.delete(name);
    this.#leftovers.delete(name);
  }

  #instant(payload: string): void {
    const { power, current_r, current_t, time } = JSON.parse(payload) as Values;
    const [atMs, now] = [Date.parse(String(time)), this.#clock.monotonicMs()];
    const nothing = power === null && current_r === null && current_t === null;
    if (nothing) return void (this.#instantMs = undefined);
    const saidMs = this.#said.get(powerKey(power, atMs)) ?? this.#saidCurrents(current_r, current_t, atMs);
    if (saidMs === undefined) return this.#wrong(`state/instant was never said: ${payload}`);
    if (power !== null && !this.#said.has(powerKey(power, atMs))) this.#wrong(`power was never said: ${payload}`);
    if (!this.#areCurrents(current_r, current_t, atMs)) this.#wrong(`currents were never said: ${payload}`);
    if (now - saidMs > this.markMs + SLACK_MS) this.#wrong(`an old state/instant was published: ${payload}`);
    this.#instantMs = saidMs;
  }

  #areCurrents(r: unknown, t: unknown, atMs: number): boolean {
    return (r === null && t === null) || this.#saidCurrents(r, t, atMs) !== undefined;
  }

  #saidCurrents(r: unknown, t: unknown, atMs: number): number | undefined {
    if (r === null && t === null) return undefined;
    const deci = (value: unknown): number => (typeof value === 'number' ? Math.round(value * 10) & 0xffff : 0x7ffe);
    return this.#said.get(`E8 ${hex(deci(r), 4)}${hex(deci(t), 4)} ${atMs}`);
  }

  #energy(payload: string): void {
    const { import: bought, export: sold } = JSON.parse(payload) as Values;
    const now = this.#clock.monotonicMs();
    this.#shownRegisters = [];
    for (const [epc, kwh] of [
      ['E0', bought],
      ['E3', sold],
    ] as const) {
      if (typeof kwh !== 'number') continue;
      const said = this.#registers.findLast((register) => register.epc === epc && register.kwh === kwh);
      if (!said) this.#wrong(`state/energy was never said: ${payload}`);
      else if (now - said.ms > this.energyMarkMs + SLACK_MS)
        this.#wrong(`an old register was published: ${payload}, ${now - said.ms} ms old`);
      this.#shownRegisters.push({ epc, kwh });
      this.#mustNotFall(`state/energy ${epc}`, kwh);
    }
  }

  #mustNotFall(what: string, kwh: number): void {
    const highest = this.#highest.get(what);
    if (highest && kwh < highest.kwh && highest.falls === this.falls)
      this.#wrong(`${what} fell from ${highest.kwh} to ${kwh} kWh unconfirmed`);
    this.#highest.set(what, { kwh, falls: this.falls });
  }

  #halfHour(payload: string): void {
    const values = JSON.parse(payload) as Values;
    const markMs = Date.parse(String(values['time']));
    for (const [epc, key] of [
      ['EA', 'import'],
      ['EB', 'export'],
    ] as const) {
      const kwh = values[key];
      if (typeof kwh === 'number' && !this.#said.has(`${epc} mark ${markMs} ${kwh}`))
        this.#wrong(`state/halfhour was never said: ${payload}`);
      const delta = values[`${key}_delta`];
      if (typeof delta === 'number' && delta < 0) this.#wrong(`negative half hour: ${payload}`);
    }
  }

  #usage(payload: string): void {
    const values = JSON.parse(payload) as Values;
    for (const key of USAGE) {
      const value = values[key];
      if (typeof value === 'number' && !(value >= 0 && value < MOST_USAGE)) this.#wrong(`${key} cannot be: ${payload}`);
    }
  }

  #minute(payload: string): void {
    const { import: bought, export: sold, time } = JSON.parse(payload) as Values;
    this.#mustBeTold(payload, time, { importKwh: bought, exportKwh: sold });
  }

  /** Registers of a moment, as any meter that hung there told them. */
  #mustBeTold(payload: string, time: unknown, registers: Readonly<Record<Direction, unknown>>): void {
    for (const direction of ['importKwh', 'exportKwh'] as const) {
      const kwh = registers[direction];
      if (typeof kwh !== 'number' || !this.household) continue;
      const told = this.household.word.at(Date.parse(String(time)), direction);
      if (!told.some((one) => one.kwh === kwh)) this.#wrong(`${direction} was never told: ${payload}`);
    }
  }

  #reading(payload: string): void {
    const values = JSON.parse(payload) as Values;
    const { run, seq, time, power } = values;
    const wrong = this.ledger.came(Number(run), Number(seq));
    if (wrong !== undefined) this.#wrong(wrong);
    const atMs = Date.parse(String(time));
    if (typeof power === 'number' && !this.#said.has(powerKey(power, atMs)))
      this.#wrong(`reading was never said: ${payload}`);
    const minute = { importKwh: values['import_minute'], exportKwh: values['export_minute'] };
    this.#mustBeTold(payload, values['minute_time'], minute);
  }

  #last(topic: string): string | undefined {
    return this.#topics.get(topic);
  }

  #wrong(what: string): void {
    if (this.violations.length < 20) this.violations.push(`${Math.round(this.#clock.monotonicMs())} ms: ${what}`);
  }
}

const USAGE =
  'demand_now demand_forecast demand_30min demand_peak_today demand_peak_month import_today export_today'.split(' ');
/** Beyond it there is no register: FFFFFFFE is "no data". */
const MOST_RAW = 99_999_999;
const TODAY = [
  ['E0', 'import_today'],
  ['E3', 'export_today'],
] as const;
/** W, and kWh of a day: no house gets near it, and a register taken for another one's is far beyond. */
const MOST_USAGE = 1_000_000;

const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, '0');
const powerKey = (watts: unknown, atMs: number): string => `E7 ${hex(Number(watts) >>> 0, 8)} ${atMs}`;
