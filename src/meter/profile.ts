import type { EnergyScale, MeterProfile } from '../model/reading.ts';
import { decodeCoefficient, decodeCounter, decodeDigits, decodeUnit } from '../echonet/energy.ts';
import { epc } from '../echonet/epc.ts';
import { edtOf } from '../echonet/frame.ts';
import type { Property } from '../echonet/frame.ts';
import { decodeMakerCode, decodeSerialNumber, decodeStandardVersion } from '../echonet/nameplate.ts';
import { decodePropertyMap } from '../echonet/property-map.ts';
import { decodeCurrents } from '../echonet/smart-meter.ts';

/** Asked once a session, because the meter may have been exchanged: what energy needs, then the nameplate. */
export const scaleEpcs = [epc.energyUnit, epc.digits, epc.coefficient] as const;
export const nameplateEpcs = [epc.makerCode, epc.serialNumber, epc.standardVersion] as const;
/** Refusals after which the meter is taken not to have what its map offers. */
const FINAL_REFUSALS = 3;

/** What one session has learned of the meter. Energy waits for it; what is announced may rest on the remembered profile. */
export class ProfileBuilder {
  #getMap: readonly number[] | undefined;
  #exponent: number | undefined;
  #digits: number | undefined;
  #coefficient: number | undefined;
  #nameplate: Pick<MeterProfile, 'makerCode' | 'serialNumber' | 'release'> = {};
  #hasTPhase = false;
  #hasExport = false;
  readonly #settled = new Set<number>();
  readonly #refusals = new Map<number, number>();

  get getMap(): readonly number[] | undefined {
    return this.#getMap;
  }

  get serialNumber(): string | undefined {
    return this.#nameplate.serialNumber;
  }

  /** How this session's meter counts energy; undefined until unit, digits and coefficient are known. */
  get energyScale(): EnergyScale | undefined {
    if (this.#exponent === undefined || this.#digits === undefined || this.#coefficient === undefined) return undefined;
    return { exponent: this.#exponent, digits: this.#digits, coefficient: this.#coefficient };
  }

  /** The EPCs of `wanted` that the map offers and that no answer has settled yet. */
  open(wanted: readonly number[]): number[] {
    return wanted.filter((code) => this.#getMap?.includes(code) && !this.#settled.has(code));
  }

  /** Learns from any answer or notification. @param asked the request's EPCs: what is missing from its answer was refused. */
  learn(properties: readonly Property[], asked: readonly number[] = []): void {
    const map = edtOf(properties, epc.getMap);
    const decodedMap = map && decodePropertyMap(map);
    if (decodedMap?.ok) this.#setMap(decodedMap.value.epcs);
    for (const { epc: code, edt } of properties) if (edt.length > 0) this.#learnOne(code, edt);
    for (const code of asked) if (!edtOf(properties, code)) this.#refused(code);
  }

  /** The profile to announce and remember; undefined until nothing that decides about entities is open. */
  get complete(): MeterProfile | undefined {
    if (!this.#getMap) return undefined;
    if (this.open([epc.currents, ...scaleEpcs, ...nameplateEpcs, epc.exportEnergy]).length > 0) return undefined;
    const scale = this.energyScale;
    return {
      getMap: this.#getMap,
      ...this.#nameplate,
      ...(scale ? { energyScale: scale } : {}),
      hasTPhase: this.#hasTPhase,
      hasExport: this.#hasExport,
    };
  }

  #setMap(epcs: readonly number[]): void {
    this.#getMap = epcs;
    if (!epcs.includes(epc.coefficient)) this.#coefficient = 1; // no coefficient is a coefficient of 1
  }

  #learnOne(code: number, edt: Uint8Array): void {
    this.#settled.add(code);
    if (code === epc.energyUnit) this.#exponent = decodeUnit(edt);
    else if (code === epc.digits) this.#digits = decodeDigits(edt);
    else if (code === epc.coefficient) this.#coefficient = decodeCoefficient(edt);
    else if (code === epc.currents) this.#hasTPhase ||= decodeCurrents(edt)?.t !== undefined;
    else if (code === epc.exportEnergy) this.#hasExport ||= decodeCounter(edt) !== undefined;
    else this.#learnNameplate(code, edt);
  }

  #learnNameplate(code: number, edt: Uint8Array): void {
    const makerCode = code === epc.makerCode ? decodeMakerCode(edt) : undefined;
    const serialNumber = code === epc.serialNumber ? decodeSerialNumber(edt) : undefined;
    const release = code === epc.standardVersion ? decodeStandardVersion(edt)?.release : undefined;
    this.#nameplate = {
      ...this.#nameplate,
      ...(makerCode === undefined ? {} : { makerCode }),
      ...(serialNumber === undefined ? {} : { serialNumber }),
      ...(release === undefined ? {} : { release }),
    };
  }

  /**
   * Refused although the map offers it: for what energy rests on that is temporary and asked again, but after three times
   * it is not there (a missing coefficient is 1; without unit or digits there is no energy). The rest is asked once.
   */
  #refused(code: number): void {
    const times = (this.#refusals.get(code) ?? 0) + 1;
    this.#refusals.set(code, times);
    if ((scaleEpcs as readonly number[]).includes(code) && times < FINAL_REFUSALS) return;
    if (code === epc.coefficient) this.#coefficient = 1;
    this.#settled.add(code);
  }
}

/** A serial number the meter did not tell this time is no other one. */
export const isAnother = (one: MeterProfile, other: MeterProfile): boolean =>
  one.serialNumber !== undefined && other.serialNumber !== undefined && one.serialNumber !== other.serialNumber;

/** A profile never loses an entity that was announced: never announce first and remove later. */
export function mergeProfiles(remembered: MeterProfile | undefined, fresh: MeterProfile): MeterProfile {
  if (!remembered || isAnother(remembered, fresh)) return fresh;
  return {
    ...remembered, // what the meter refused to tell this time
    ...fresh,
    hasTPhase: remembered.hasTPhase || fresh.hasTPhase,
    hasExport: remembered.hasExport || fresh.hasExport,
  };
}
