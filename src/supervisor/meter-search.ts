import type { Clock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Pan } from '../model/pan.ts';
import type { Activity } from '../model/status.ts';
import type { ScanRequest } from '../model/scan-plan.ts';
import type { WiSunModule } from '../module/module.ts';
import { channelsOfMask } from '../model/scan-plan.ts';
import { scanTimeMs } from '../skstack/commands.ts';
import { hex } from '../kernel/bytes.ts';

export interface SearchDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Called after each scan. */
  readonly did: (activity: Activity) => void;
}

/** Looks for the meter by one scan after the other. */
export class MeterSearch {
  readonly #deps: SearchDeps;
  /** Searches since the last good answer that found a network, none of which has answered yet. */
  #inVain = 0;
  /** A search over all `requests` found nothing since the last good answer: from then on scans are logged at `debug`. */
  #toldAll = false;

  constructor(deps: SearchDeps) {
    this.#deps = deps;
  }

  /** @throws BridgeError PAN_NOT_FOUND when all `requests` found nothing. */
  async find(module: WiSunModule, requests: readonly ScanRequest[], signal: AbortSignal): Promise<Pan> {
    const { clock, log, did } = this.#deps;
    for (const request of requests) {
      this.#logScan(request);
      const startedMs = clock.monotonicMs();
      const found = await module.scan(request, signal);
      did({ what: 'scan', durationMs: clock.monotonicMs() - startedMs, found: found.length > 0 });
      if (found.length === 0) continue;
      // The strongest first. It may be a neighbour's meter that looks like ours: if it did not answer, try the next one.
      const best = found[this.#inVain++ % found.length] as Pan;
      log.info({ pan: { ...best, panId: hex(best.panId, 4) }, others: found.length - 1 }, 'meter found');
      return best;
    }
    this.#toldAll = true;
    throw new BridgeError('PAN_NOT_FOUND', `no meter answered ${requests.length} scans`);
  }

  /** Logged at `info` for somebody who waits for the first reading; after one search in vain only at `debug`. */
  #logScan({ mask, duration }: ScanRequest): void {
    const all = channelsOfMask(mask);
    const facts = {
      channels: all.length === 1 ? String(all[0]) : `${all[0]}–${all.at(-1)}`,
      count: all.length,
      seconds: Math.ceil(scanTimeMs(mask, duration) / 1000),
    };
    this.#deps.log[this.#toldAll ? 'debug' : 'info'](facts, 'scanning');
  }

  /** The meter that was found has answered. */
  proved(): void {
    this.#inVain = 0;
    this.#toldAll = false;
  }
}
