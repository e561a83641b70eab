import { within } from '../../kernel/async.ts';
import type { Clock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { Text } from '../../kernel/language.ts';
import type { Settings } from '../../model/settings.ts';
import type { Look } from '../../wire/port-holder.ts';
import type { UsbPort } from '../../wire/usb-sysfs.ts';
import type { RadioTrialDeps } from '../../app/radio-trial.ts';
import type { Asked } from '../../app/ask/bridge-status.ts';
import { failedBy, titleOf } from './check.ts';
import type { CheckFinding, CheckId, CheckResult } from './check.ts';

/** What the checks touch of the world, so that tests can break it. */
export interface DoctorWorld extends RadioTrialDeps {
  readonly nodeVersion: string;
  readonly askBridge: (settings: Settings, signal: AbortSignal) => Promise<Asked>;
  /** Who else has a port: beside us, or beside the bridge with this pid; undefined where nothing can be said. */
  readonly othersOn: (device: string, bridgePid?: number) => Promise<Look | undefined>;
  /** The serial ports on USB. */
  readonly ports: () => Promise<readonly Pick<UsbPort, 'device' | 'usb' | 'words'>[]>;
  /** Whether the system keeps its clock by NTP; undefined where that cannot be known. */
  readonly isClockSynchronized: (signal: AbortSignal) => Promise<boolean | undefined>;
}

export interface SequenceDeps {
  readonly clock: Clock;
  /** Around each look, so that a user can see what takes long. */
  readonly showing?: (running: RunningCheck, look: () => Promise<CheckFinding>) => Promise<CheckFinding>;
  readonly onResult?: (result: CheckResult) => void;
}

export interface RunningCheck extends Pick<CheckResult, 'id' | 'meter'> {
  /** Of what takes longer than a user waits in silence. */
  readonly slow?: Text | undefined;
}

/** Steps of which each needs the one before: below one that failed nothing is reached. */
export interface Sequence {
  /** @param find throws a BridgeError where the link is down. @throws the signal's reason, or a defect. */
  readonly step: (
    id: CheckId,
    limitMs: number,
    find: (signal: AbortSignal) => CheckFinding | Promise<CheckFinding>,
    slow?: Text,
  ) => Promise<void>;
  /** Steps that need the last one of this sequence and not each other. */
  readonly branch: (meter?: string) => Sequence;
}

/** @param results gets what every step and branch finds. */
export function sequence(
  deps: SequenceDeps,
  results: CheckResult[],
  signal: AbortSignal,
  meter?: string,
  needed?: CheckId,
): Sequence {
  let down = needed;
  return {
    async step(id, limitMs, find, slow) {
      const { clock, showing = (_running, look) => look() } = deps;
      const which = { id, ...(meter !== undefined && { meter }) };
      const look = (): Promise<CheckFinding> => found(id, limitMs, find, clock, signal);
      const finding: Omit<CheckResult, 'id' | 'meter'> =
        down === undefined ? await showing({ ...which, slow }, look) : notReached(down);
      const result: CheckResult = { ...which, ...finding };
      results.push(result);
      deps.onResult?.(result);
      down = result.mark === 'failed' || result.mark === 'not_reached' ? id : undefined;
    },
    branch: (of = meter) => sequence(deps, results, signal, of, down),
  };
}

function notReached(needed: CheckId): Pick<CheckResult, 'mark' | 'detail' | 'needs'> {
  const { en, ja } = titleOf(needed);
  return { mark: 'not_reached', detail: { en: `needs: ${en}`, ja: `先に必要: ${ja}` }, needs: needed };
}

async function found(
  id: CheckId,
  limitMs: number,
  find: Parameters<Sequence['step']>[2],
  clock: Clock,
  signal: AbortSignal,
): Promise<CheckFinding> {
  const late = new Error('late');
  try {
    const task = async (inner: AbortSignal): Promise<CheckFinding> => await find(inner);
    return await within(clock, limitMs, signal, task, () => late);
  } catch (error) {
    signal.throwIfAborted();
    if (error === late) return tooLate(titleOf(id), Math.round(limitMs / 1000));
    if (error instanceof BridgeError) return failedBy(error);
    throw error;
  }
}

const tooLate = (title: Text, seconds: number): CheckFinding => ({
  mark: 'failed',
  detail: { en: `no outcome within ${seconds} s`, ja: `${seconds} 秒以内に結果が出ませんでした` },
  advice: {
    en: `Try again; if it stays, report it with --report (check: ${title.en}).`,
    ja: `もう一度実行してください。続く場合は --report の内容を添えて報告してください（項目: ${title.ja}）。`,
  },
});
