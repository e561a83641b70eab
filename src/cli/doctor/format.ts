import type { Language, Text } from '../../kernel/language.ts';
import type { CheckResult } from './sequence.ts';

type Mark = CheckResult['mark'];

export const markWords: Readonly<Record<Mark, Text>> = {
  ok: { en: 'ok         ', ja: '正常  ' },
  warning: { en: 'warning    ', ja: '注意  ' },
  failed: { en: 'FAILED     ', ja: '異常  ' },
  not_reached: { en: 'not reached', ja: '未確認' },
};
const symbols: Readonly<Record<Mark, string>> = { ok: '✓', warning: '!', failed: '✗', not_reached: '-' };
const INDENT = ' '.repeat(4);

/** One line, and below a failure or a warning what to do. */
export function resultText({ meter, title, mark, detail, advice }: CheckResult, language: Language): string {
  const of = meter === undefined ? '' : `${meter}: `;
  const line = `${symbols[mark]} ${markWords[mark][language]}  ${of}${title[language]}: ${detail[language]}\n`;
  if (!advice) return line;
  const lines = advice[language].split('\n').map((text, at) => `${INDENT}${at === 0 ? '→' : ' '} ${text}\n`);
  return line + lines.join('');
}

export function summaryText(results: readonly CheckResult[], language: Language): string {
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
