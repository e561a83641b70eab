import type { Language, Text } from '../kernel/language.ts';
import type { Settings } from '../model/settings.ts';

/** The language of what a person reads in the log; undefined: programs read it, in English with fields. */
export const logWords = ({ log, language }: Pick<Settings, 'log' | 'language'>): Language | undefined =>
  log.format === 'pretty' ? language : undefined;

const READY: Text = {
  en: 'ready: the first reading comes within a minute, of a new meter within some minutes',
  ja: '起動しました。最初の計測値まで1分ほど（初めてのメーターは数分）かかります',
};

export function readyText(settings: Parameters<typeof logWords>[0]): string {
  const words = logWords(settings);
  return words === undefined ? 'ready' : READY[words];
}
