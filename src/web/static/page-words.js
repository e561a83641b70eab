// The reader's language, and how numbers, spans and times are written in it. The texts: page-ja.js, page-en.js.
import { words as english } from './page-en.js';
import { words as japanese } from './page-ja.js';
import { quantities } from './page-quantities.js'; // made from the table of quantities as the page is served

export const language = document.documentElement.lang === 'en' ? 'en' : 'ja';
export const words = language === 'en' ? english : japanese;

const numbers = new Map();
/** A true minus sign: the hyphen gets lost beside a large figure. */
export function decimal(value, digits = 0) {
  if (!numbers.has(digits)) {
    const style = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    numbers.set(digits, new Intl.NumberFormat(language, style));
  }
  return numbers.get(digits).format(value).replace('-', '−');
}

/** From 10 kW on as kW. The direction is said apart: no sign. */
export function powerText(watts) {
  const size = Math.abs(watts);
  return size >= 9999.5 ? [decimal(size / 1000, 1), 'kW'] : [decimal(size), 'W'];
}

export const kwh = (value, digits = 1) => `${decimal(value, digits)} kWh`;
export const yen = (value) => words.yen(decimal(value));

/** As a quantity is written everywhere; registers have the decimals they come with. */
export function quantityText(key, value) {
  const { unit, decimals } = quantities.find((row) => row.key === key);
  const known = decimals ?? Math.min(4, Math.max(1, `${value}`.split('.')[1]?.length ?? 0));
  return `${decimal(value, known)} ${unit}`;
}

export const quantityName = (key) => words.quantities[key] ?? quantities.find((row) => row.key === key).name[language];

/** The two largest units of a span: `2 min 5 s`, `2分5秒`. */
export function span(seconds) {
  const { d, h, min, s, gap } = words.units;
  const total = Math.max(0, Math.floor(seconds));
  const parts = [
    [Math.floor(total / 86_400), d],
    [Math.floor(total / 3600) % 24, h],
    [Math.floor(total / 60) % 60, min],
    [total % 60, s],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return `0${s}`;
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join(gap);
}
