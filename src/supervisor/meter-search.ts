import type { Clock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Pan } from '../model/pan.ts';
import type { Activity } from '../model/status.ts';
import type { ScanRequest } from '../model/scan-plan.ts';
import type { WiSunModule } from '../module/module.ts';
import { channelsOfMask } from '../model/scan-plan.ts';
import { scanTimeMs } from '../skstack/dialect.ts';
import { hex } from '../kernel/bytes.ts';

export interface SearchDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Hears of each scan. */
  readonly did: (activity: Activity) => void;
}

/** Looks for the meter by one scan after the other. */
export class MeterSearch {
  readonly #deps: SearchDeps;
  /** Searches that found something since the last good answer. */
  #inVain = 0;
  /** A whole search since the last good answer found nothing. */
  #toldAll = false;

  constructor(deps: SearchDeps) {
    this.#deps = deps;
  }

  /** @throws BridgeError PAN_NOT_FOUND when all `requests` found nothing. */
  async find(module: WiSunModule, requests: readonly ScanRequest[], signal: AbortSignal): Promise<Pan> {
    const { clock, log, did } = this.#deps;
    for (const request of requests) {
      this.#tell(request);
      const startedMs = clock.monotonicMs();
      const found = await module.scan(request, signal);
      did({ what: 'scan', durationMs: clock.monotonicMs() - startedMs, found: found.length > 0 });
      if (found.length === 0) continue;
      // Strongest first; but where a stronger neighbour cannot be told apart, the next find's turn is the next one's.
      const best = found[this.#inVain++ % found.length] as Pan;
      log.info({ pan: { ...best, panId: hex(best.panId, 4) }, others: found.length - 1 }, 'meter found');
      return best;
    }
    this.#toldAll = true;
    throw new BridgeError('PAN_NOT_FOUND', `no meter answered ${requests.length} scans`);
  }

  /** For who waits; the scans of a search in vain were told, and those after it are the same again. */
  #tell({ mask, duration }: ScanRequest): void {
    const all = channelsOfMask(mask);
    const facts = {
      channels: all.length === 1 ? String(all[0]) : `${all[0]}–${all.at(-1)}`,
      count: all.length,
      seconds: Math.ceil(scanTimeMs(mask, duration) / 1000),
    };
    this.#deps.log[this.#toldAll ? 'debug' : 'info'](facts, 'scanning');
  }

  /** What was found answered. */
  proved(): void {
    this.#inVain = 0;
    this.#toldAll = false;
  }
}
