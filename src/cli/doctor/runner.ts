import { within } from '../../kernel/async.ts';
import type { Clock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { ErrorCode } from '../../kernel/errors.ts';
import type { Text } from '../../kernel/language.ts';
import { failedBy, titles } from './check.ts';
import type { Check, CheckId, CheckFinding } from './check.ts';

export type Mark = CheckFinding['mark'] | 'not_reached';

export interface CheckResult {
  readonly id: CheckId;
  readonly meter?: string;
  readonly title: Text;
  readonly mark: Mark;
  readonly detail: Text;
  readonly advice?: Text;
  readonly code?: ErrorCode;
  readonly facts?: CheckFinding['facts'];
}

export interface RunnerDeps {
  readonly clock: Clock;
  readonly onSlow?: (text: Text) => void;
  readonly onResult?: (result: CheckResult) => void;
}

/**
 * One check after the other. What needs a link that is down is not reached, the rest goes on.
 * @param before results of checks that ran already.
 * @throws the signal's reason, or a defect.
 */
export async function runChecks(
  checks: readonly Check[],
  { clock, onSlow, onResult }: RunnerDeps,
  signal: AbortSignal,
  before: readonly CheckResult[] = [],
): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = [...before];
  for (const check of checks) {
    const missing = check.needs.find((need) => isDown(results, need, check.meter));
    if (missing === undefined && check.slow) onSlow?.(check.slow);
    const finding = missing === undefined ? await runOne(check, clock, signal) : notReached(missing);
    const { id, meter, title } = check;
    const result: CheckResult = { id, ...(meter !== undefined && { meter }), title, ...finding };
    results.push(result);
    onResult?.(result);
  }
  return results;
}

const isDown = (results: readonly CheckResult[], need: CheckId, meter: string | undefined): boolean =>
  results.some(
    ({ id, meter: of, mark }) =>
      id === need && (of === undefined || of === meter) && (mark === 'failed' || mark === 'not_reached'),
  );

const notReached = (missing: CheckId): Pick<CheckResult, 'mark' | 'detail'> => ({
  mark: 'not_reached',
  detail: { en: `needs: ${titles[missing].en}`, ja: `先に必要: ${titles[missing].ja}` },
});

async function runOne({ title, limitMs, run }: Check, clock: Clock, signal: AbortSignal): Promise<CheckFinding> {
  const seconds = Math.round(limitMs / 1000);
  let late = false;
  const onLate = (): Error => {
    late = true;
    return new Error('late');
  };
  try {
    return await within(clock, limitMs, signal, run, onLate);
  } catch (error) {
    signal.throwIfAborted();
    if (late) return tooLate(title, seconds);
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
