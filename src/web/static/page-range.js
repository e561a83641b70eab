// The sum over a stretch of the history: drawn with the pointer, or chosen from two lists.
import { button, element } from './page-dom.js';
import { kwh, words, yen } from './page-words.js';

const part = (word, energy, money) => {
  if (energy === undefined) return [];
  const text = `${word} ${kwh(energy, 2)}`;
  return [money === undefined ? text : words.ofMoney(text, yen(money))];
};

/** `買電 4.20 kWh（約132円）・売電 1.00 kWh（約16円）`. */
export function sumText(sum, sells = true) {
  const [bought, sold] = words.sideWords;
  const parts = [...part(bought, sum.import, sum.cost), ...(sells ? part(sold, sum.export, sum.income) : [])];
  return parts.length > 0 ? parts.join(words.list) : words.noData;
}

function select(label, onChange) {
  const made = element('select');
  made.addEventListener('change', onChange);
  return { made, field: element('label', '', `${label} `, made) };
}

/** @param onRange the first and the last slot, or nothing for the whole */
export function createRange(onRange) {
  const changed = () =>
    onRange(
      Math.min(from.made.selectedIndex, to.made.selectedIndex),
      Math.max(from.made.selectedIndex, to.made.selectedIndex),
    );
  const from = select(words.rangeFrom, changed);
  const to = select(words.rangeTo, changed);
  const whole = button('quiet', words.whole, () => onRange());
  const fields = element('div', 'fields', from.field, to.field, whole);
  const summary = element('summary', '', words.rangeTitle);
  const details = element('details', 'range', summary, element('p', 'hint', words.hint), fields);
  let names = '';

  function offer(begins, ends) {
    const wanted = [...begins, ...ends].join();
    if (names === wanted) return;
    names = wanted;
    from.made.replaceChildren(...begins.map((text) => new Option(text)));
    to.made.replaceChildren(...ends.map((text) => new Option(text)));
    show([0, ends.length - 1], false);
  }

  function show([first, last], isChosen) {
    from.made.selectedIndex = first;
    to.made.selectedIndex = last;
    whole.disabled = !isChosen;
  }

  return { details, offer, show };
}
