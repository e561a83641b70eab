import type { BridgeError, ErrorCode } from '../../kernel/errors.ts';
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

/** One link of the chain. */
export interface Check {
  readonly id: CheckId;
  /** Of which meter; absent for what all share. */
  readonly meter?: string;
  readonly title: Text;
  /** Those that must be up for this one to mean anything, of the same meter or of all. */
  readonly needs: readonly CheckId[];
  /** Longest it may take. */
  readonly limitMs: number;
  /** Said before a check that takes longer than a user waits in silence. */
  readonly slow?: Text;
  readonly run: (signal: AbortSignal) => Promise<CheckFinding>;
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
  detail: { en: error.message, ja: error.message },
  advice: { en: error.hint('en'), ja: error.hint('ja') },
  code: error.code,
});
