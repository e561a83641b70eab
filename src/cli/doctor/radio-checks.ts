import type { Duplex } from 'node:stream';
import { HalfHourArchive } from '../../archive/half-hour-archive.ts';
import { abortable, deferred, scope, together } from '../../kernel/async.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { Text } from '../../kernel/language.ts';
import type { Pan } from '../../model/pan.ts';
import type { Reading } from '../../model/reading.ts';
import { channelsOfMask, FULL_SCAN } from '../../model/scan-plan.ts';
import type { MeterSettings } from '../../model/settings.ts';
import { EPC } from '../../echonet/epc.ts';
import { ClockCheck } from '../../meter/clock-check.ts';
import { MeterClient } from '../../meter/meter-client.ts';
import type { MeterAnswer } from '../../meter/meter-client.ts';
import { meterMemory } from '../../meter/meter-memory.ts';
import { MeterReader } from '../../meter/meter-reader.ts';
import type { Session, WiSunModule } from '../../module/module.ts';
import { scanTimeMs } from '../../skstack/commands.ts';
import type { Wire } from '../../wire/wire.ts';
import { moduleFinding, panFinding, skewFinding, valuesFinding } from './radio-findings.ts';
import { ok } from './check.ts';
import type { CheckFinding } from './check.ts';
import type { DoctorWorld, Sequence } from './sequence.ts';

const SCAN_MS = FULL_SCAN.reduce((sum, { mask, duration }) => sum + scanTimeMs(mask, duration), 0);
/** Over the formula's time: late blocks, a busy bus. */
const SCAN_MARGIN_MS = 30_000;
/** The module gives a join up after some 60 s; a second PAN gets its turn. */
const JOIN_LIMIT_MS = 130_000;
const MOST_JOINS = 2;

/** Energy needs its unit first, some round trips more than power; a meter that answers few properties at a time needs many. */
const ENERGY_PATIENCE_MS = 30_000;
/** Of the standard, for two properties. */
const REPLY_LIMIT_MS = 20_000;

const SCANNING: Text = {
  en: `scanning: up to ${Math.ceil(SCAN_MS / 1000)} s …`,
  ja: `スキャン中（最長 ${Math.ceil(SCAN_MS / 1000)} 秒）…`,
};
const JOINING: Text = { en: 'joining: up to 60 s …', ja: '接続中（最長60秒）…' };
const READING: Text = { en: 'reading …', ja: '計測値を取得中…' };

/** From the port to the meter's clock, over a stick that nobody else uses. The session stays on the radio: whoever comes next finds it warm. */
export async function radioSteps(
  meter: MeterSettings,
  noRadio: boolean,
  world: DoctorWorld,
  { step }: Sequence,
): Promise<void> {
  await using stick = new Stick(meter, world);
  await step('port', 60_000, (signal) => stick.openPort(signal));
  // J11 may be busy with what somebody else asked for
  await step('module', 60_000, (signal) => stick.openModule(signal));
  if (noRadio) return;
  await step('scan', SCAN_MS + SCAN_MARGIN_MS, (signal) => stick.scan(signal), SCANNING);
  await step('join', JOIN_LIMIT_MS, (signal) => stick.join(signal), JOINING);
  await step('reading', 90_000, (signal) => stick.read(signal), READING);
  await step('meter_clock', 30_000, (signal) => stick.compareClocks(signal));
}

function needed<T>(value: T | undefined): T {
  if (value === undefined) throw new RangeError('a step ran before the one it needs');
  return value;
}

/** What the steps of one stick hand on to each other. */
class Stick implements AsyncDisposable {
  readonly #meter: MeterSettings;
  readonly #world: DoctorWorld;
  #wire: Wire | undefined;
  /** The open port, until the module has it. */
  #stream: Duplex | undefined;
  #module: WiSunModule | undefined;
  #pans: readonly Pan[] | undefined;
  #session: Session | undefined;

  constructor(meter: MeterSettings, world: DoctorWorld) {
    this.#meter = meter;
    this.#world = world;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#session?.[Symbol.dispose]();
    this.#stream?.destroy();
    await this.#module?.[Symbol.asyncDispose]();
  }

  /** @throws BridgeError PORT_… */
  async openPort(signal: AbortSignal): Promise<CheckFinding> {
    this.#wire = await this.#world.wireOf(this.#meter);
    this.#stream = await this.#wire.open(signal);
    this.#stream.on('error', () => undefined); // pulled out between two checks: the next one says so
    const { name } = this.#wire;
    const isPartial = (await this.#world.othersOn(name))?.isPartial === true;
    const { en, ja } = isPartial ? UNSEEN : { en: '', ja: '' };
    return ok(`${name} opened${en}`, `${name} を開きました${ja}`);
  }

  /** Asks over the port that is open: a serial server takes one client at a time. @throws BridgeError MODULE_… */
  async openModule(signal: AbortSignal): Promise<CheckFinding> {
    const [wire, stream] = [needed(this.#wire), needed(this.#stream)];
    this.#stream = undefined; // the module's from now on
    const held: Wire = {
      name: wire.name,
      family: wire.family,
      open: () => Promise.resolve(stream),
      whenPresent: (inner) => wire.whenPresent(inner),
    };
    this.#module = await this.#world.openModule(held, this.#meter, signal);
    return moduleFinding(this.#module.info);
  }

  async scan(signal: AbortSignal): Promise<CheckFinding> {
    for (const request of FULL_SCAN) {
      this.#pans = await needed(this.#module).scan(request, signal);
      const [best, ...others] = this.#pans;
      if (best) return panFinding(best, others.length);
    }
    const [scans, channels] = [FULL_SCAN.length, channelsOfMask(FULL_SCAN.at(-1)?.mask ?? 0).length];
    throw new BridgeError('PAN_NOT_FOUND', {
      en: `no meter answered ${scans} scans over ${channels} channels`,
      ja: `${channels} チャネルを ${scans} 回スキャンしましたが、メーターの応答がありません`,
    });
  }

  /** Where two networks answered and the better one refuses, the other gets its turn. */
  async join(signal: AbortSignal): Promise<CheckFinding> {
    let first: unknown;
    for (const pan of needed(this.#pans).slice(0, MOST_JOINS)) {
      try {
        this.#session = await needed(this.#module).join(pan, signal);
        return ok('joined', '接続しました');
      } catch (error) {
        signal.throwIfAborted();
        first ??= error;
      }
    }
    throw first;
  }

  /** One reading as the service would take it, nothing remembered. @throws BridgeError METER_SILENT, SESSION_LOST … */
  async read(signal: AbortSignal): Promise<CheckFinding> {
    const { clock, log } = this.#world;
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
    return valuesFinding(({ field }) => values[field]);
  }

  /** @throws BridgeError REPLY_TIMEOUT … */
  async compareClocks(signal: AbortSignal): Promise<CheckFinding> {
    const { clock, log } = this.#world;
    const check = new ClockCheck(clock, log);
    let skewMs: number | undefined;
    const onAnswer = (answer: MeterAnswer): void => void (skewMs = check.compare(answer)?.skewMs);
    const client = new MeterClient(needed(this.#session), { clock, log, onAnswer });
    await together(
      signal,
      (inner) => client.run(inner),
      async (inner) => void (await client.get([EPC.currentTime, EPC.currentDate], REPLY_LIMIT_MS, inner)),
    );
    return skewFinding(skewMs);
  }
}

const UNSEEN: Text = {
  en: '; whether a program of another user or container has it open too cannot be seen from here',
  ja: '（他のユーザーやコンテナのプログラムも開いているかは、ここからは分かりません）',
};
