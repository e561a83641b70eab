import type { Consumption, Period } from '../../archive/consumption.ts';
import { consumptionCsv, periodColumn, periodName } from '../../archive/consumption-csv.ts';
import type { MeterHistory } from '../../archive/consumption-csv.ts';
import type { Language, Text } from '../../kernel/language.ts';
import { yen } from '../../model/price.ts';
import type { Prices } from '../../model/price.ts';

export const HISTORY_FORMATS = ['table', 'csv', 'json'] as const;
export type HistoryFormat = (typeof HISTORY_FORMATS)[number];

const HEADS: Readonly<Record<Period, Text>> = {
  'half-hour': { en: 'half hour (JST)', ja: '30分（日本時間）' },
  day: { en: 'day (JST)', ja: '日（日本時間）' },
  month: { en: 'month (JST)', ja: '月（日本時間）' },
};
/** Right-aligned, behind the time. */
const TIME_WIDTH = 17;
const COLUMNS: readonly (readonly [width: number, head: Text])[] = [
  [13, { en: 'bought, kWh', ja: '買電 kWh' }],
  [13, { en: 'sold, kWh', ja: '売電 kWh' }],
  [18, { en: 'register bought', ja: '積算（買電）' }],
  [18, { en: 'register sold', ja: '積算（売電）' }],
];
const gapText = (missing: number, language: Language): string =>
  ({ en: `   ${missing} half hours missing`, ja: `   30分値 ${missing}コマ欠け` })[language];

/** In a terminal: a kanji or kana is two columns wide. */
const widthOf = (text: string): number => Array.from(text).reduce((sum, it) => sum + (it > '\u2e7f' ? 2 : 1), 0);
const fill = (text: string, width: number): string => ' '.repeat(Math.max(0, width - widthOf(text)));

/** As a person reads it, a program (JSON), or a spreadsheet (CSV). What is not known is left out or empty, never 0. */
export function historyText(
  histories: readonly MeterHistory[],
  format: HistoryFormat,
  by: Period,
  { language, prices }: { readonly language: Language; readonly prices: Prices | undefined },
): string {
  if (format === 'table') return histories.map((history) => table(history, by, language)).join('\n');
  if (format === 'csv') return consumptionCsv(histories, by, prices);
  const rows = histories.flatMap(({ meter, periods }) => periods.map((period) => ({ meter, period })));
  return json(rows, by);
}

interface Row {
  readonly meter: string;
  readonly period: Consumption;
}

function json(rows: readonly Row[], by: Period): string {
  const objects = rows.map(({ meter, period }) => {
    const { importKwh, exportKwh, boughtKwh, soldKwh, costYen, incomeYen, missing } = period;
    const values = { import: importKwh, export: exportKwh, bought: boughtKwh, sold: soldKwh }; // undefined is left out
    const money = { cost: yen(costYen), income: yen(incomeYen) };
    return JSON.stringify({
      meter,
      [periodColumn(by)]: periodName(period, by),
      ...values,
      ...money,
      ...(missing > 0 ? { missing } : {}),
    });
  });
  return `[\n${objects.join(',\n')}\n]\n`;
}

function table({ meter, periods }: MeterHistory, by: Period, language: Language): string {
  const line = (time: string, columns: readonly string[]): string =>
    `${time}${fill(time, TIME_WIDTH)}${columns.map((text, i) => `${fill(text, COLUMNS[i]?.[0] ?? 0)}${text}`).join('')}`;
  const head = line(
    HEADS[by][language],
    COLUMNS.map(([, text]) => text[language]),
  );
  const lines = periods.map((period) => {
    const { importKwh, exportKwh, boughtKwh, soldKwh, missing } = period;
    const figures = [boughtKwh, soldKwh, importKwh, exportKwh].map((kwh) => (kwh === undefined ? '–' : String(kwh)));
    const time = periodName(period, by).slice(0, 16).replace('T', ' ');
    return `${line(time, figures)}${missing > 0 ? gapText(missing, language) : ''}\n`;
  });
  return `${meter}\n${head}\n${lines.join('')}`;
}
