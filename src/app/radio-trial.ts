import type { Duplex } from 'node:stream';
import { HalfHourArchive } from '../archive/half-hour-archive.ts';
import { EPC } from '../echonet/epc.ts';
import { abortable, deferred, scope, together } from '../kernel/async.ts';
import { systemClock } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { ClockCheck } from '../meter/clock-check.ts';
import { MeterClient } from '../meter/meter-client.ts';
import type { MeterAnswer } from '../meter/meter-client.ts';
import { meterMemory } from '../meter/meter-memory.ts';
import { MeterReader } from '../meter/meter-reader.ts';
import type { Pan } from '../model/pan.ts';
import type { Reading } from '../model/reading.ts';
import { channelsOfMask, FULL_SCAN } from '../model/scan-plan.ts';
import type { ScanRequest } from '../model/scan-plan.ts';
import type { MeterSettings } from '../model/settings.ts';
import type { ModuleInfo } from '../model/status.ts';
import type { Credentials, Session, WiSunModule } from '../module/module.ts';
import { openModule } from '../module/open-module.ts';
import type { Wire } from '../wire/wire.ts';
import { stderrLog } from './context.ts';
import type { CliContext } from './context.ts';
import { wireOf } from './device.ts';

/** The module gives a join up after some 60 s; a second PAN gets its turn. */
export const JOIN_LIMIT_MS = 130_000;
const MOST_JOINS = 2;
/** Energy needs its unit first, some round trips more than power; a meter that answers few properties at a time needs many. */
const ENERGY_PATIENCE_MS = 30_000;
/** Of the standard, for two properties. */
const REPLY_LIMIT_MS = 20_000;

export interface RadioTrialDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly wireOf: (meter: MeterSettings) => Promise<Wire>;
  readonly openModule: (wire: Wire, credentials: Credentials, signal: AbortSignal) => Promise<WiSunModule>;
}

/** This machine's; in silence, because each step tells itself what goes wrong in it. */
export async function systemRadio(context: Pick<CliContext, 'redactor' | 'stderr'>): Promise<RadioTrialDeps> {
  const clock = systemClock;
  const log = await stderrLog(context, 'silent');
  return {
    clock,
    log,
    wireOf: (meter) => wireOf(meter, clock),
    openModule: (wire, credentials, signal) => openModule(wire, credentials, { clock, log }, signal),
  };
}

/**
 * One way from the port to the first reading, with the very modules the service uses, step by step: for who shows each of
 * them. What the steps hand on to each other is kept here. The session stays on the radio: whoever comes next finds it warm.
 */
export class RadioTrial implements AsyncDisposable {
  readonly #meter: MeterSettings;
  readonly #deps: RadioTrialDeps;
  #wire: Wire | undefined;
  /** The open port, until the module has it. */
  #stream: Duplex | undefined;
  #module: WiSunModule | undefined;
  #session: Session | undefined;

  constructor(meter: MeterSettings, deps: RadioTrialDeps) {
    this.#meter = meter;
    this.#deps = deps;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#session?.[Symbol.dispose]();
    this.#stream?.destroy();
    await this.#module?.[Symbol.asyncDispose]();
  }

  /** @returns the port's name. @throws BridgeError PORT_… */
  async openPort(signal: AbortSignal): Promise<string> {
    this.#wire = await this.#deps.wireOf(this.#meter);
    this.#stream = await this.#wire.open(signal);
    this.#stream.on('error', () => undefined); // pulled out between two steps: the next one says so
    return this.#wire.name;
  }

  /** Asks over the port that is open: a serial server takes one client at a time. @throws BridgeError MODULE_… */
  async openModule(signal: AbortSignal): Promise<ModuleInfo> {
    const [wire, stream] = [needed(this.#wire), needed(this.#stream)];
    this.#stream = undefined; // the module's from now on
    const held: Wire = {
      name: wire.name,
      family: wire.family,
      open: () => Promise.resolve(stream),
      whenPresent: (inner) => wire.whenPresent(inner),
    };
    this.#module = await this.#deps.openModule(held, this.#meter, signal);
    return this.#module.info;
  }

  /** @param onScan hears of each scan before it begins. @returns at least one, best first. @throws BridgeError PAN_NOT_FOUND */
  async scan(signal: AbortSignal, onScan?: (request: ScanRequest) => void): Promise<readonly Pan[]> {
    for (const request of FULL_SCAN) {
      onScan?.(request);
      const pans = await needed(this.#module).scan(request, signal);
      if (pans.length > 0) return pans;
    }
    const [scans, channels] = [FULL_SCAN.length, channelsOfMask(FULL_SCAN.at(-1)?.mask ?? 0).length];
    throw new BridgeError('PAN_NOT_FOUND', {
      en: `no meter answered ${scans} scans over ${channels} channels`,
      ja: `${channels} チャネルを ${scans} 回スキャンしましたが、メーターの応答がありません`,
    });
  }

  /** Where two networks answered and the better one refuses, the other gets its turn. @throws BridgeError JOIN_… */
  async join(pans: readonly Pan[], signal: AbortSignal): Promise<Pan> {
    let first: unknown;
    for (const pan of pans.slice(0, MOST_JOINS)) {
      try {
        this.#session = await needed(this.#module).join(pan, signal);
        return pan;
      } catch (error) {
        signal.throwIfAborted();
        first ??= error;
      }
    }
    throw first;
  }

  /** One reading as the service would take it, nothing remembered. @throws BridgeError METER_SILENT, SESSION_LOST … */
  async read(signal: AbortSignal): Promise<Reading> {
    const { clock, log } = this.#deps;
    const session = needed(this.#session);
    let values: Reading = { atMs: clock.now() };
    const [power, energy] = [deferred<void>(), deferred<void>()];
    const { contractAmpere: _, ...ungated } = this.#meter; // what the meter says is shown, whatever the contract
    const reader = await MeterReader.open(ungated, {
      clock,
      log,
      memory: meterMemory(undefined, log),
      archive: await HalfHourArchive.open(undefined, log),
      emit(event) {
        if (event.kind !== 'reading') return;
        values = { ...values, ...event.reading };
        if (values.powerW !== undefined) power.resolve();
        if (values.powerW !== undefined && values.importKwh !== undefined) energy.resolve();
      },
    });
    const enough = async (inner: AbortSignal): Promise<void> => {
      await abortable(power.promise, inner);
      using patience = scope(inner);
      const late = clock.sleep(ENERGY_PATIENCE_MS, patience.signal).catch(() => undefined);
      await abortable(Promise.race([energy.promise, late]), inner);
      patience.abort();
    };
    const poll = { unproved: false, onProof: () => undefined };
    await together(signal, (inner) => reader.poll(session, poll, inner), enough);
    return values;
  }

  /** Of the meter's clock against ours, ms; undefined where it does not tell. @throws BridgeError REPLY_TIMEOUT … */
  async clockSkewMs(signal: AbortSignal): Promise<number | undefined> {
    const { clock, log } = this.#deps;
    const check = new ClockCheck(clock, log);
    let skewMs: number | undefined;
    const onAnswer = (answer: MeterAnswer): void => void (skewMs = check.compare(answer)?.skewMs);
    const client = new MeterClient(needed(this.#session), { clock, log, onAnswer });
    await together(
      signal,
      (inner) => client.run(inner),
      async (inner) => void (await client.get([EPC.currentTime, EPC.currentDate], REPLY_LIMIT_MS, inner)),
    );
    return skewMs;
  }
}

function needed<T>(value: T | undefined): T {
  if (value === undefined) throw new RangeError('a step ran before the one it needs');
  return value;
}
