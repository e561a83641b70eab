import type { BridgeError, ErrorCode } from '../../kernel/errors.ts';
import { inBoth } from '../../kernel/language.ts';
import type { Language, Text } from '../../kernel/language.ts';

/** In the order of the printed lines; their names are public: scripts read them in `--json`. */
const TITLES = {
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
  devices: { en: 'USB serial devices', ja: 'USBシリアルデバイス' },
  clock: { en: 'clock', ja: '時計' },
  node: { en: 'Node.js', ja: 'Node.js' },
} as const satisfies Record<string, Text>;

export type CheckId = keyof typeof TITLES;
export const CHECK_IDS = Object.keys(TITLES) as readonly CheckId[];
export const titleOf = (id: CheckId): Text => TITLES[id];

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
  readonly mark: CheckFinding['mark'] | 'not_reached';
  /** What is down that a check which was not reached needs. */
  readonly needs?: CheckId;
}

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
  detail: inBoth((language) => error.text(language)),
  advice: inBoth((language) => error.hint(language)),
  code: error.code,
});

type Mark = CheckResult['mark'];

const MARKS: Readonly<Record<Mark, { readonly symbol: string; readonly text: Text }>> = {
  ok: { symbol: '✓', text: { en: 'ok         ', ja: '正常  ' } },
  warning: { symbol: '!', text: { en: 'warning    ', ja: '注意  ' } },
  failed: { symbol: '✗', text: { en: 'FAILED     ', ja: '異常  ' } },
  not_reached: { symbol: '-', text: { en: 'not reached', ja: '未確認' } },
};
const INDENT = ' '.repeat(4);

/** What is looked at, and of which meter. */
export const subjectOf = ({ id, meter }: Pick<CheckResult, 'id' | 'meter'>, language: Language): string =>
  `${meter === undefined ? '' : `${meter}: `}${TITLES[id][language]}`;

const THE_REST: Text = { en: 'the rest', ja: 'ほかの項目' };

/** Without a configuration hardly anything is reached: all of that has the same line, which is told once. */
export function resultLine(result: CheckResult, language: Language): string {
  const { symbol, text } = MARKS[result.mark];
  const subject = result.needs === 'configuration' ? THE_REST[language] : subjectOf(result, language);
  return `${symbol} ${text[language]}  ${subject}: ${result.detail[language]}\n`;
}

/** One line, and below a failure or a warning what to do. */
export function resultText(result: CheckResult, language: Language): string {
  const line = resultLine(result, language);
  const { advice } = result;
  if (!advice) return line;
  const lines = advice[language].split('\n').map((part, at) => `${INDENT}${at === 0 ? '→' : ' '} ${part}\n`);
  return line + lines.join('');
}

const RANKS: Readonly<Record<Mark, number>> = { failed: 0, warning: 1, not_reached: 2, ok: 2 };

const isWrong = ({ mark }: CheckResult): boolean => RANKS[mark] < RANKS.ok;
const textsOf = (results: readonly CheckResult[], language: Language): string =>
  [...new Set(results.map((result) => resultText(result, language)))].join('');
const paragraphs = (...texts: readonly string[]): string => texts.filter((text) => text !== '').join('\n');

/** How it is, and what is wrong, the worst first. */
export const verdictText = (results: readonly CheckResult[], language: Language): string =>
  paragraphs(
    summaryText(results, language),
    textsOf(
      results.filter(isWrong).sort((a, b) => RANKS[a.mark] - RANKS[b.mark]),
      language,
    ),
  );

/** The whole answer: the verdict, and then the rest in its order. */
export const reportText = (results: readonly CheckResult[], language: Language): string =>
  paragraphs(
    verdictText(results, language),
    textsOf(
      results.filter((result) => !isWrong(result)),
      language,
    ),
  );

function summaryText(results: readonly CheckResult[], language: Language): string {
  const count = (wanted: Mark): number => results.filter(({ mark }) => mark === wanted).length;
  const [failed, warnings, unreached] = [count('failed'), count('warning'), count('not_reached')];
  if (failed === 0 && warnings === 0) return { en: 'All is well.\n', ja: 'すべて正常です。\n' }[language];
  return {
    en: `${failed} failed, ${warnings} warning(s), ${unreached} not reached.\n`,
    ja: `異常 ${failed}、注意 ${warnings}、未確認 ${unreached}\n`,
  }[language];
}

/** As `--json` and the report hold it. */
export const resultObject = ({ id, meter, mark, detail, advice, code, facts }: CheckResult, language: Language) => ({
  check: id,
  ...(meter !== undefined && { meter }),
  result: mark,
  detail: detail[language],
  ...(advice && { advice: advice[language] }),
  ...(code && { code }),
  ...(facts && { facts }),
});
