import type { Text } from '../kernel/language.ts';
import type { LeftReason } from './import-plan.ts';

/** Why hours of a gap stay as they are. */
export const leftTexts: Readonly<Record<LeftReason, Text>> = {
  unknown: {
    en: 'the meter’s registers are not known at every hour',
    ja: 'メーターの積算値がわからない時刻があります',
  },
  meter: { en: 'the meter was exchanged', ja: 'メーターが交換されました' },
  fell: { en: 'the register fell', ja: '積算値が減っています' },
  sums: {
    en: 'the sums on both sides do not fit each other (corrected by hand, or a reset)',
    ja: '前後の合計値のつじつまが合いません（手での修正、またはリセット）',
  },
  states: {
    en: 'the values on both sides do not fit the meter’s registers',
    ja: '前後の値がメーターの積算値と合いません',
  },
};
