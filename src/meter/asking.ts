import type { Clock } from '../kernel/clock.ts';
import { BridgeError, exceeds } from '../kernel/errors.ts';
import type { Text } from '../kernel/language.ts';
import type { Log } from '../kernel/log.ts';
import { toldOf } from '../echonet/frame.ts';
import type { MeterClient } from './meter-client.ts';
import { fewerThan } from './refusals.ts';
import type { Refusals } from './refusals.ts';
import type { RequestSize } from './capacity.ts';

/** Lost requests in a row after which the session is taken to be dead although no EVENT said so. */
const LOST_LIMIT = 3;
const SEND_FAILED_PAUSE_MS = 2000;

export interface AskingDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly client: Pick<MeterClient, 'get'>;
  readonly size: RequestSize;
  /** Have learned from each answer before `get` returns it. */
  readonly refusals: Refusals;
  readonly timeoutMs: () => number;
  /** A lost request is about to be repeated. */
  readonly onRetry: () => void;
}

/** Puts lists of properties to the meter in as many requests as it needs: fewer at a time when it refuses or is silent. */
export class Asking {
  readonly #deps: AskingDeps;

  constructor(deps: AskingDeps) {
    this.#deps = deps;
  }

  /** @param tries lost requests in a row that end it. @throws BridgeError METER_SILENT, SESSION_LOST … */
  async ask(epcs: readonly number[], signal: AbortSignal, tries = LOST_LIMIT): Promise<void> {
    const { client, clock, refusals, size, timeoutMs } = this.#deps;
    let open = refusals.askable(epcs, clock.monotonicMs());
    let lost = 0;
    const partly = new PartlyRefused();
    while (open.length > 0) {
      const group = refusals.group(open, size.next);
      try {
        const properties = await client.get(group, timeoutMs(), signal);
        const told = toldOf(properties);
        const refused = group.filter((code) => !told.has(code));
        size.answered(group.length - refused.length);
        partly.add(group.length, refused.length);
        open = [...open.slice(group.length), ...(group.length > 1 ? refused : [])];
        lost = 0;
      } catch (error) {
        if (signal.aborted || exceeds(error, 'retry')) throw error;
        if (++lost >= tries) throw new BridgeError('METER_SILENT', inARow(lost), { cause: error });
        await this.#onLost(error, group.length, lost, signal);
      }
    }
    if (partly.tooMany) size.refused(partly.tooMany.asked, partly.tooMany.fits);
  }

  async #onLost(error: unknown, asked: number, lost: number, signal: AbortSignal): Promise<void> {
    const { clock, log, onRetry, size } = this.#deps;
    log.debug({ err: error, lost }, 'request lost, asked again');
    onRetry();
    if (error instanceof BridgeError && error.code === 'SEND_FAILED') await clock.sleep(SEND_FAILED_PAUSE_MS, signal);
    else size.lost(asked);
  }
}

const inARow = (lost: number): Text => ({
  en: `${lost} requests in a row were lost`,
  ja: `要求が ${lost} 回続けて失われました`,
});

/** Whether the list was refused for its length alone: in smaller requests every property of it was answered. */
class PartlyRefused {
  #first: number | undefined;
  #fits = Infinity;
  #isFinal = false;

  add(asked: number, refused: number): void {
    if (refused === 0) return;
    if (asked === 1) {
      this.#isFinal = true;
      return;
    }
    this.#first ??= asked;
    this.#fits = Math.min(this.#fits, fewerThan(asked, asked - refused));
  }

  get tooMany(): { readonly asked: number; readonly fits: number } | undefined {
    return this.#first === undefined || this.#isFinal ? undefined : { asked: this.#first, fits: this.#fits };
  }
}
