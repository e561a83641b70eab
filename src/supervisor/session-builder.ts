import type { Clock } from '../kernel/clock.ts';
import type { Pan } from '../model/pan.ts';
import type { Session, WiSunModule } from '../module/module.ts';
import { channelScan, FULL_SCAN } from '../model/scan-plan.ts';
import type { Step } from './ladder.ts';
import type { LinkReport } from './link-report.ts';
import type { MeterSearch } from './meter-search.ts';

export interface BuilderDeps {
  readonly clock: Clock;
  readonly report: LinkReport;
  readonly search: MeterSearch;
}

export interface Start {
  /** The PAN that last answered us. */
  readonly known: Pan | undefined;
  /** The module may still be in a session, or in trouble. */
  readonly isUsed: boolean;
}

/** Does what a step of the ladder asks, then joins. */
export class SessionBuilder {
  readonly #deps: BuilderDeps;

  constructor(deps: BuilderDeps) {
    this.#deps = deps;
  }

  /** @throws BridgeError PAN_NOT_FOUND, JOIN_…, MODULE_…, PORT_LOST */
  async build(module: WiSunModule, step: Step, start: Start, signal: AbortSignal): Promise<Session> {
    const pan = await this.#climb(module, step, start, signal);
    this.#deps.report.enter('joining', { pan });
    return await this.#join(module, pan, signal);
  }

  /** @returns the PAN to join. */
  async #climb(
    module: WiSunModule,
    { rung, search: where }: Step,
    { known, isUsed }: Start,
    signal: AbortSignal,
  ): Promise<Pan> {
    const { report, search } = this.#deps;
    if (!known || where === 'everywhere') {
      report.enter('scanning');
      if (!known && isUsed) await module.reset(signal); // with a PAN, a rung of its own does it
      return await search.find(module, FULL_SCAN, signal);
    }
    if (rung === 'terminate') await module.terminate(signal);
    if (rung === 'reset') await module.reset(signal);
    if (where === 'nowhere') return known;
    report.enter('scanning');
    return await search.find(module, channelScan(known.channel), signal);
  }

  async #join(module: WiSunModule, pan: Pan, signal: AbortSignal): Promise<Session> {
    const { clock, report } = this.#deps;
    const startedMs = clock.monotonicMs();
    const done = (joined: boolean): void =>
      report.did({ what: 'join', durationMs: clock.monotonicMs() - startedMs, joined });
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
