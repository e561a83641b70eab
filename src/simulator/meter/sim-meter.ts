import type { Registers } from '../../echonet/energy.ts';
import { epc, nodeEpc } from '../../echonet/epc.ts';
import { eoj, esv } from '../../echonet/frame.ts';
import type { Frame, Property } from '../../echonet/frame.ts';
import { decodeHistoryDay, decodeSlotRequest, history2, history3 } from '../../echonet/history.ts';
import type { SlotRequest } from '../../echonet/history.ts';
import { encodeInstanceList } from '../../echonet/nameplate.ts';
import { Load } from './load.ts';
import { LoadProfile } from './load-profile.ts';
import { defaultGetMap, propertyEdt, setMap } from './meter-properties.ts';
import type { MeterView } from './meter-properties.ts';
import type { ResolvedOptions } from '../options.ts';

/** Volt-amperes per watt and volt of the house's two 100 V phases. */
const CURRENT_PER_WATT = 1 / 0.95 / 100;
/** How much of the load hangs on R. */
const R_SHARE = 0.62;
/** History reaches back this far. */
const INSTALLED_DAYS = 100;
const DAY_MS = 24 * 3_600_000;

const none = new Uint8Array(0);

/** Power of ten of an E1 code, in kWh. */
const exponentOfUnit = (unit: number): number => (unit >= 0x0a ? unit - 0x09 : -unit);

/** The meter's ECHONET Lite objects: pure given the time of its own clock, but for what is set (E5, ED, EF, a fixed load). */
export class SimMeter {
  readonly load: Load;
  readonly #options: ResolvedOptions;
  readonly #offsetWh: { normal: number; reverse: number };
  readonly #installedMs: number;
  #getMap: readonly number[];
  #serial: string;
  #historyDay: number | undefined = undefined;
  #slots2: SlotRequest = { count: 1 };
  #slots3: SlotRequest = { count: 1 };
  #currents: { readonly r: number; readonly t: number | undefined } | undefined;

  constructor(options: ResolvedOptions) {
    this.#options = options;
    this.load = new Load(new LoadProfile(options.seed, options.solar));
    const start = this.load.energyAt(options.startAt);
    this.#offsetWh = {
      normal: options.importKwh * 1000 - start.importWh,
      reverse: options.exportKwh * 1000 - start.exportWh,
    };
    this.#installedMs = options.startAt - INSTALLED_DAYS * DAY_MS;
    this.#serial = options.serial;
    const removed = new Set(options.mapRemove);
    this.#getMap = [...new Set([...defaultGetMap(options.generation, options.coefficient), ...options.mapAdd])].filter(
      (code) => !removed.has(code),
    );
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
    this.#historyDay = undefined;
    this.#slots2 = this.#slots3 = { count: 1 };
  }

  /** Raw registers at a moment of the meter's clock, rolling over at its digits. */
  registersAt(atMs: number): Required<Registers> {
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
    return 1000 * 10 ** exponentOfUnit(this.#options.unit) * (this.#options.coefficient || 1);
  }

  view(atMs: number): MeterView {
    const { generation, maker, unit, coefficient, digits, twoWire } = this.#options;
    const watts = this.load.wattsAt(atMs);
    const deci = watts * CURRENT_PER_WATT * 10;
    return {
      atMs,
      generation,
      maker,
      serial: this.#serial,
      unit,
      coefficient,
      digits,
      watts,
      currents:
        this.#currents ??
        (twoWire
          ? { r: Math.round(deci), t: undefined }
          : { r: Math.round(deci * R_SHARE), t: Math.round(deci * (1 - R_SHARE)) }),
      getMap: this.#getMap,
      registersAt: (when) => (when > atMs || when < this.#installedMs ? {} : this.registersAt(when)),
      historyDay: this.#historyDay,
      slots2: this.#slots2,
      slots3: this.#slots3,
    };
  }

  /** @returns the answer; undefined when there is none: a SetI that worked, a notification's answer, another object. */
  answer(request: Frame, atMs: number): Frame | undefined {
    const { properties, deoj, tid, seoj } = request;
    const isNode = deoj === eoj.nodeProfile;
    if (!isNode && deoj !== eoj.meter && deoj !== 0x028800) return undefined;
    if (properties.length > this.#options.maxOpc) return undefined;
    const reply = (service: number, list: readonly Property[], target = seoj): Frame => ({
      tid,
      seoj: isNode ? eoj.nodeProfile : eoj.meter,
      deoj: target,
      esv: service,
      properties: list,
    });
    const get = (list: readonly Property[]): Property[] =>
      list.map(({ epc: code }) => ({ epc: code, edt: (isNode ? nodeEdt(code) : this.#get(code, atMs)) ?? none }));
    const failed = (list: readonly Property[]): boolean =>
      list.length === 0 || list.some(({ edt }) => edt.length === 0);
    switch (request.esv) {
      case esv.get: {
        const list = get(properties);
        return reply(failed(list) ? esv.getSna : esv.getRes, list);
      }
      case esv.infReq: {
        const list = get(properties);
        return reply(failed(list) ? esv.infSna : esv.inf, list);
      }
      case esv.setI:
      case esv.setC: {
        const list = properties.map((property) =>
          !isNode && this.#set(property) ? { epc: property.epc, edt: none } : property,
        );
        if (!failedSet(list)) return request.esv === esv.setC ? reply(esv.setRes, list) : undefined;
        return reply(request.esv === esv.setC ? esv.setCSna : esv.setISna, list);
      }
      case esv.setGet: {
        const list = properties.map((property) =>
          !isNode && this.#set(property) ? { epc: property.epc, edt: none } : property,
        );
        const got = get(request.getProperties ?? []);
        const bad = failedSet(list) || failed(got);
        return { ...reply(bad ? esv.setGetSna : esv.setGetRes, list), getProperties: got };
      }
    }
    return undefined;
  }

  /** EA, and EB where the map names it, as announced to the controller after a half hour. */
  halfHour(atMs: number, tid: number, service: number): Frame {
    const view = this.view(atMs);
    const properties = [epc.importAtMark, epc.exportAtMark]
      .filter((code) => this.#getMap.includes(code))
      .map((code) => ({ epc: code, edt: propertyEdt(view, code) ?? none }));
    return { tid, seoj: eoj.meter, deoj: eoj.controller, esv: service, properties };
  }

  #get(code: number, atMs: number): Uint8Array | undefined {
    return this.#getMap.includes(code) ? propertyEdt(this.view(atMs), code) : undefined;
  }

  #set({ epc: code, edt }: Property): boolean {
    if (!setMap(this.#options.generation).includes(code)) return false;
    if (code === epc.historyDay) {
      const day = decodeHistoryDay(edt);
      if (day === undefined || day > 99) return false;
      this.#historyDay = day;
      return true;
    }
    if (code === epc.history2Request) {
      const request = decodeSlotRequest(history2, edt);
      if (request) this.#slots2 = request;
      return request !== undefined;
    }
    if (code === epc.history3Request) {
      const request = decodeSlotRequest(history3, edt);
      if (request) this.#slots3 = request;
      return request !== undefined;
    }
    return edt.length === 1; // 81: taken, and shown as it was
  }
}

const failedSet = (list: readonly Property[]): boolean => list.length === 0 || list.some(({ edt }) => edt.length > 0);

/** The node profile 0EF001: its status and its one instance. */
function nodeEdt(code: number): Uint8Array | undefined {
  const instances = encodeInstanceList([eoj.meter]);
  switch (code) {
    case 0x80:
      return Uint8Array.of(0x30);
    case 0x82:
      return Uint8Array.of(0x01, 0x0a, 0x01, 0x00);
    case 0xd3:
      return Uint8Array.of(0, 0, 1);
    case 0xd4:
      return Uint8Array.of(0, 2);
    case nodeEpc.instanceListNotification:
    case nodeEpc.instanceList:
      return instances;
    case 0xd7:
      return Uint8Array.of(1, 0x02, 0x88);
  }
  return undefined;
}

/** The instance list the meter multicasts once a session stands. */
export const instanceListNotification = (tid: number): Frame => ({
  tid,
  seoj: eoj.nodeProfile,
  deoj: eoj.nodeProfile,
  esv: esv.inf,
  properties: [{ epc: nodeEpc.instanceListNotification, edt: encodeInstanceList([eoj.meter]) }],
});
