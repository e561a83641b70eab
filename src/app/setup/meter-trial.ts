import { within } from '../../kernel/async.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { Text } from '../../kernel/language.ts';
import type { Pan } from '../../model/pan.ts';
import type { Reading } from '../../model/reading.ts';
import { channelsOfMask, FULL_SCAN } from '../../model/scan-plan.ts';
import type { ScanRequest } from '../../model/scan-plan.ts';
import type { MeterSettings } from '../../model/settings.ts';
import type { ModuleInfo } from '../../model/status.ts';
import { scanTimeMs } from '../../skstack/commands.ts';
import { JOIN_LIMIT_MS, RadioTrial } from '../radio-trial.ts';
import type { RadioTrialDeps } from '../radio-trial.ts';
import { USUAL_MS } from '../../supervisor/usual-times.ts';

/** In their order: what a user watches. */
export const TRIAL_STEPS = ['module', 'scan', 'join', 'reading'] as const;
export type TrialStep = (typeof TRIAL_STEPS)[number];

/** One step as it begins. */
export interface TrialProgress {
  readonly step: TrialStep;
  /** Monotonic ms when it began, and what it usually takes. */
  readonly startedMs: number;
  readonly expectedMs: number;
  /** The scan that runs: which of how many, and its channels in their order. */
  readonly scan?: { readonly at: number; readonly of: number; readonly channels: readonly number[] };
  /** The meter refused once already. */
  readonly refusals: number;
}

/** How far a step is: the module tells nothing on the way, so all follows from the time. */
export interface TrialMoment {
  readonly step: TrialStep;
  /** 1 to 4. */
  readonly at: number;
  readonly elapsedS: number;
  readonly leftS: number;
  readonly channel?: number;
  readonly scan?: { readonly at: number; readonly of: number };
  readonly refusals: number;
}

export function momentOf({ step, startedMs, expectedMs, scan, refusals }: TrialProgress, nowMs: number): TrialMoment {
  const elapsedMs = Math.max(0, nowMs - startedMs);
  const channels = scan?.channels ?? [];
  const index = Math.min(channels.length - 1, Math.floor((elapsedMs / expectedMs) * channels.length));
  const channel = channels[index];
  return {
    step,
    at: TRIAL_STEPS.indexOf(step) + 1,
    elapsedS: Math.floor(elapsedMs / 1000),
    leftS: Math.max(0, Math.ceil((expectedMs - elapsedMs) / 1000)),
    ...(channel !== undefined && { channel }),
    ...(scan && { scan: { at: scan.at, of: scan.of } }),
    refusals,
  };
}

/** Which of both is wrong, as far as the radio can tell. */
export type Suspect = 'id' | 'password';

export type TrialOutcome =
  | {
      readonly ok: true;
      readonly port: string;
      readonly module: ModuleInfo;
      readonly pan: Pan;
      readonly reading: Reading;
    }
  | {
      readonly ok: false;
      readonly step: TrialStep;
      readonly error: BridgeError;
      readonly suspect?: Suspect;
      /** What to do about it, where more can be said than the error's own hint. */
      readonly advice: Text;
      /** What the scan found: another password needs no other scan. */
      readonly pans?: readonly Pan[];
    };

export interface TrialOptions {
  /** Of a scan with an ID of the same Pairing ID a moment ago. */
  readonly pans?: readonly Pan[];
  readonly onProgress: (progress: TrialProgress) => void;
}

/** The first refusal may be another controller's session; a second in a row is the password. */
const MOST_REFUSALS = 2;
const SCAN_MS = FULL_SCAN.reduce((sum, { mask, duration }) => sum + scanTimeMs(mask, duration), 0);
/** When a step is given up. */
const LIMITS_MS: Readonly<Record<TrialStep, number>> = {
  module: 60_000,
  scan: SCAN_MS + 30_000,
  join: JOIN_LIMIT_MS,
  reading: 90_000,
};

/** Module, scan, join and first reading, live. Failures are values. @throws the signal's reason, or a defect. */
export async function tryMeter(
  meter: MeterSettings,
  deps: RadioTrialDeps,
  { pans: known, onProgress }: TrialOptions,
  signal: AbortSignal,
): Promise<TrialOutcome> {
  const { clock } = deps;
  let step: TrialStep = 'module';
  let pans = known;
  let refusals = 0;
  const report = (expectedMs: number, scan?: TrialProgress['scan']): void =>
    onProgress({ step, startedMs: clock.monotonicMs(), expectedMs, refusals, ...(scan && { scan }) });
  const bounded = <T>(now: TrialStep, task: (inner: AbortSignal) => Promise<T>): Promise<T> => {
    step = now;
    return within(clock, LIMITS_MS[now], signal, task, () => tooLate(now));
  };
  const onScan = (request: ScanRequest): void => {
    const scan = { at: FULL_SCAN.indexOf(request) + 1, of: FULL_SCAN.length, channels: channelsOfMask(request.mask) };
    report(scanTimeMs(request.mask, request.duration), scan);
  };
  await using trial = new RadioTrial(meter, deps);
  try {
    const { port, module } = await bounded('module', async (inner) => {
      report(USUAL_MS.opening);
      return { port: await trial.openPort(inner), module: await trial.openModule(inner) };
    });
    const heard = pans ?? (await bounded('scan', (inner) => trial.scan(inner, onScan)));
    pans = heard;
    const join = async (inner: AbortSignal): Promise<Pan> => {
      for (;;) {
        report(USUAL_MS.joining);
        try {
          return await trial.join(heard, inner);
        } catch (error) {
          if (!isRefusal(error) || ++refusals >= MOST_REFUSALS) throw error;
        }
      }
    };
    const pan = await bounded('join', join);
    const reading = await bounded('reading', (inner) => {
      report(USUAL_MS.connected);
      return trial.read(inner);
    });
    return { ok: true, port, module, pan, reading };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof BridgeError)) throw error;
    return { ok: false, step, error, ...judged(error, meter.device), ...(pans && { pans }) };
  }
}

const isRefusal = (error: unknown): boolean => error instanceof BridgeError && error.code === 'JOIN_REFUSED';

/**
 * The meter answers a scan for the last 8 digits of its ID alone, and a join with the right password alone. So who was
 * found and refuses has most likely another password; who was not found, another ID, or is out of reach.
 */
function judged(error: BridgeError, device: string): { readonly suspect?: Suspect; readonly advice: Text } {
  const itself = { advice: { en: error.hint('en'), ja: error.hint('ja') } };
  switch (error.code) {
    case 'PORT_MISSING':
      return device.startsWith('/') ? { advice: NO_PORT } : itself; // a serial server and `auto` say more
    case 'JOIN_REFUSED':
      return { suspect: 'password', advice: PASSWORD_WRONG };
    case 'PAN_NOT_FOUND':
      return { suspect: 'id', advice: ID_OR_DISTANCE };
    default:
      return itself;
  }
}

const NO_PORT: Text = {
  en: 'Plug the stick in and try again, or choose another one.',
  ja: 'スティックを挿してもう一度試すか、別のスティックを選んでください。',
};
const PASSWORD_WRONG: Text = {
  en: 'Most likely the password is wrong: the meter knows the last 8 digits of this ID, for it was found by them. Compare all 12 characters of “パスワード” (password) in the notice of your grid operator; some send the ID by post and the password by e-mail. Mind I and 1, O and 0, B and 8. If it is right, compare the first 24 digits of the ID.',
  ja: 'パスワードが違う可能性が高いです（IDの末尾8桁でメーターは見つかりました）。送配電会社の通知にある「パスワード」12文字を見比べてください。IDは郵送、パスワードはメールで届く会社もあります。Iと1、Oと0、Bと8の読み違いに注意してください。合っていれば、IDの先頭24桁を確認してください。',
};
const ID_OR_DISTANCE: Text = {
  en: 'No meter answered to the last 8 digits of this ID: compare them with “認証ID” (32 digits, in groups of four) in the notice of your grid operator. If they are right, move the stick closer to the meter (a USB extension helps), and try again. The service has to have begun: the notice says from when.',
  ja: 'このIDの末尾8桁に応答するメーターがありません。送配電会社の通知にある「認証ID」（32桁、4桁ずつ）と見比べてください。合っていれば、スティックをメーターに近づけて（USB延長ケーブルが有効）もう一度試してください。利用開始日が来ているかも確認してください。',
};

function tooLate(step: TrialStep): BridgeError {
  const seconds = Math.round(LIMITS_MS[step] / 1000);
  const what = { en: `no outcome within ${seconds} s`, ja: `${seconds} 秒以内に結果が出ませんでした` };
  return new BridgeError(LATE_CODES[step], what);
}

const LATE_CODES = {
  module: 'MODULE_SILENT',
  scan: 'PAN_NOT_FOUND',
  join: 'JOIN_TIMEOUT',
  reading: 'METER_SILENT',
} as const;
