import { InvalidArgumentError } from 'commander';
import type { Option } from 'commander';
import { BridgeError } from '../kernel/errors.ts';
import { inBoth } from '../kernel/language.ts';
import type { Text } from '../kernel/language.ts';
import type { CliContext } from './context.ts';

/** A value that cannot be: says what can. */
export const badValue = (option: string, must: Text): BridgeError =>
  new BridgeError(
    'USAGE',
    { en: `the value of ${option} is not valid`, ja: `${option} の値が正しくありません` },
    { hint: inBoth((language) => `${option}: ${must[language]}`) },
  );

/** Makes an option one of a number. @param byDefault undefined: none. */
export const numeric =
  (min: number, max: number, byDefault?: number, { whole = false } = {}) =>
  (option: Option): Option =>
    option.default(byDefault).argParser((text) => {
      const value = Number(text);
      if (text.trim() !== '' && value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
      const kind = whole ? { en: 'a whole number', ja: '整数' } : { en: 'a number', ja: '数' };
      const must = { en: `${kind.en} from ${min} to ${max}`, ja: `${min}～${max} の${kind.ja}` };
      throw badValue(option.long ?? option.flags, must);
    });

/** @param must what it has to be, for commander, which names the option. */
export const numberWhere =
  ({ language }: CliContext, isGood: (value: number, text: string) => boolean, must: Text) =>
  (text: string): number => {
    const value = Number(text);
    if (isGood(value, text)) return value;
    throw new InvalidArgumentError(must[language]);
  };
