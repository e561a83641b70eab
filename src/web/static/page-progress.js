// While there is no connection: which of the four steps it is at, and how long it may still take.
import { element, write } from './page-dom.js';
import { span, words } from './page-words.js';

export function createProgress() {
  const steps = words.steps.map((text) => {
    const more = element('span', 'more');
    return { row: element('li', '', element('span', '', text), more), more };
  });
  const bar = element('progress');
  bar.max = 1;
  bar.setAttribute('aria-label', words.connecting);
  const left = element('p', 'left');
  const list = element('ol', 'steps', ...steps.map(({ row }) => row));
  const section = element('section', 'card progress', element('h2', '', words.connecting), list, bar, left);

  function tick({ progress }, elapsedS, isLost) {
    section.hidden = progress === undefined || isLost;
    if (section.hidden) return;
    for (const [i, { row, more }] of steps.entries()) {
      const at = i + 1 - progress.step;
      row.dataset.state = at < 0 ? 'done' : at === 0 ? 'now' : 'next';
      if (at === 0) row.setAttribute('aria-current', 'step');
      else row.removeAttribute('aria-current');
      write(more, at === 0 && progress.channels ? channelText(progress, elapsedS) : '');
    }
    const passed = progress.elapsed_s + elapsedS;
    const knows = progress.expected_s > 0;
    bar.hidden = !knows;
    bar.value = knows ? Math.min(1, passed / progress.expected_s) : 0;
    const leftS = Math.ceil(progress.expected_s - passed);
    write(left, knows ? (leftS > 0 ? words.left(span(leftS)) : words.soon) : '');
  }

  return { section, tick };
}

/** `41/60`: a module goes through them in their order, as long on each. */
function channelText({ channels: { at, of }, expected_s: expectedS }, elapsedS) {
  const more = expectedS > 0 ? Math.floor((elapsedS * of) / expectedS) : 0;
  return words.channels(`${Math.min(of, at + more)}/${of}`);
}
