import { exceeds } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Registers } from '../echonet/energy.ts';
import { EPC } from '../echonet/epc.ts';
import { edtOf } from '../echonet/frame.ts';
import {
  decodeDayHistory,
  decodeSlotHistory,
  encodeHistoryDay,
  encodeSlotRequest,
  HISTORY2,
  HISTORY3,
} from '../echonet/history.ts';
import type { SlotForm } from '../echonet/history.ts';
import type { MeterClient } from './meter-client.ts';

/** Why there is no answer to use. */
export type MemoryFailure =
  /** The meter refuses, or answers something else than was asked. */
  | 'refused'
  | 'lost'
  /** The module passes on only a part of an answer so long. */
  | 'cut';

export interface MemoryQuestionsDeps {
  readonly log: Log;
  readonly client: Pick<MeterClient, 'getAside' | 'set'>;
  readonly timeoutMs: () => number;
}

/**
 * Questions for the meter's memory: a setting that says which part, then the part. The setting is one for all who ask, so
 * the answer must say what was asked. Each throws what ends the session, or the signal's reason.
 */
export class MemoryQuestions {
  readonly #deps: MemoryQuestionsDeps;

  constructor(deps: MemoryQuestionsDeps) {
    this.#deps = deps;
  }

  /** History 2 (ED, EC). @returns registers at atMs, a half hour before, … */
  slots(atMs: number, count: number, signal: AbortSignal): Promise<readonly Registers[] | MemoryFailure> {
    return this.#back(HISTORY2, [EPC.history2Request, EPC.history2], { atMs, count }, signal);
  }

  /** History 3 (EF, EE). @returns registers at atMs, a minute before, … */
  minutes(atMs: number, count: number, signal: AbortSignal): Promise<readonly Registers[] | MemoryFailure> {
    return this.#back(HISTORY3, [EPC.history3Request, EPC.history3], { atMs, count }, signal);
  }

  /**
   * History 1 (E5 with E2 and E4).
   * @param day 0 is the meter's today, 1 yesterday … 99
   * @returns the 48 registers from 0:00 on
   */
  async day(day: number, hasExport: boolean, signal: AbortSignal): Promise<readonly Registers[] | MemoryFailure> {
    const bought = await this.#direction(day, EPC.importHistory, signal);
    if (typeof bought === 'string') return bought;
    const sold = hasExport ? await this.#direction(day, EPC.exportHistory, signal) : [];
    if (typeof sold === 'string') return sold;
    return bought.map((normal, i) => ({ normal, reverse: sold[i] }));
  }

  async #back(
    form: SlotForm,
    [requestEpc, epc]: readonly [number, number],
    { atMs, count }: { readonly atMs: number; readonly count: number },
    signal: AbortSignal,
  ): Promise<readonly Registers[] | MemoryFailure> {
    const edt = await this.#ask({ epc: requestEpc, edt: encodeSlotRequest(form, { atMs, count }) }, epc, signal);
    if (typeof edt === 'string') return edt;
    const history = decodeSlotHistory(form, edt);
    return history?.atMs === atMs && history.count === count ? history.values : 'refused';
  }

  async #direction(
    day: number,
    epc: number,
    signal: AbortSignal,
  ): Promise<readonly (number | undefined)[] | MemoryFailure> {
    const edt = await this.#ask({ epc: EPC.historyDay, edt: encodeHistoryDay(day) }, epc, signal);
    if (typeof edt === 'string') return edt;
    const history = decodeDayHistory(edt);
    return history?.day === day ? history.values : 'refused';
  }

  async #ask(
    setting: { readonly epc: number; readonly edt: Uint8Array },
    epc: number,
    signal: AbortSignal,
  ): Promise<Uint8Array | MemoryFailure> {
    const { client, log, timeoutMs } = this.#deps;
    try {
      if (!(await client.set(setting, timeoutMs(), signal))) return 'refused';
      const { properties, isCut } = await client.getAside(epc, timeoutMs(), signal);
      return isCut === true ? 'cut' : (edtOf(properties, epc) ?? 'refused');
    } catch (error) {
      if (signal.aborted || exceeds(error, 'retry')) throw error;
      log.debug({ err: error }, 'question for the meter’s memory lost');
      return 'lost';
    }
  }
}
