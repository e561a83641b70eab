import type { Text } from '../../kernel/language.ts';
import { rssiDbmOfLqi } from '../../model/pan.ts';

/** From this on nothing is left to gain; below the second a session gets rare losses, below the third it breaks often. */
const [STRONG_DBM, FAIR_DBM, WEAK_DBM] = [-70, -85, -95];

export interface SignalJudgement {
  readonly isWeak: boolean;
  readonly text: Text;
  readonly rssiDbm: number | undefined;
}

/** How well the meter is heard. @param lqi 0–255; undefined where the module did not tell. */
export function judgeSignal(lqi: number | undefined, measuredDbm?: number): SignalJudgement {
  const rssiDbm = measuredDbm ?? (lqi === undefined ? undefined : rssiDbmOfLqi(lqi));
  if (rssiDbm === undefined) return { isWeak: false, rssiDbm, text: { en: 'strength not told', ja: '強度は不明' } };
  const figures = [...(lqi === undefined ? [] : [`LQI ${lqi}`]), `${rssiDbm} dBm`];
  const words = wordsOf(rssiDbm);
  return {
    isWeak: rssiDbm < FAIR_DBM,
    rssiDbm,
    text: { en: [...figures, words.en].join(', '), ja: [...figures, words.ja].join('、') },
  };
}

function wordsOf(rssiDbm: number): Text {
  if (rssiDbm >= STRONG_DBM) return { en: 'strong', ja: '強い' };
  if (rssiDbm >= FAIR_DBM) return { en: 'good', ja: '良好' };
  if (rssiDbm >= WEAK_DBM) return { en: 'weak: answers get lost now and then', ja: '弱い（応答がときどき失われます）' };
  return { en: 'very weak: the session will break often', ja: '非常に弱い（接続がよく切れます）' };
}

export const moveCloser: Text = {
  en: 'Move the stick closer to the meter, away from metal and other radios; a USB extension cable helps.',
  ja: 'スティックをメーターに近づけ、金属や他の無線機器から離してください。USB延長ケーブルが有効です。',
};
