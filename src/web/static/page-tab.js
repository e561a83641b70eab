// Title and icon of the tab carry the number.
import { directionOf } from './page-now.js';
import { powerText, words } from './page-words.js';

const COLOURS = { import: '#0b5c9c', export: '#0a6b4b', unknown: '#5c666e' };
const icon = document.querySelector('link[rel=icon]');
let drawn;

/** Four characters at most: 423, 1.2k, 12k. */
function short(watts) {
  const size = Math.abs(watts);
  if (size < 999.5) return String(Math.round(size));
  return size < 9950 ? `${(size / 1000).toFixed(1)}k` : `${Math.round(size / 1000)}k`;
}

function drawIcon(text, colour) {
  if (drawn === text + colour) return;
  drawn = text + colour;
  const size = text.length > 3 ? 27 : 34;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="14" fill="${colour}"/><text x="32" y="33" font-family="sans-serif" font-weight="700" font-size="${size}" fill="#fff" text-anchor="middle" dominant-baseline="central">${text}</text></svg>`;
  icon.href = `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

export function showInTab(meter, level) {
  const isNow = level === 'good' || level === 'late';
  const watts = meter.reading?.power?.value;
  const sign = watts < 0 ? `${words.exporting} ` : '';
  const title = isNow ? `${sign}${powerText(watts).join(' ')} – ${meter.name}` : `— ${meter.name}`;
  if (document.title !== title) document.title = title;
  if (isNow) drawIcon(short(watts), COLOURS[directionOf(watts)]);
  else drawIcon('–', COLOURS.unknown);
}
