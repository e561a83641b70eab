import { pairingIdOf } from '../../model/pan.ts';
import { channelsOfMask } from '../../model/scan-plan.ts';
import { scanDwellMs } from '../../skstack/commands.ts';
import { eventNumber } from '../../skstack/events.ts';
import { hex } from '../../kernel/bytes.ts';
import { panLines } from '../../skstack/line-formatter.ts';
import type { PanDescription } from '../../skstack/line-formatter.ts';
import type { ModuleContext } from '../module-context.ts';
import { event } from '../module-context.ts';
import type { Task } from '../module/tasks.ts';

const ENERGY_SCAN = 0;
const WITH_PAIRING_ID = 2;
/** Pairing ID of the neighbour in fault two-pans. */
const NEIGHBOR_PAIR_ID = '0DEFACED';
/** How long after EVENT 22 a late EPANDESC comes. */
const LATE_MS = 700;

/** What answers a scan. */
export interface Heard {
  readonly pans: readonly PanDescription[];
  /** EPANDESC comes only this long after EVENT 22. */
  readonly lateMs?: number;
  /** EVENT 22 comes. */
  readonly ends: boolean;
}

/** SKSCAN: one channel after the other, a beacon when the meter's turn comes, EVENT 22 at the end. */
export class Scanner {
  readonly #context: ModuleContext;
  #task: Task | undefined;

  constructor(context: ModuleContext) {
    this.#context = context;
  }

  stop(): void {
    this.#task?.stop();
    this.#task = undefined;
  }

  /** A scan that is still running is replaced: its EVENT 22 never comes. */
  start(mode: number, mask: number, duration: number): void {
    this.stop();
    const { tasks } = this.#context;
    if (mode === ENERGY_SCAN) this.#task = tasks.start((signal) => this.#energy(mask, duration, signal));
    else this.#task = tasks.start((signal) => this.#active(this.heard(this.#asked(mode)), mask, duration, signal));
  }

  /** The Pairing ID in the module's beacon request: none that a meter has before an ID was set. */
  #asked(mode: number): string | undefined {
    if (mode !== WITH_PAIRING_ID) return undefined;
    return this.#context.state.id === undefined ? '' : this.#context.state.pairId;
  }

  /** What will answer, by fault and Pairing ID; `undefined` asks without one. */
  heard(pairId: string | undefined): Heard {
    const { faults, place, options, state } = this.#context;
    if (state.blocked) return { pans: [], ends: true }; // a beacon is only sent on request
    const ends = !faults.take('pandesc-without-22');
    if (faults.take('pan-not-found')) return { pans: [], ends: true };
    const isAsked = options.routeBId === undefined || pairId === undefined || pairingIdOf(options.routeBId) === pairId;
    const withId = (id: string): { pairId?: string } => (pairId === undefined ? {} : { pairId: id });
    const own: PanDescription[] = isAsked && pairId !== '' ? [{ ...place, ...withId(pairId ?? '') }] : [];
    const late = faults.take('late-pandesc');
    const neighbor: PanDescription[] = faults.take('two-pans')
      ? [
          {
            channel: place.channel,
            panId: place.panId ^ 0x0101,
            macAddress: `${place.macAddress.slice(0, 8)}0BADF00D`,
            lqi: Math.min(255, place.lqi + 0x20),
            ...withId(NEIGHBOR_PAIR_ID),
          },
        ]
      : [];
    return {
      pans: [...neighbor, ...own],
      ends,
      ...(late ? { lateMs: late.after_s === undefined ? LATE_MS : late.after_s * 1000 } : {}),
    };
  }

  async #active({ pans, lateMs, ends }: Heard, mask: number, duration: number, signal: AbortSignal): Promise<void> {
    const { tasks, ownAddress } = this.#context;
    const dwell = scanDwellMs(duration);
    const channels = channelsOfMask(mask);
    for (const channel of channels) {
      const here = pans.filter((pan) => pan.channel === channel);
      await tasks.wait(dwell / 2, signal);
      if (lateMs === undefined) here.forEach((pan) => this.#beacon(pan));
      await tasks.wait(dwell / 2, signal);
    }
    this.#context.state.addAirtime(channels.length * 2);
    if (ends) this.#context.say(event(eventNumber.scanDone, ownAddress));
    if (lateMs === undefined) return;
    await tasks.wait(lateMs, signal);
    pans.filter((pan) => channels.includes(pan.channel)).forEach((pan) => this.#beacon(pan));
  }

  #beacon(pan: PanDescription): void {
    const { ownAddress, options, say } = this.#context;
    say(event(eventNumber.beacon, ownAddress));
    panLines(pan, options.dialect).forEach((line) => say(line));
  }

  async #energy(mask: number, duration: number, signal: AbortSignal): Promise<void> {
    const { tasks, ownAddress, options, random, say, sayText } = this.#context;
    const channels = channelsOfMask(mask);
    await tasks.wait(channels.length * scanDwellMs(duration), signal);
    say(event(0x1f, ownAddress));
    sayText('EEDSCAN');
    if (options.dialect === 'SE') sayText('');
    const side = options.dialect === 'DSE' ? ['0'] : [];
    const pairs = channels.flatMap((channel) => [hex(channel, 2), hex(Math.floor(random.between(2, 40)), 2)]);
    sayText([...side, ...pairs].join(' '));
  }
}
