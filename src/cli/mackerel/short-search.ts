import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../kernel/log.ts';
import type { Pan } from '../../model/pan.ts';
import type { ScanRequest } from '../../model/scan-plan.ts';
import type { WiSunModule } from '../../module/module.ts';
import { channelsOfMask, maskOfChannel, ODD_CHANNELS_MASK } from '../../model/scan-plan.ts';
import { StateFile } from '../../store/state-file.ts';
import { panMemory } from '../../meter/meter-memory.ts';

const EVEN_CHANNELS_MASK = 0x0aaaaaaa;
const LOWER_HALF = 0x00003fff;
const UPPER_HALF = 0x0fffc000;
/** The service's scans in pieces of at most 9 s, so that each ends within a run: 4.4 s, then 8.7 s each. */
const PIECES: readonly ScanRequest[] = [
  { mask: ODD_CHANNELS_MASK, duration: 5 },
  { mask: ODD_CHANNELS_MASK, duration: 6 },
  { mask: EVEN_CHANNELS_MASK, duration: 6 },
  ...[ODD_CHANNELS_MASK, EVEN_CHANNELS_MASK].flatMap((mask) =>
    [LOWER_HALF, UPPER_HALF].map((half) => ({ mask: mask & half, duration: 7 })),
  ),
];
/** One channel, for 1.2 s. */
const HINT_DURATION = 7;

interface Progress {
  /** The piece that is next. */
  readonly next: number;
  /** Where the meter was heard last. */
  readonly channel?: number;
}

export interface SearchHints {
  /** Is scanned first. */
  readonly channel: number | undefined;
  /** The only meter that counts. */
  readonly macAddress: string | undefined;
}

/**
 * The search for the meter by runs that each end within half a minute, however long it takes: each goes on where the one
 * before had to stop.
 */
export class ShortSearch {
  readonly #dir: string | undefined;
  readonly #hints: SearchHints;
  readonly #log: Log;
  readonly #file: StateFile<Progress>;
  /** Channels to be tried before the next piece. */
  readonly #first: number[];
  #progress: Progress;
  /** A module was opened: the state is ours to change, and no bridge's. */
  #used = false;

  /** @param dir the meter's own folder. */
  static async open(dir: string | undefined, hints: SearchHints, log: Log): Promise<ShortSearch> {
    const file = new StateFile(dir, 'search.json', parseProgress, log);
    const search = new ShortSearch(dir, hints, log, file, (await file.load()) ?? { next: 0 });
    const known = await panMemory(dir, log).load();
    if (known && hints.macAddress !== undefined && known.macAddress !== hints.macAddress) await search.#forgetPan();
    return search;
  }

  private constructor(
    dir: string | undefined,
    hints: SearchHints,
    log: Log,
    file: StateFile<Progress>,
    begin: Progress,
  ) {
    this.#dir = dir;
    this.#hints = hints;
    this.#log = log;
    this.#file = file;
    this.#progress = begin;
    const channels = [begin.channel, hints.channel].filter((channel) => channel !== undefined);
    this.#first = [...new Set(channels)];
  }

  /** The module, scanning as this search wants it. */
  wrap(module: WiSunModule): WiSunModule {
    this.#used = true;
    return {
      info: module.info,
      airtime: module.airtime,
      attach: (pan) => module.attach(pan),
      reset: (signal) => module.reset(signal),
      scan: (request, signal) => this.#scan(module, request, signal),
      join: (pan, signal) => module.join(pan, signal),
      terminate: (signal) => module.terminate(signal),
      [Symbol.asyncDispose]: () => module[Symbol.asyncDispose](),
    };
  }

  /** After a run: a search that led to an answer begins anew; one that did not goes on, and joins nothing it has not heard. */
  async end(answered: boolean): Promise<void> {
    if (!this.#used) return;
    const isBegun = this.#progress.next > 0 || this.#progress.channel !== undefined;
    if (answered) return isBegun ? await this.#save({ next: 0 }) : undefined;
    const known = await panMemory(this.#dir, this.#log).load();
    if (!known) return;
    await this.#save({ ...this.#progress, channel: known.channel });
    await this.#forgetPan();
  }

  async #scan(module: WiSunModule, request: ScanRequest, signal: AbortSignal): Promise<readonly Pan[]> {
    if (channelsOfMask(request.mask).length === 1) return this.#ours(await module.scan(request, signal));
    const first = this.#first.shift();
    if (first !== undefined) {
      const found = await module.scan({ mask: maskOfChannel(first), duration: HINT_DURATION }, signal);
      return this.#ours(found);
    }
    const { next } = this.#progress;
    const found = this.#ours(await module.scan(PIECES[next] as ScanRequest, signal));
    const [best] = found;
    await this.#save(best ? { next, channel: best.channel } : { ...this.#progress, next: (next + 1) % PIECES.length });
    return found;
  }

  #ours(found: readonly Pan[]): readonly Pan[] {
    const { macAddress } = this.#hints;
    return macAddress === undefined ? found : found.filter((pan) => pan.macAddress === macAddress);
  }

  async #save(progress: Progress): Promise<void> {
    this.#progress = progress;
    await this.#file.save(progress);
  }

  async #forgetPan(): Promise<void> {
    if (this.#dir !== undefined) await rm(join(this.#dir, 'pan.json'), { force: true });
  }
}

function parseProgress(value: unknown): Progress {
  const { next, channel } = value as Record<string, unknown>;
  const isIn = (x: unknown, least: number, most: number): x is number =>
    Number.isInteger(x) && (x as number) >= least && (x as number) <= most;
  if (!isIn(next, 0, PIECES.length - 1)) throw new TypeError('next is no piece');
  if (channel !== undefined && !isIn(channel, 33, 60)) throw new TypeError('channel is not 33–60');
  return { next, ...(channel === undefined ? {} : { channel }) };
}
