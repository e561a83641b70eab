import { hex } from '../../kernel/bytes.ts';
import type { ModuleInfo } from '../../model/status.ts';
import { rssiDbmOfLqi } from '../../model/pan.ts';
import type { Pan } from '../../model/pan.ts';
import type { Language, Text } from '../../kernel/language.ts';
import { quantities } from '../../model/quantity.ts';
import type { Quantity, QuantityKey } from '../../model/quantity.ts';
import { ok, warning } from './check.ts';
import type { CheckFinding } from './check.ts';

/** As where the service warns: the figure is right to half a minute. */
const MOST_SKEW_MS = 180_000;
const MINUTE_MS = 60_000;

export function moduleFinding({ stackVersion, appVersion, edition, printMode }: ModuleInfo): CheckFinding {
  const parts = [
    edition === 'J11' ? stackVersion : `SKSTACK-IP ${stackVersion}`,
    edition,
    ...(appVersion === undefined ? [] : [appVersion]),
  ];
  const en = [...parts, ...(printMode === undefined ? [] : [`${printMode} payload`])].join(', ');
  const ja = [...parts, ...(printMode === undefined ? [] : [`受信データ ${printMode}`])].join('、');
  const facts = {
    edition,
    stack_version: stackVersion,
    app_version: appVersion ?? null,
    print_mode: printMode ?? null,
  };
  return ok(en, ja, facts);
}

/** A signal so old is told with its age. */
const OLD_S = 300;

/** A network and how well it is heard. @param signal of a running bridge: its dBm, and how long ago that was. */
export function panFinding(
  pan: Pan,
  others: number,
  { rssi, ageS = 0 }: { readonly rssi?: number | undefined; readonly ageS?: number | undefined } = {},
): CheckFinding {
  const { isWeak, text, rssiDbm } = judgeSignal(pan.lqi, rssi ?? pan.rssiDbm);
  const panId = hex(pan.panId, 4);
  const more = others > 0 ? { en: `; ${others} more`, ja: `（ほか ${others} 件）` } : { en: '', ja: '' };
  const minutes = Math.round(ageS / 60);
  const age = ageS < OLD_S ? { en: '', ja: '' } : { en: ` (${minutes} minutes ago)`, ja: `（${minutes}分前）` };
  const detail = {
    en: `channel ${pan.channel}, PAN ${panId}, ${text.en}${age.en}${more.en}`,
    ja: `チャネル ${pan.channel}、PAN ${panId}、${text.ja}${age.ja}${more.ja}`,
  };
  const facts = { channel: pan.channel, pan_id: panId, lqi: pan.lqi ?? null, rssi_dbm: rssiDbm ?? null, others };
  return isWeak ? warning(detail, MOVE_CLOSER, facts) : ok(detail.en, detail.ja, facts);
}

/** From this on nothing is left to gain; below the second a session gets rare losses, below the third it breaks often. */
const [STRONG_DBM, FAIR_DBM, WEAK_DBM] = [-70, -85, -95];

/** How well the meter is heard. @param lqi 0–255; undefined where the module did not tell. */
function judgeSignal(lqi: number | undefined, measuredDbm: number | undefined) {
  const rssiDbm = measuredDbm ?? (lqi === undefined ? undefined : rssiDbmOfLqi(lqi));
  if (rssiDbm === undefined) return { isWeak: false, rssiDbm, text: { en: 'strength not told', ja: '強度は不明' } };
  const figures = [...(lqi === undefined ? [] : [`LQI ${lqi}`]), `${rssiDbm} dBm`];
  const { en, ja } = strengthText(rssiDbm);
  return {
    isWeak: rssiDbm < FAIR_DBM,
    rssiDbm,
    text: { en: [...figures, en].join(', '), ja: [...figures, ja].join('、') },
  };
}

function strengthText(rssiDbm: number): Text {
  if (rssiDbm >= STRONG_DBM) return { en: 'strong', ja: '強い' };
  if (rssiDbm >= FAIR_DBM) return { en: 'good', ja: '良好' };
  if (rssiDbm >= WEAK_DBM) return { en: 'weak: answers get lost now and then', ja: '弱い（応答がときどき失われます）' };
  return { en: 'very weak: the session will break often', ja: '非常に弱い（接続がよく切れます）' };
}

const MOVE_CLOSER: Text = {
  en: 'Move the stick closer to the meter, away from metal and other radios; a USB extension cable helps.',
  ja: 'スティックをメーターに近づけ、金属や他の無線機器から離してください。USB延長ケーブルが有効です。',
};

/** Which of its family. */
const PARTS: Readonly<Record<string, Text>> = {
  r: { en: ' (R)', ja: '（R相）' },
  t: { en: ' (T)', ja: '（T相）' },
  export: { en: ' (export)', ja: '（売電）' },
};

/** The values themselves stay out of the facts: a report is made public. */
export function valuesFinding(valueOf: (quantity: Quantity) => number | undefined): CheckFinding {
  const seen = quantities.filter((quantity) => valueOf(quantity) !== undefined);
  const list = (language: Language): readonly string[] =>
    seen.map((quantity) => {
      const { part = '', unit } = quantity;
      return `${valueOf(quantity)} ${unit}${PARTS[part]?.[language] ?? ''}`;
    });
  const has = (wanted: QuantityKey): boolean => seen.some(({ key }) => key === wanted);
  const facts = { power: has('power'), energy: has('import'), export: has('export') };
  return ok(list('en').join(', '), list('ja').join('、'), facts);
}

/** @param skewMs meter minus ours; undefined when the meter tells no time. */
export function skewFinding(skewMs: number | undefined): CheckFinding {
  if (skewMs === undefined) return ok('the meter tells no time', 'メーターは時刻を返しません');
  const facts = { skew_s: Math.round(skewMs / 1000) };
  if (Math.abs(skewMs) <= MOST_SKEW_MS) return ok('agrees with ours', 'このマシンの時計と一致', facts);
  const minutes = Math.round(Math.abs(skewMs) / MINUTE_MS);
  return warning(
    {
      en: `${minutes} min ${skewMs > 0 ? 'ahead of' : 'behind'} ours`,
      ja: `このマシンより ${minutes} 分${skewMs > 0 ? '進んで' : '遅れて'}います`,
    },
    {
      en: 'If the clock of this machine is right, the meter’s is off, and nothing needs to be done: only half-hour values carry the meter’s time.',
      ja: 'このマシンの時計が正しければメーター側のずれで、対処は不要です。30分値だけがメーターの時刻になります。',
    },
    facts,
  );
}
