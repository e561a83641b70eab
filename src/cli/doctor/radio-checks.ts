import type { Duplex } from 'node:stream';
import type { MeterSettings } from '../../model/settings.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { Text } from '../../kernel/language.ts';
import type { Pan } from '../../model/pan.ts';
import type { Session, WiSunModule } from '../../module/module.ts';
import { channelsOfMask, FULL_SCAN } from '../../model/scan-plan.ts';
import { scanTimeMs } from '../../skstack/commands.ts';
import type { Wire } from '../../wire/wire.ts';
import { moduleFinding, panFinding, skewFinding, valuesFinding } from './radio-words.ts';
import { readSkew, readValues } from './read-values.ts';
import { ok } from './sequence.ts';
import type { CheckFinding, Sequence } from './sequence.ts';
import type { DoctorWorld } from './world.ts';

const SCAN_MS = FULL_SCAN.reduce((sum, { mask, duration }) => sum + scanTimeMs(mask, duration), 0);
/** Over the formula's time: late blocks, a busy bus. */
const SCAN_MARGIN_MS = 30_000;
/** The module gives a join up after some 60 s; a second PAN gets its turn. */
const JOIN_LIMIT_MS = 130_000;
const MOST_JOINS = 2;

const scanning: Text = {
  en: `scanning: up to ${Math.ceil(SCAN_MS / 1000)} s …`,
  ja: `スキャン中（最長 ${Math.ceil(SCAN_MS / 1000)} 秒）…`,
};
const joining: Text = { en: 'joining: up to 60 s …', ja: '接続中（最長60秒）…' };
const reading: Text = { en: 'reading …', ja: '計測値を取得中…' };

/** What the steps of one stick hand on to each other. */
interface Stick {
  wire?: Wire;
  /** The open port, until the module has it. */
  stream?: Duplex | undefined;
  module?: WiSunModule;
  pans?: readonly Pan[];
  session?: Session;
}

/** From the port to the meter's clock, over a stick that nobody else uses. The session stays on the radio: whoever comes next finds it warm. */
export async function radioSteps(
  meter: MeterSettings,
  noRadio: boolean,
  world: DoctorWorld,
  { step }: Sequence,
): Promise<void> {
  const stick: Stick = {};
  try {
    await step('port', 60_000, (signal) => openPort(stick, meter, world, signal));
    // J11 may be busy with what somebody else asked for
    await step('module', 60_000, (signal) => openModule(stick, meter, world, signal));
    if (noRadio) return;
    await step('scan', SCAN_MS + SCAN_MARGIN_MS, (signal) => scan(stick, signal), scanning);
    await step('join', JOIN_LIMIT_MS, (signal) => join(stick, signal), joining);
    await step('reading', 90_000, (signal) => read(stick, meter, world, signal), reading);
    await step('meter_clock', 30_000, async (signal) =>
      skewFinding(await readSkew(needed(stick.session), world, signal)),
    );
  } finally {
    stick.session?.[Symbol.dispose]();
    stick.stream?.destroy();
    await stick.module?.[Symbol.asyncDispose]();
  }
}

function needed<T>(value: T | undefined): T {
  if (value === undefined) throw new RangeError('a step ran before the one it needs');
  return value;
}

/** @throws BridgeError PORT_… */
async function openPort(
  stick: Stick,
  meter: MeterSettings,
  { wireOf, othersOn }: DoctorWorld,
  signal: AbortSignal,
): Promise<CheckFinding> {
  const wire = await wireOf(meter);
  const stream = await wire.open(signal);
  stream.on('error', () => undefined); // pulled out between two checks: the next one says so
  Object.assign(stick, { wire, stream });
  const { name } = wire;
  const isPartial = (await othersOn(name))?.isPartial === true;
  const unseen = isPartial
    ? {
        en: '; whether a program of another user or container has it open too cannot be seen from here',
        ja: '（他のユーザーやコンテナのプログラムも開いているかは、ここからは分かりません）',
      }
    : { en: '', ja: '' };
  return ok(`${name} opened${unseen.en}`, `${name} を開きました${unseen.ja}`);
}

/** Asks over the port that is open: a serial server takes one client at a time. @throws BridgeError MODULE_… */
async function openModule(
  stick: Stick,
  meter: MeterSettings,
  world: DoctorWorld,
  signal: AbortSignal,
): Promise<CheckFinding> {
  const [wire, stream] = [needed(stick.wire), needed(stick.stream)];
  stick.stream = undefined; // the module's from now on
  const held: Wire = {
    name: wire.name,
    family: wire.family,
    open: () => Promise.resolve(stream),
    whenPresent: (inner) => wire.whenPresent(inner),
  };
  stick.module = await world.openModule(held, meter, signal);
  return moduleFinding(stick.module.info);
}

async function scan(stick: Stick, signal: AbortSignal): Promise<CheckFinding> {
  let pans: readonly Pan[] = [];
  for (const request of FULL_SCAN) {
    pans = await needed(stick.module).scan(request, signal);
    if (pans.length > 0) break;
  }
  stick.pans = pans;
  const [best] = pans;
  if (best) return panFinding(best, pans.length - 1);
  const channels = channelsOfMask(FULL_SCAN.at(-1)?.mask ?? 0).length;
  throw new BridgeError('PAN_NOT_FOUND', `no meter answered ${FULL_SCAN.length} scans over ${channels} channels`);
}

/** Where two networks answered and the better one refuses, the other gets its turn. */
async function join(stick: Stick, signal: AbortSignal): Promise<CheckFinding> {
  let first: unknown;
  for (const pan of needed(stick.pans).slice(0, MOST_JOINS)) {
    try {
      stick.session = await needed(stick.module).join(pan, signal);
      return ok('joined', '接続しました');
    } catch (error) {
      signal.throwIfAborted();
      first ??= error;
    }
  }
  throw first;
}

async function read(
  { session }: Stick,
  meter: MeterSettings,
  world: DoctorWorld,
  signal: AbortSignal,
): Promise<CheckFinding> {
  const values = await readValues(needed(session), meter, world, signal);
  const { powerW: power, currentRA: currentR, currentTA: currentT, importKwh, exportKwh } = values;
  return valuesFinding({ power, currentR, currentT, importKwh, exportKwh });
}
