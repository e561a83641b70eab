// What is drawn of the contract: both 100 V legs count towards it, one that feeds back does not free the other.
import { element, write } from './page-dom.js';
import { decimal, words } from './page-words.js';

/** What the whole bar stands for: there is room beyond the contract. */
const WIDTH = 1.2;

const levelOf = (share) => (share >= 1 ? 'over' : share >= 0.8 ? 'near' : 'well');
const noteOf = { well: '', near: words.contractNear, over: words.contractOver };

export function createContract() {
  const title = element('h2');
  const used = element('span', 'used');
  const note = element('p', 'warning');
  const parts = { R: element('i', 'r'), T: element('i', 't') };
  const bar = element('div', 'bar', parts.R, parts.T, element('b', 'near'), element('b', 'full'));
  bar.setAttribute('aria-hidden', 'true');
  const legs = element('p', 'legs');
  const section = element('section', 'card contract', element('div', 'head', title, legs, used), bar, note);

  /** @param isNow whether the currents may stand as those of now */
  function tick(meter, isNow) {
    const { contract_ampere: ampere, reading } = meter;
    const [r, t] = [reading?.current_r?.value, reading?.current_t?.value];
    section.hidden = ampere === undefined || (isNow && r === undefined);
    if (section.hidden) return;
    write(title, words.contract(decimal(ampere)));
    const [ofR, ofT] = isNow ? [Math.max(0, r), Math.max(0, t ?? 0)] : [0, 0];
    // the meter tells tenths; cut, not rounded, so that the share that is shown is one that was reached
    const tenths = Math.round((ofR + ofT) * 10);
    const share = tenths / (ampere * 10);
    const percent = Math.floor((tenths * 10) / ampere);
    section.dataset.level = levelOf(share);
    write(used, isNow ? words.contractUse(decimal(tenths / 10, 1), decimal(percent)) : '—');
    write(note, noteOf[section.dataset.level]);
    write(
      legs,
      isNow
        ? [`${words.phaseR} ${decimal(r, 1)}`, ...(t === undefined ? [] : [`${words.phaseT} ${decimal(t, 1)}`])].join(
            words.list,
          )
        : '',
    );
    const room = Math.min(1, WIDTH / Math.max(share, 1e-9));
    for (const [name, value] of [
      ['R', ofR],
      ['T', ofT],
    ])
      parts[name].style.width = `${((value / ampere) * room * 100) / WIDTH}%`;
  }

  return { section, tick };
}
