import type { Log } from '../kernel/log.ts';
import type { EnergyScale, MinuteRegisters, Reading } from '../model/reading.ts';
import { EnergyGuard, mostKw } from './energy-guard.ts';
import type { Accepted, RegisterForm } from './energy-guard.ts';
import type { Remembered } from './meter-memory.ts';

type Measured = Omit<Reading, 'atMs' | 'roundTripMs'>;
interface Moment {
  readonly atMs: number;
  readonly monotonicMs: number;
}

export interface GuardDeps {
  readonly log: Log;
  /** Hears each reading that is held back. */
  readonly onHeld: (register: 'import' | 'export') => void;
}

/** The guards of a meter's two registers, and the rule that another meter starts afresh. */
export class RegisterGuards {
  readonly #deps: GuardDeps;
  readonly #contractAmpere: number | undefined;
  readonly #import: EnergyGuard;
  readonly #export: EnergyGuard;
  #macAddress: string | undefined;
  #serialNumber: string | undefined;

  constructor(deps: GuardDeps, contractAmpere: number | undefined, remembered: Remembered) {
    this.#deps = deps;
    this.#contractAmpere = contractAmpere;
    this.#import = new EnergyGuard(remembered.import);
    this.#export = new EnergyGuard(remembered.export);
    this.#macAddress = remembered.macAddress;
    this.#serialNumber = remembered.profile?.serialNumber;
  }

  /** Tells which meter speaks: another MAC or serial number is another meter, and its registers are right as they are. */
  ofMeter(macAddress: string, serialNumber: string | undefined): void {
    const otherMac = this.#macAddress !== undefined && this.#macAddress !== macAddress;
    const otherSerial =
      this.#serialNumber !== undefined && serialNumber !== undefined && this.#serialNumber !== serialNumber;
    if (otherMac || otherSerial) {
      this.#deps.log.warn({ macAddress, serialNumber }, 'another meter: its energy registers are taken as they are');
      this.#import.forget();
      this.#export.forget();
    }
    this.#macAddress = macAddress;
    this.#serialNumber = serialNumber ?? this.#serialNumber;
  }

  /** The reading with only those registers that behave like registers. */
  pass(measured: Measured, moment: Moment, scale: EnergyScale | undefined): Measured {
    this.#import.sample(flowKw(measured, 1));
    this.#export.sample(flowKw(measured, -1));
    if (!scale) return measured;
    const { importKwh, exportKwh, minute, ...rest } = measured;
    const [boughtForm, soldForm] = [formOf(scale, this.#contractAmpere), formOf(scale, undefined)];
    const bought = this.#judge('import', this.#import, importKwh, moment, boughtForm);
    const sold = this.#judge('export', this.#export, exportKwh, moment, soldForm);
    const fits = (guard: EnergyGuard, kwh: number | undefined, form: RegisterForm): boolean =>
      kwh !== undefined && guard.fits(kwh, moment.monotonicMs, form);
    const isBought = fits(this.#import, minute?.importKwh, boughtForm);
    const isSold = fits(this.#export, minute?.exportKwh, soldForm);
    return {
      ...rest,
      ...(bought === undefined ? {} : { importKwh: bought }),
      ...(sold === undefined ? {} : { exportKwh: sold }),
      ...(minute && (isBought || isSold) ? { minute: only(minute, isBought, isSold) } : {}),
    };
  }

  get accepted(): { readonly import?: Accepted; readonly export?: Accepted } {
    const [bought, sold] = [this.#import.last, this.#export.last];
    return { ...(bought ? { import: bought } : {}), ...(sold ? { export: sold } : {}) };
  }

  #judge(
    register: 'import' | 'export',
    guard: EnergyGuard,
    kwh: number | undefined,
    moment: Moment,
    form: RegisterForm,
  ): number | undefined {
    if (kwh === undefined) return undefined;
    const { isHolding: wasHolding, last: { kwh: before } = {} } = guard;
    const verdict = guard.judge(kwh, moment.atMs, moment.monotonicMs, form);
    const facts = { register, before, kwh, why: verdict.why, heldBack: guard.heldBack };
    if (!verdict.accepted) {
      this.#deps.onHeld(register);
      // A hold lasts for minutes: the first reading is worth a warning, the others are counted.
      this.#deps.log[wasHolding ? 'debug' : 'warn'](facts, 'energy register held back until confirmed');
    } else if (verdict.why === 'confirmed' || verdict.why === 'roll-over')
      this.#deps.log.warn(facts, 'energy register accepted after a fall or jump');
    return verdict.accepted ? kwh : undefined;
  }
}

const only = (
  { minuteMs, importKwh, exportKwh }: MinuteRegisters,
  bought: boolean,
  sold: boolean,
): MinuteRegisters => ({
  minuteMs,
  ...(bought && importKwh !== undefined ? { importKwh } : {}),
  ...(sold && exportKwh !== undefined ? { exportKwh } : {}),
});

/** What an ampere of a phase carries, V: R and T are measured against neutral. Of three phases the power says more. */
const PHASE_VOLTS = 100;

/**
 * The most that flows in one direction by this answer, kW: by its power, or by its currents where they say more.
 * @param sign 1: bought, -1: sold.
 */
function flowKw({ powerW, currentRA, currentTA }: Measured, sign: 1 | -1): number | undefined {
  if (powerW === undefined && currentRA === undefined && currentTA === undefined) return undefined;
  const towards = (value = 0): number => Math.max(0, sign * value);
  return Math.max(towards(powerW), PHASE_VOLTS * (towards(currentRA) + towards(currentTA))) / 1000;
}

/** The smallest step of the registers. */
export const stepKwhOf = ({ coefficient, exponent }: EnergyScale): number => coefficient * 10 ** exponent;

function formOf(scale: EnergyScale, contractAmpere: number | undefined): RegisterForm {
  const { coefficient, digits } = scale;
  const stepKwh = stepKwhOf(scale);
  return { stepKwh, modulusKwh: stepKwh * 10 ** digits, mostKw: mostKw(contractAmpere, coefficient) };
}
