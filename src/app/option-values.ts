import { InvalidArgumentError } from 'commander';
import { BridgeError } from '../kernel/errors.ts';
import type { Text } from '../kernel/language.ts';
import type { CliContext } from './context.ts';

/** A value that cannot be: says what can. */
export const badValue = (option: string, { en, ja }: Text): BridgeError =>
  new BridgeError('USAGE', `the value of ${option} is not valid`, {
    hint: { en: `${option}: ${en}`, ja: `${option}: ${ja}` },
  });

export const number =
  (option: string, min: number, max: number, whole = false) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() !== '' && value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
    const kind = whole ? { en: 'a whole number', ja: '整数' } : { en: 'a number', ja: '数' };
    throw badValue(option, { en: `${kind.en} from ${min} to ${max}`, ja: `${min}～${max} の${kind.ja}` });
  };

/** @param must what it has to be, for commander, which names the option. */
export const numberWhere =
  ({ language }: CliContext, isGood: (value: number, text: string) => boolean, must: Text) =>
  (text: string): number => {
    const value = Number(text);
    if (isGood(value, text)) return value;
    throw new InvalidArgumentError(must[language]);
  };
