import { pairingIdOf } from '../../model/pan.ts';
import { channelsOfMask } from '../../model/scan-plan.ts';
import { scanDwellMs } from '../../skstack/commands.ts';
import { EVENT_NUMBER } from '../../skstack/events.ts';
import { hex } from '../../kernel/bytes.ts';
import { panLines } from '../../skstack/line-formatter.ts';
import type { PanDescription } from '../../skstack/line-formatter.ts';
import type { MeterPlace, ModuleContext } from '../module-context.ts';
import type { Task } from '../module/tasks.ts';

const ENERGY_SCAN = 0;
const WITH_PAIRING_ID = 2;
/** EVENT 1F. */
const ENERGY_DONE = 0x1f;
/** Pairing ID of the neighbour in fault two-pans. */
const NEIGHBOR_PAIR_ID = '0DEFACED';
/** How long after EVENT 22 a late EPANDESC comes. */
const LATE_MS = 700;

/** What comes of a scan. */
interface ScanOutcome {
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
    this.#task = this.#context.tasks.start((signal) =>
      mode === ENERGY_SCAN ? this.#energy(mask, duration, signal) : this.#active(mode, mask, duration, signal),
    );
  }

  /** What answers, by fault and Pairing ID; `undefined` asks without one. */
  outcome(pairId: string | undefined): ScanOutcome {
    const { faults, place, options, state } = this.#context;
    if (state.blocked) return { pans: [], ends: true }; // a beacon is only sent on request
    const ends = !faults.consume('pandesc-without-22');
    if (faults.consume('pan-not-found')) return { pans: [], ends: true };
    const isAsked = options.routeBId === undefined || pairId === undefined || pairingIdOf(options.routeBId) === pairId;
    const late = faults.consume('late-pandesc');
    const shown = (id: string): { pairId?: string } => (pairId === undefined ? {} : { pairId: id });
    const pans: PanDescription[] = [];
    if (faults.consume('two-pans')) pans.push({ ...neighborOf(place), ...shown(NEIGHBOR_PAIR_ID) });
    if (isAsked && pairId !== '') pans.push({ ...place, ...shown(pairId ?? '') });
    return {
      pans,
      ends,
      ...(late ? { lateMs: late.after_s === undefined ? LATE_MS : late.after_s * 1000 } : {}),
    };
  }

  async #active(mode: number, mask: number, duration: number, signal: AbortSignal): Promise<void> {
    const { tasks, ownAddress, state, emitEvent } = this.#context;
    // Before an ID was set the module asks for a Pairing ID that no meter has.
    const wanted = state.id === undefined ? '' : state.pairId;
    const { pans, lateMs, ends } = this.outcome(mode === WITH_PAIRING_ID ? wanted : undefined);
    const dwell = scanDwellMs(duration);
    const channels = channelsOfMask(mask);
    for (const channel of channels) {
      const here = pans.filter((pan) => pan.channel === channel);
      await tasks.wait(dwell / 2, signal);
      if (lateMs === undefined) here.forEach((pan) => this.#beacon(pan));
      await tasks.wait(dwell / 2, signal);
    }
    state.addBeaconRequests(channels.length);
    if (ends) emitEvent(EVENT_NUMBER.scanDone, ownAddress);
    if (lateMs === undefined) return;
    await tasks.wait(lateMs, signal);
    pans.filter((pan) => channels.includes(pan.channel)).forEach((pan) => this.#beacon(pan));
  }

  #beacon(pan: PanDescription): void {
    const { ownAddress, options, emit, emitEvent } = this.#context;
    emitEvent(EVENT_NUMBER.beacon, ownAddress);
    panLines(pan, options.dialect).forEach((line) => emit(line));
  }

  async #energy(mask: number, duration: number, signal: AbortSignal): Promise<void> {
    const { tasks, ownAddress, options, random, emitEvent, emitText } = this.#context;
    const channels = channelsOfMask(mask);
    await tasks.wait(channels.length * scanDwellMs(duration), signal);
    emitEvent(ENERGY_DONE, ownAddress);
    emitText('EEDSCAN');
    if (options.dialect === 'SE') emitText('');
    const side = options.dialect === 'DSE' ? ['0'] : [];
    const pairs = channels.flatMap((channel) => [hex(channel, 2), hex(Math.floor(random.between(2, 40)), 2)]);
    emitText([...side, ...pairs].join(' '));
  }
}

const neighborOf = ({ channel, panId, macAddress, lqi }: MeterPlace): PanDescription => ({
  channel,
  panId: panId ^ 0x0101,
  macAddress: `${macAddress.slice(0, 8)}0BADF00D`,
  lqi: Math.min(255, lqi + 0x20),
});
