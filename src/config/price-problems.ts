import type { Text } from '../kernel/language.ts';
import { slotsOf } from '../model/price.ts';
import { isTree } from './keys.ts';
import type { Path, Tree } from './keys.ts';
import { FROM, TO } from './prices-schema.ts';
import type { Finding } from './problems.ts';

/** Hours that overlap, or leave a part of the day without a price. */
export function priceProblems(root: Tree): Finding[] {
  const prices = root['prices'];
  if (!isTree(prices)) return [];
  if (Object.keys(prices).length === 0) return [{ path: ['prices', 'buy'], text: NO_PRICE, missing: true }];
  return (['buy', 'sell'] as const).flatMap((side) => hoursProblems(prices, side));
}

function hoursProblems(prices: Tree, side: 'buy' | 'sell'): Finding[] {
  const rows = prices[`${side}_hours`];
  if (!Array.isArray(rows)) return [];
  const found: Finding[] = [];
  const taken = new Map<number, number>();
  let isWhole = true;
  for (const [i, row] of (rows as unknown[]).entries()) {
    const { from, to } = isTree(row) ? row : {};
    isWhole &&= typeof from === 'string' && typeof to === 'string' && FROM.test(from) && TO.test(to);
    if (typeof from !== 'string' || typeof to !== 'string' || !isWhole) continue;
    const slots = slotsOf({ from, to });
    const other = slots.map((slot) => taken.get(slot)).find((index) => index !== undefined);
    const path: Path = ['prices', `${side}_hours`, i, 'from'];
    if (other === undefined) for (const slot of slots) taken.set(slot, i);
    else found.push({ path, text: overlap(`${side}_hours[${other}]`) });
  }
  if (isWhole && found.length === 0 && taken.size < 48 && !(side in prices))
    found.push({ path: ['prices', side], text: hole(side, taken) });
  return found;
}

const NO_PRICE: Text = { en: 'is required, or sell', ja: '必須です（sell でも可）' };
const overlap = (other: string): Text => ({
  en: `overlaps prices.${other}`,
  ja: `prices.${other} と時間帯が重なっています`,
});
function hole(side: string, taken: ReadonlyMap<number, number>): Text {
  const slot = Array.from({ length: 48 }, (_, i) => i).find((i) => !taken.has(i)) ?? 0;
  const time = `${Math.floor(slot / 2)}:${slot % 2 === 0 ? '00' : '30'}`;
  return {
    en: `is required: ${side}_hours gives no price at ${time}; this one is for all hours it leaves out`,
    ja: `必須です。${side}_hours に ${time} の単価がありません（${side} が残りの時間帯の単価になります）`,
  };
}
