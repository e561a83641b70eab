// What happened on the radio within a day, as a list a person understands. Asked for when it is opened.
import { askFor } from './page-address.js';
import { element } from './page-dom.js';
import { epochOf, stampText } from './page-time.js';
import { span, words } from './page-words.js';

const REFRESH_MS = 15_000;

export function createLinks() {
  const list = element('ol', 'events');
  const details = element('details', 'card links', element('summary', '', words.events), list);
  details.hidden = true;
  let meter;
  let nowS = 0;
  let asked = 0;

  const rowOf = ({ time, kind, text, hint, code, lasted_s: lastedS }) => {
    const row = element('li', '', element('time', '', stampText(epochOf(time), nowS)), element('span', 'text', text));
    row.dataset.kind = kind;
    if (lastedS !== undefined) row.append(element('span', 'lasted', words.lasted(span(lastedS))));
    if (hint !== undefined) row.append(element('span', 'hint', hint));
    if (code !== undefined) row.append(element('code', '', code));
    return row;
  };

  async function refresh() {
    asked = performance.now();
    const { id } = meter;
    const answer = await askFor('api/links', { meter: id }).catch(() => undefined);
    if (!answer) return;
    details.hidden = false;
    list.replaceChildren(
      ...(answer.events.length > 0 ? answer.events.map(rowOf) : [element('li', 'none', words.noEvents)]),
    );
  }
  details.addEventListener('toggle', () => details.open && void refresh());

  function update(status, timeS) {
    const isOther = meter?.id !== status.id;
    [meter, nowS] = [status, timeS];
    if (isOther || (details.open && performance.now() - asked > REFRESH_MS)) void refresh();
  }

  return { details, update };
}
