// The power now: one number, its direction by word, arrow and colour, and whether it may be believed.
import { drawing, element, write } from './page-dom.js';
import { epochOf, stampText } from './page-time.js';
import { powerText, quantityText, words } from './page-words.js';

const HOUSE = 'M20 4 5 17v18h30V17z';
/** Into the house, out of it. */
const ARROWS = { import: 'M20 13v14m-6-6 6 6 6-6', export: 'M20 29V15m-6 6 6-6 6 6' };

export const directionOf = (watts) => (watts < 0 ? 'export' : 'import');

/** Who never sold anything uses; who does buys. */
export function directionWord(meter) {
  const { power, export: sold } = meter.reading;
  if (power.value < 0) return words.exporting;
  return sold?.value > 0 ? words.importing : words.using;
}

const currentsOf = ({ reading, contract_ampere: ampere }) =>
  ampere === undefined && reading?.current_r && !reading.current_r.stale
    ? [
        [words.phaseR, 'current_r'],
        [words.phaseT, 'current_t'],
      ].flatMap(([name, key]) => (reading[key] ? [`${name} ${quantityText(key, reading[key].value)}`] : []))
    : [];

export function createNow() {
  const word = element('span', 'word');
  const arrows = Object.fromEntries(
    Object.entries(ARROWS).map(([name, path]) => [name, drawing(40, ['house', HOUSE], ['arrow', path])]),
  );
  const direction = element('p', 'direction', ...Object.values(arrows), word);
  const number = element('span', 'number');
  const unit = element('span', 'unit');
  const power = element('p', 'power', number, unit);
  const last = element('p', 'last');
  const trust = element('p', 'trust', element('i', 'lamp'), element('span'));
  const currents = element('p', 'currents');
  const section = element('section', 'now', direction, power, last, trust, currents);

  function tick(meter, { level, text }, nowS) {
    const seen = meter.reading?.power;
    const isNow = level === 'good' || level === 'late';
    section.dataset.level = level;
    section.dataset.direction = isNow ? directionOf(seen.value) : 'unknown';
    direction.hidden = !isNow;
    power.hidden = level === 'none';
    last.hidden = isNow || !seen;
    write(trust.lastChild, text);
    write(currents, isNow ? currentsOf(meter).join(words.list) : '');
    if (!seen) return;
    const [figure, unitText] = powerText(seen.value);
    write(word, directionWord(meter));
    for (const [name, arrow] of Object.entries(arrows)) arrow.classList.toggle('off', name !== directionOf(seen.value));
    write(number, isNow ? figure : '—');
    write(unit, isNow ? unitText : '');
    write(last, words.last(directionWord(meter), `${figure} ${unitText}`, stampText(epochOf(seen.time), nowS)));
  }

  return { section, tick };
}
