import type { Language } from '../../kernel/language.ts';
import { quantities } from '../../model/quantity.ts';
import type { CurrentReading } from '../../app/read/current-reading.ts';
import { mackerelLines } from '../../mackerel/mackerel-metrics.ts';

export const readFormats = ['text', 'json', 'mackerel'] as const;
export type ReadFormat = (typeof readFormats)[number];

/** `2026-01-15T12:00:30.120+09:00` → `2026-01-15 12:00:30`. */
const shortTime = (time: string): string => time.slice(0, 19).replace('T', ' ');

/** One line for people. A value of another answer is followed by its own time. */
export function readingText({ answer, besides }: CurrentReading, language: Language): string {
  const parts = [answer, ...besides].flatMap((one) =>
    quantities.flatMap(({ key, short, unit, decimals }) => {
      const value = one[key];
      if (value === undefined) return [];
      const amount = decimals === undefined ? String(value) : value.toFixed(decimals);
      const at = one.time === answer.time ? '' : ` (${one.time.slice(11, 19)})`;
      return [`${short[language]} ${amount} ${unit}${at}`];
    }),
  );
  return `${[answer.meter, shortTime(answer.time), ...parts].join('  ')}\n`;
}

/** What `read` prints once. `several`: more than one meter was asked for, which makes an array of JSON. */
export function readingsText(
  readings: readonly CurrentReading[],
  format: ReadFormat,
  language: Language,
  several: boolean,
): string {
  if (readings.length === 0) return '';
  switch (format) {
    case 'text':
      return readings.map((reading) => readingText(reading, language)).join('');
    case 'mackerel':
      return readings.map(({ answer, besides }) => mackerelLines([answer, ...besides])).join('');
    case 'json': {
      const objects = readings.map(({ answer }) => answer);
      return `${JSON.stringify(several ? objects : objects[0])}\n`;
    }
  }
}
