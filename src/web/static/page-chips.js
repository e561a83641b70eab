// Several meters: a chip for each, with its power. Which one is shown is in the address.
import { button, element, write } from './page-dom.js';
import { powerText } from './page-words.js';

const wanted = () => decodeURIComponent(location.hash.slice(1));

export function createChips(onChoose) {
  const box = document.getElementById('chips');
  const chips = new Map();
  let chosen;

  function choose(id) {
    history.replaceState(undefined, '', `#${encodeURIComponent(id)}`);
    onChoose();
  }

  function chipOf({ id, name }) {
    const value = element('span', 'value');
    const chip = button('chip', '', () => choose(id));
    chip.append(element('span', 'name', name), value);
    box.append(chip);
    chips.set(id, { chip, value });
    return chips.get(id);
  }
  window.addEventListener('hashchange', () => onChoose());

  /** @returns the meter that is shown */
  function update(meters, isLost) {
    chosen = meters.find(({ id }) => id === wanted()) ?? meters[0];
    box.hidden = meters.length < 2;
    if (box.hidden) return chosen;
    for (const meter of meters) {
      const { chip, value } = chips.get(meter.id) ?? chipOf(meter);
      const power = meter.reading?.power;
      chip.setAttribute('aria-pressed', String(meter === chosen));
      write(value, power && !power.stale && !isLost ? powerText(power.value).join(' ') : '—');
    }
    return chosen;
  }
  return { update };
}
