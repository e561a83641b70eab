import type { Text } from '../../kernel/language.ts';
import type { Pan } from '../../model/pan.ts';
import { FULL_SCAN } from '../../model/scan-plan.ts';
import type { MeterSettings } from '../../model/settings.ts';
import { scanTimeMs } from '../../skstack/commands.ts';
import { JOIN_LIMIT_MS, RadioTrial } from '../../app/radio-trial.ts';
import { moduleFinding, panFinding, skewFinding, valuesFinding } from './radio-findings.ts';
import { ok } from './check.ts';
import type { DoctorWorld, Sequence } from './sequence.ts';

const SCAN_MS = FULL_SCAN.reduce((sum, { mask, duration }) => sum + scanTimeMs(mask, duration), 0);
/** Over the formula's time: late blocks, a busy bus. */
const SCAN_MARGIN_MS = 30_000;

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
  await using trial = new RadioTrial(meter, world);
  let pans: readonly Pan[] = [];
  await step('port', 60_000, async (signal) => {
    const name = await trial.openPort(signal);
    const isPartial = (await world.othersOn(name))?.isPartial === true;
    const { en, ja } = isPartial ? UNSEEN : { en: '', ja: '' };
    return ok(`${name} opened${en}`, `${name} を開きました${ja}`);
  });
  // J11 may be busy with what somebody else asked for
  await step('module', 60_000, async (signal) => moduleFinding(await trial.openModule(signal)));
  if (noRadio) return;
  const scan = async (signal: AbortSignal): Promise<ReturnType<typeof panFinding>> => {
    pans = await trial.scan(signal);
    return panFinding(pans[0] as Pan, pans.length - 1); // at least one, or it throws
  };
  await step('scan', SCAN_MS + SCAN_MARGIN_MS, scan, SCANNING);
  const join = async (signal: AbortSignal): Promise<ReturnType<typeof ok>> => {
    await trial.join(pans, signal);
    return ok('joined', '接続しました');
  };
  await step('join', JOIN_LIMIT_MS, join, JOINING);
  const read = async (signal: AbortSignal): Promise<ReturnType<typeof ok>> => {
    const values = await trial.read(signal);
    return valuesFinding(({ field }) => values[field]);
  };
  await step('reading', 90_000, read, READING);
  await step('meter_clock', 30_000, async (signal) => skewFinding(await trial.clockSkewMs(signal)));
}

const UNSEEN: Text = {
  en: '; whether a program of another user or container has it open too cannot be seen from here',
  ja: '（他のユーザーやコンテナのプログラムも開いているかは、ここからは分かりません）',
};
