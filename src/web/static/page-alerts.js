// What is wrong: what happened, what to do, the code last; three lines at most.
import { element } from './page-dom.js';
import { words } from './page-words.js';

/** Messages end in their code, which is shown apart. */
const bare = ({ message, code }) => message.replace(` [${code}]`, '');
const fromFailure = (failure) => ({ what: bare(failure), hint: failure.hint, code: failure.code });

export function alertsOf({ error, reading, broker }) {
  const trouble = broker?.held ?? broker?.error ?? broker?.unannounced;
  const found = [];
  if (error) found.push(fromFailure(error));
  if (reading?.fault?.value === true && !reading.fault.stale)
    found.push({ what: words.meterFault, hint: words.meterFaultHint, code: 'EPC 88' });
  if (trouble) found.push(fromFailure(trouble));
  else if (broker && !broker.connected) found.push({ what: words.brokerTrouble, hint: broker.detail, code: '' });
  return found;
}

export function createAlerts() {
  const box = element('div', 'alerts');
  box.setAttribute('role', 'status');
  let shown = '';
  function update(meter) {
    const alerts = alertsOf(meter);
    const now = JSON.stringify(alerts);
    if (now === shown) return;
    shown = now;
    box.replaceChildren(
      ...alerts.map(({ what, hint, code }) =>
        element(
          'div',
          'alert',
          element('p', 'what', what),
          element('p', 'hint', element('span', '', hint), element('code', '', code)),
        ),
      ),
    );
  }
  return { box, update };
}
