import { within } from '../../kernel/async.ts';
import type { Clock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { ErrorCode } from '../../kernel/errors.ts';
import type { Text } from '../../kernel/language.ts';

/** The order is that of the printed lines; names are public: scripts read them in `--json`. */
export const checkIds = [
  'configuration',
  'secrets',
  'state_dir',
  'bridge',
  'port',
  'module',
  'scan',
  'join',
  'reading',
  'meter_clock',
  'broker',
  'tls',
  'login',
  'topics',
  'home_assistant',
  'http',
  'clock',
  'node',
] as const;
export type CheckId = (typeof checkIds)[number];

/** What one link turned out to be. */
export interface CheckFinding {
  readonly mark: 'ok' | 'warning' | 'failed';
  readonly detail: Text;
  /** What to do about it. */
  readonly advice?: Text;
  readonly code?: ErrorCode;
  /** For `--json` and the report; nothing secret, no address of a meter. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

export interface CheckResult extends Omit<CheckFinding, 'mark'> {
  readonly id: CheckId;
  /** Of which meter; absent for what all share. */
  readonly meter?: string;
  readonly title: Text;
  readonly mark: CheckFinding['mark'] | 'not_reached';
}

export const titles: Readonly<Record<CheckId, Text>> = {
  configuration: { en: 'configuration', ja: '設定' },
  secrets: { en: 'secrets', ja: '秘密情報' },
  state_dir: { en: 'state_dir', ja: 'state_dir' },
  bridge: { en: 'bridge', ja: 'ブリッジ' },
  port: { en: 'port', ja: 'ポート' },
  module: { en: 'module', ja: 'モジュール' },
  scan: { en: 'scan', ja: 'スキャン' },
  join: { en: 'join', ja: '接続' },
  reading: { en: 'reading', ja: '計測値' },
  meter_clock: { en: 'meter clock', ja: 'メーターの時計' },
  broker: { en: 'broker', ja: 'ブローカー' },
  tls: { en: 'TLS', ja: 'TLS' },
  login: { en: 'login', ja: 'ログイン' },
  topics: { en: 'topics', ja: 'トピック' },
  home_assistant: { en: 'Home Assistant', ja: 'Home Assistant' },
  http: { en: 'http', ja: 'http' },
  clock: { en: 'clock', ja: '時計' },
  node: { en: 'Node.js', ja: 'Node.js' },
};

export const ok = (en: string, ja: string, facts?: CheckFinding['facts']): CheckFinding => ({
  mark: 'ok',
  detail: { en, ja },
  ...(facts && { facts }),
});

export const warning = (detail: Text, advice: Text, facts?: CheckFinding['facts']): CheckFinding => ({
  mark: 'warning',
  detail,
  advice,
  ...(facts && { facts }),
});

/** A failure in the words of the error catalogue. */
export const failedBy = (error: BridgeError): CheckFinding => ({
  mark: 'failed',
  detail: { en: error.text('en'), ja: error.text('ja') },
  advice: { en: error.hint('en'), ja: error.hint('ja') },
  code: error.code,
});

export interface SequenceDeps {
  readonly clock: Clock;
  /** Hears what takes longer than a user waits in silence, before it is begun. */
  readonly onSlow?: (text: Text) => void;
  readonly onResult?: (result: CheckResult) => void;
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
      if (down === undefined && slow) deps.onSlow?.(slow);
      const finding =
        down === undefined ? await found(titles[id], limitMs, find, deps.clock, signal) : notReached(titles[down]);
      const result: CheckResult = { id, ...(meter !== undefined && { meter }), title: titles[id], ...finding };
      results.push(result);
      deps.onResult?.(result);
      down = result.mark === 'failed' || result.mark === 'not_reached' ? id : undefined;
    },
    branch: (of = meter) => sequence(deps, results, signal, of, down),
  };
}

const notReached = (needed: Text): Pick<CheckResult, 'mark' | 'detail'> => ({
  mark: 'not_reached',
  detail: { en: `needs: ${needed.en}`, ja: `先に必要: ${needed.ja}` },
});

async function found(
  title: Text,
  limitMs: number,
  find: Parameters<Sequence['step']>[2],
  clock: Clock,
  signal: AbortSignal,
): Promise<CheckFinding> {
  const late = new Error('late');
  try {
    return await within(
      clock,
      limitMs,
      signal,
      async (inner) => await find(inner),
      () => late,
    );
  } catch (error) {
    signal.throwIfAborted();
    if (error === late) return tooLate(title, Math.round(limitMs / 1000));
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
