import { decodeUnit } from '../../echonet/energy.ts';
import type { Registers } from '../../echonet/energy.ts';
import { EPC, NODE_EPC } from '../../echonet/epc.ts';
import { EOJ, ESV } from '../../echonet/frame.ts';
import type { Frame, Property } from '../../echonet/frame.ts';
import { decodeHistoryDay, decodeSlotRequest, HISTORY2, HISTORY3 } from '../../echonet/history.ts';
import { encodeInstanceList } from '../../echonet/nameplate.ts';
import { bytesOfHex, bytesOfLatin1, hex, hexOfBytes } from '../../kernel/bytes.ts';
import { DAY_MS } from '../../kernel/clock.ts';
import { Load, LoadProfile } from './load.ts';
import type { PhaseWatts } from './load.ts';
import { defaultGetMap, propertyEdt, setMap } from './meter-properties.ts';
import type { HistorySettings, MeterView } from './meter-properties.ts';
import type { ResolvedOptions } from '../options.ts';

/** Volt-amperes per watt and volt of the house's two 100 V phases. */
const CURRENT_PER_WATT = 1 / 0.95 / 100;
/** All meters, whatever their instance. */
const ANY_METER = 0x028800;

const NONE = new Uint8Array(0);
const NOTHING_SET: HistorySettings = { day: undefined, slots2: { count: 1 }, slots3: { count: 1 } };

/** The service of the answer when all was done, and when some of it was refused; undefined: no answer. */
const ANSWERS: Readonly<Record<number, { readonly done: number | undefined; readonly refused: number }>> = {
  [ESV.get]: { done: ESV.getRes, refused: ESV.getSna },
  [ESV.infReq]: { done: ESV.inf, refused: ESV.infSna },
  [ESV.setI]: { done: undefined, refused: ESV.setISna },
  [ESV.setC]: { done: ESV.setRes, refused: ESV.setCSna },
  [ESV.setGet]: { done: ESV.setGetRes, refused: ESV.setGetSna },
};

/** What was got has data, what was set has none; no property at all is refused too. */
const isDone = (list: readonly Property[], kind: 'get' | 'set'): boolean =>
  list.length > 0 && list.every(({ edt }) => (kind === 'get' ? edt.length > 0 : edt.length === 0));

/** The meter's ECHONET Lite objects: pure given the time of its own clock, but for what is set (E5, ED, EF, a fixed load). */
export class SimMeter {
  readonly load: Load;
  readonly #options: ResolvedOptions;
  readonly #offsetWh: { normal: number; reverse: number };
  #installedMs: number;
  readonly #getMap: readonly number[];
  #serial: string;
  #history = NOTHING_SET;
  #currents: MeterView['currents'] | undefined;

  constructor(options: ResolvedOptions) {
    this.#options = options;
    this.load = new Load(new LoadProfile(options.seed, options.solar));
    const start = this.load.energyAt(options.startAt);
    this.#offsetWh = {
      normal: options.importKwh * 1000 - start.importWh,
      reverse: options.exportKwh * 1000 - start.exportWh,
    };
    this.#installedMs = options.startAt - options.historyDays * DAY_MS;
    this.#serial = options.serial;
    const map = new Set([...defaultGetMap(options.generation, options.coefficient), ...options.mapAdd]);
    for (const code of options.mapRemove) map.delete(code);
    this.#getMap = [...map];
  }

  /** A; undefined goes back to what the power gives. */
  setCurrents(r: number | undefined, t?: number): void {
    this.#currents =
      r === undefined ? undefined : { r: Math.round(r * 10), t: t === undefined ? undefined : Math.round(t * 10) };
  }

  /** The register shows `raw` now, and goes on from there. */
  setCounter(atMs: number, which: 'import' | 'export', raw: number): void {
    const energy = this.load.energyAt(atMs);
    const wh = raw * this.#stepWh;
    if (which === 'import') this.#offsetWh.normal = wh - energy.importWh;
    else this.#offsetWh.reverse = wh - energy.exportWh;
  }

  /** Another meter hangs there from now on: its own serial number, its registers from zero, nothing set. */
  replace(atMs: number, serial: string): void {
    this.#serial = serial;
    this.setCounter(atMs, 'import', 0);
    this.setCounter(atMs, 'export', 0);
    this.#history = NOTHING_SET;
    this.#installedMs = atMs;
  }

  /** Raw registers at a moment of the meter's clock, rolling over at its digits. */
  registersAt(atMs: number): Record<keyof Registers, number> {
    const energy = this.load.energyAt(atMs);
    const limit = 10 ** this.#options.digits;
    const raw = (wh: number): number => {
      const steps = Math.floor(wh / this.#stepWh + 1e-6) % limit;
      return steps < 0 ? steps + limit : steps;
    };
    return {
      normal: raw(energy.importWh + this.#offsetWh.normal),
      reverse: raw(energy.exportWh + this.#offsetWh.reverse),
    };
  }

  get #stepWh(): number {
    const { unit, coefficient } = this.#options;
    return 1000 * 10 ** (decodeUnit(Uint8Array.of(unit)) ?? 0) * (coefficient || 1);
  }

  #viewAt(atMs: number): MeterView {
    const watts = this.load.wattsAt(atMs);
    return {
      ...this.#options,
      atMs,
      serial: this.#serial,
      watts,
      currents: this.#currents ?? this.#currentsOf(this.load.phasesAt(atMs)),
      getMap: this.#getMap,
      registersAt: (when) => (when > atMs || when < this.#installedMs ? {} : this.registersAt(when)),
      history: this.#history,
    };
  }

  #currentsOf({ r, t }: PhaseWatts): MeterView['currents'] {
    const tenths = (watts: number): number => Math.round(watts * CURRENT_PER_WATT * 10);
    return this.#options.twoWire ? { r: tenths(r + t), t: undefined } : { r: tenths(r), t: tenths(t) };
  }

  /** @returns the answer; undefined when there is none: a SetI that worked, a notification's answer, another object. */
  answer(request: Frame, atMs: number): Frame | undefined {
    const { properties, deoj, tid, seoj, esv: asked } = request;
    const services = ANSWERS[asked];
    const isNode = deoj === EOJ.nodeProfile;
    if (!services || (!isNode && deoj !== EOJ.meter && deoj !== ANY_METER)) return undefined;
    if (properties.length > this.#options.maxOpc) return undefined;
    const get = (list: readonly Property[]): Property[] =>
      list.map(({ epc: code }) => ({ epc: code, edt: (isNode ? NODE_PROFILE[code] : this.#get(code, atMs)) ?? NONE }));
    const set = (list: readonly Property[]): Property[] =>
      list.map((property) => (!isNode && this.#set(property) ? { epc: property.epc, edt: NONE } : property));
    const kind = asked === ESV.get || asked === ESV.infReq ? 'get' : 'set';
    const list = kind === 'get' ? get(properties) : set(properties);
    const got = asked === ESV.setGet ? get(request.getProperties ?? []) : undefined;
    const service = isDone(list, kind) && (!got || isDone(got, 'get')) ? services.done : services.refused;
    if (service === undefined) return undefined;
    const answer = { tid, seoj: isNode ? EOJ.nodeProfile : EOJ.meter, deoj: seoj, esv: service, properties: list };
    return got ? { ...answer, getProperties: got } : answer;
  }

  /** EA, and EB where the map names it, as announced to the controller after a half hour. */
  halfHour(atMs: number, tid: number): Frame {
    const service = this.#options.halfHour === 'infc' ? ESV.infc : ESV.inf;
    const properties = [EPC.importAtMark, EPC.exportAtMark]
      .filter((code) => this.#getMap.includes(code))
      .map((code) => ({ epc: code, edt: this.#get(code, atMs) ?? NONE }));
    return { tid, seoj: EOJ.meter, deoj: EOJ.controller, esv: service, properties };
  }

  #get(code: number, atMs: number): Uint8Array | undefined {
    return this.#getMap.includes(code) ? propertyEdt(this.#viewAt(atMs), code) : undefined;
  }

  #set({ epc: code, edt }: Property): boolean {
    if (!setMap(this.#options.generation).includes(code)) return false;
    if (code === EPC.installationPlace) return edt.length === 1; // accepted, and shown as it was
    if (code === EPC.historyDay) {
      const day = decodeHistoryDay(edt);
      if (day === undefined || day > 99) return false;
      this.#history = { ...this.#history, day };
      return true;
    }
    const isHistory2 = code === EPC.history2Request;
    const slots = decodeSlotRequest(isHistory2 ? HISTORY2 : HISTORY3, edt);
    if (slots) this.#history = { ...this.#history, [isHistory2 ? 'slots2' : 'slots3']: slots };
    return slots !== undefined;
  }
}

const INSTANCES = encodeInstanceList([EOJ.meter]);

/** The node profile 0EF001: its status and its one instance. */
const NODE_PROFILE: Readonly<Record<number, Uint8Array>> = {
  0x80: Uint8Array.of(0x30),
  0x82: Uint8Array.of(0x01, 0x0a, 0x01, 0x00),
  0xd3: Uint8Array.of(0, 0, 1),
  0xd4: Uint8Array.of(0, 2),
  [NODE_EPC.instanceListNotification]: INSTANCES,
  [NODE_EPC.instanceList]: INSTANCES,
  0xd7: Uint8Array.of(1, 0x02, 0x88),
};

/** The instance list the meter multicasts once a session stands. */
export const instanceListNotification = (tid: number): Frame => ({
  tid,
  seoj: EOJ.nodeProfile,
  deoj: EOJ.nodeProfile,
  esv: ESV.inf,
  properties: [{ epc: NODE_EPC.instanceListNotification, edt: INSTANCES }],
});

/** The unset Route-B ID in a PANA datagram. */
const NO_ID = '0'.repeat(32);

/**
 * What the meter sends during a join, in the form of a published capture (RS-WSUHA-P): the PANA start, EAP-PSK with the
 * Route-B ID in clear, its third message, and the result with the session's lifetime.
 */
export function panaDatagrams(nonce: Uint8Array, id: string | undefined, lifetimeS: number): readonly Uint8Array[] {
  const session = hexOfBytes(nonce.subarray(0, 8));
  const random = hexOfBytes(nonce.subarray(8, 24));
  const mac = hexOfBytes(nonce.subarray(24, 40));
  const name = hexOfBytes(bytesOfLatin1(`SM${(id ?? NO_ID).padEnd(32, '0')}`));
  return [
    `00000028C0000002${session}00060000000400000000000500030000000400000000000C`,
    `0000006880000002${session}000500000010000044AA92C21CDBB377DEBBEBC9B755B87D000200000038000001E300382F00${random}${name}`,
    `0000005480000002${session}00020000003B000001E4003B2F80${random}${mac}000000006852F3CB9B3291068BF82BB6863F1D2B8100`,
    `00000058A0000002${session}000700000004000000000000000200000004000003E40004000400000004000000001601000800000004000000${hex(lifetimeS, 8).slice(-8)}000001000000100000${mac}`,
  ].map((text) => bytesOfHex(cutOrFilled(text)));
}

/** To the length in its own header, behind two reserved bytes. */
function cutOrFilled(text: string): string {
  const digits = 2 * Number.parseInt(text.slice(4, 8), 16);
  return text.slice(0, digits).padEnd(digits, '0');
}
