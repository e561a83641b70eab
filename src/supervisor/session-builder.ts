import { hex } from '../kernel/bytes.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Pan } from '../model/pan.ts';
import { channelScan, channelsOfMask, FULL_SCAN } from '../model/scan-plan.ts';
import type { ScanRequest } from '../model/scan-plan.ts';
import type { Session, WiSunModule } from '../module/module.ts';
import { scanTimeMs } from '../skstack/commands.ts';
import type { Step } from './ladder.ts';
import type { LinkReport } from './link-report.ts';

export interface Start {
  /** The PAN that last answered us. */
  readonly known: Pan | undefined;
  /** The module may still be in a session, or in trouble. */
  readonly isUsed: boolean;
}

/** Does what a step of the ladder asks: looks for the meter by one scan after the other where it has to, then joins. */
export class SessionBuilder {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #report: LinkReport;
  /** Searches since the last good answer that found a network, none of which has answered yet. */
  #inVain = 0;
  /** A search found nothing since the last good answer: from then on scans are logged at `debug`. */
  #isQuiet = false;

  constructor(clock: Clock, log: Log, report: LinkReport) {
    this.#clock = clock;
    this.#log = log;
    this.#report = report;
  }

  /** @throws BridgeError PAN_NOT_FOUND, JOIN_…, MODULE_…, PORT_LOST */
  async build(module: WiSunModule, step: Step, start: Start, signal: AbortSignal): Promise<Session> {
    const pan = await this.#climb(module, step, start, signal);
    this.#report.enter('joining', { pan });
    return await this.#join(module, pan, signal);
  }

  /** The meter that was found has answered. */
  proved(): void {
    this.#inVain = 0;
    this.#isQuiet = false;
  }

  /** @returns the PAN to join. */
  async #climb(
    module: WiSunModule,
    { rung, search }: Step,
    { known, isUsed }: Start,
    signal: AbortSignal,
  ): Promise<Pan> {
    if (!known || search === 'everywhere') {
      this.#report.enter('scanning');
      if (!known && isUsed) await module.reset(signal); // with a PAN, a rung of its own does it
      return await this.#find(module, FULL_SCAN, signal);
    }
    if (rung === 'terminate') await module.terminate(signal);
    if (rung === 'reset') await module.reset(signal);
    if (search === 'nowhere') return known;
    this.#report.enter('scanning');
    return await this.#find(module, channelScan(known.channel), signal);
  }

  async #find(module: WiSunModule, requests: readonly ScanRequest[], signal: AbortSignal): Promise<Pan> {
    for (const request of requests) {
      this.#logScan(request);
      this.#report.scanning(channelsOfMask(request.mask).length, scanTimeMs(request.mask, request.duration));
      const startedMs = this.#clock.monotonicMs();
      const found = await module.scan(request, signal);
      const durationMs = this.#clock.monotonicMs() - startedMs;
      this.#report.did({ what: 'scan', durationMs, found: found.length > 0 });
      if (found.length === 0) continue;
      // The strongest first. It may be a neighbour's meter that looks like ours: if it did not answer, try the next one.
      const best = found[this.#inVain++ % found.length] as Pan;
      this.#log.info({ pan: { ...best, panId: hex(best.panId, 4) }, others: found.length - 1 }, 'meter found');
      return best;
    }
    this.#isQuiet = true;
    throw new BridgeError('PAN_NOT_FOUND', {
      en: `no meter answered ${requests.length} scans`,
      ja: `${requests.length} 回スキャンしましたが、メーターの応答がありません`,
    });
  }

  /** Logged at `info` for somebody who waits for the first reading; after one search in vain only at `debug`. */
  #logScan({ mask, duration }: ScanRequest): void {
    const all = channelsOfMask(mask);
    const facts = {
      channels: all.length === 1 ? String(all[0]) : `${all[0]}–${all.at(-1)}`,
      count: all.length,
      seconds: Math.ceil(scanTimeMs(mask, duration) / 1000),
    };
    this.#log[this.#isQuiet ? 'debug' : 'info'](facts, 'scanning');
  }

  async #join(module: WiSunModule, pan: Pan, signal: AbortSignal): Promise<Session> {
    const startedMs = this.#clock.monotonicMs();
    const done = (joined: boolean): void =>
      this.#report.did({ what: 'join', durationMs: this.#clock.monotonicMs() - startedMs, joined });
    try {
      const session = await module.join(pan, signal);
      done(true);
      return session;
    } catch (error) {
      if (!signal.aborted) done(false);
      throw error;
    }
  }
}
