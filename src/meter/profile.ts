import type { EnergyScale, MeterProfile } from '../model/reading.ts';
import { decodeCoefficient, decodeCounter, decodeDigits, decodeUnit } from '../echonet/energy.ts';
import { EPC } from '../echonet/epc.ts';
import { edtOf } from '../echonet/frame.ts';
import type { Property } from '../echonet/frame.ts';
import { decodeMakerCode, decodeSerialNumber, decodeStandardVersion, decodePropertyMap } from '../echonet/nameplate.ts';
import { decodeCurrents } from '../echonet/smart-meter.ts';
import type { Refusals } from './refusals.ts';

type ScaleKey = keyof EnergyScale;
type Nameplate = Pick<MeterProfile, 'makerCode' | 'serialNumber' | 'release'>;

const SCALE = new Map<number, readonly [ScaleKey, (edt: Uint8Array) => number | undefined]>([
  [EPC.energyUnit, ['exponent', decodeUnit]],
  [EPC.digits, ['digits', decodeDigits]],
  [EPC.coefficient, ['coefficient', decodeCoefficient]],
]);
const NAMEPLATE = new Map<number, readonly [keyof Nameplate, (edt: Uint8Array) => string | undefined]>([
  [EPC.makerCode, ['makerCode', decodeMakerCode]],
  [EPC.serialNumber, ['serialNumber', decodeSerialNumber]],
  [EPC.standardVersion, ['release', (edt) => decodeStandardVersion(edt)?.release]],
]);
/** Asked once a session, because the meter may have been exchanged: what energy needs, then the nameplate. */
export const ASKED_ONCE: readonly number[] = [...SCALE.keys(), ...NAMEPLATE.keys()];

/** What one session has learned of the meter. Energy waits for it; what is announced may rest on the remembered profile. */
export class ProfileBuilder {
  readonly #refusals: Pick<Refusals, 'isBelieved'>;
  readonly #before: MeterProfile | undefined;
  #getMap: readonly number[] | undefined;
  /** What the meter said; undefined where that is of no use. */
  readonly #scale = new Map<ScaleKey, number | undefined>();
  #nameplate: Nameplate = {};
  #hasTPhase = false;
  #hasExport = false;
  readonly #told = new Set<number>();

  /** @param before what the meter at this address said in an earlier session */
  constructor(refusals: Pick<Refusals, 'isBelieved'>, before?: MeterProfile) {
    this.#refusals = refusals;
    this.#before = before;
  }

  get getMap(): readonly number[] | undefined {
    return this.#getMap;
  }

  get serialNumber(): string | undefined {
    return this.#nameplate.serialNumber;
  }

  /**
   * How this meter counts energy: each part as it said, now or in an earlier session; undefined until all are known so.
   * Only a Get map without a coefficient means a coefficient of 1; one that is refused says nothing.
   */
  get energyScale(): EnergyScale | undefined {
    if (!this.#getMap) return undefined;
    const [exponent, digits] = [this.#part('exponent'), this.#part('digits')];
    const hasCoefficient = this.#getMap.includes(EPC.coefficient) || this.#scale.has('coefficient');
    const coefficient = hasCoefficient ? this.#part('coefficient') : 1;
    if (exponent === undefined || digits === undefined || coefficient === undefined) return undefined;
    return { exponent, digits, coefficient };
  }

  /** The EPCs of `wanted` that the map offers and that the meter has not told yet. */
  open(wanted: readonly number[]): number[] {
    return wanted.filter((code) => this.#getMap?.includes(code) && !this.#told.has(code));
  }

  /** Nothing is to be expected of these soon: told, not offered, or refused and that believed. */
  isSettled(wanted: readonly number[]): boolean {
    return this.open(wanted).every((code) => this.#refusals.isBelieved(code));
  }

  /** Learns from any answer or notification. */
  learn(properties: readonly Property[]): void {
    const map = edtOf(properties, EPC.getMap);
    const decodedMap = map && decodePropertyMap(map);
    if (decodedMap?.ok) this.#getMap = decodedMap.value.epcs;
    for (const { epc: code, edt } of properties) if (edt.length > 0) this.#learnOne(code, edt);
  }

  /** The profile to announce and remember; undefined until nothing that decides about entities is open. */
  get complete(): MeterProfile | undefined {
    if (!this.#getMap) return undefined;
    if (!this.isSettled([EPC.currents, ...ASKED_ONCE, EPC.exportEnergy])) return undefined;
    const scale = this.energyScale;
    return {
      getMap: this.#getMap,
      ...this.#nameplate,
      ...(scale ? { energyScale: scale } : {}),
      hasTPhase: this.#hasTPhase,
      hasExport: this.#hasExport,
    };
  }

  #part(key: ScaleKey): number | undefined {
    return this.#scale.has(key) ? this.#scale.get(key) : this.#sameBefore?.energyScale?.[key];
  }

  /** The remembered profile, when nothing speaks for another meter: one that told its serial number before must do so again. */
  get #sameBefore(): MeterProfile | undefined {
    const { serialNumber } = this.#before ?? {};
    return serialNumber === undefined || serialNumber === this.serialNumber ? this.#before : undefined;
  }

  #learnOne(code: number, edt: Uint8Array): void {
    this.#told.add(code);
    if (code === EPC.currents) this.#hasTPhase ||= decodeCurrents(edt)?.t !== undefined;
    if (code === EPC.exportEnergy) this.#hasExport ||= decodeCounter(edt) !== undefined;
    const [part, decodePart] = SCALE.get(code) ?? [];
    if (part) this.#scale.set(part, decodePart?.(edt));
    const [key, decode] = NAMEPLATE.get(code) ?? [];
    const text = decode?.(edt);
    if (key && text !== undefined) this.#nameplate = { ...this.#nameplate, [key]: text };
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
