// The facts of the radio, in one part that is closed.
import { element, write } from './page-dom.js';
import { clockTime, dayText, epochOf, stampText } from './page-time.js';
import { decimal, powerText, quantityName, quantityText, span, words } from './page-words.js';

/** Most sticks tell the signal with each answer, some only when they scan: then it is told how long ago that was. */
const OLD_SIGNAL_S = 300;
/** 0–4 of 4. Below −95 dBm a session breaks often, above −70 dBm nothing is left to gain. */
const strengthOf = (rssi) => [-95, -88, -80, -70].filter((mark) => rssi > mark).length;

function signalText({ rssi, lqi, signal_age_s: ageS }) {
  if (rssi === undefined && lqi === undefined) return undefined;
  return [
    ...(rssi === undefined ? [] : [words.signalWords[strengthOf(rssi)], `${decimal(rssi)} dBm`]),
    ...(lqi === undefined ? [] : [`LQI ${lqi}`]),
    ...(ageS > OLD_SIGNAL_S ? [words.signalAge(span(ageS))] : []),
  ].join(words.list);
}

function linkText(meter, elapsedS) {
  const answers = meter.phase !== 'connected' || meter.connected;
  const word = answers ? words.phases[meter.phase] : words.unanswered;
  return `${word}${words.dot}${words.for(span(meter.phase_age_s + elapsedS))}`;
}

function brokerText({ broker }) {
  if (!broker) return undefined;
  return broker.connected ? words.up : `${words.down} – ${broker.detail}`;
}

const REGISTERS = ['current_r', 'current_t', 'import', 'export'];

export function createDetails() {
  const list = element('dl', 'facts');
  const rows = new Map();
  const show = (label, text) => {
    if (!rows.has(label)) {
      const value = element('dd');
      const row = element('div', '', element('dt', '', label), value);
      rows.set(label, { row, value });
      list.append(row);
    }
    const { row, value } = rows.get(label);
    row.hidden = text === undefined;
    write(value, text ?? '');
  };
  const details = element('details', 'card details', element('summary', '', words.details), list);

  function tick(meter, elapsedS, nowS) {
    show(words.link, linkText(meter, elapsedS));
    for (const key of REGISTERS) {
      const seen = meter.reading?.[key];
      const isOld = seen && (seen.stale || seen.age_s + elapsedS > seen.stale_after_s);
      const mark = isOld ? ` ${words.staleFrom(stampText(epochOf(seen.time), nowS))}` : '';
      show(quantityName(key), seen && quantityText(key, seen.value) + mark);
    }
    const most = meter.usage?.peak_month;
    show(
      words.peakMonth,
      most &&
        powerText(most.power).join(' ') +
          words.inParens(`${dayText(epochOf(most.time))} ${clockTime(epochOf(most.time))}`),
    );
    show(words.signal, signalText(meter));
    show(words.interval, words.every(span(meter.interval_s)));
    show(words.channel, meter.pan && String(meter.pan.channel));
    show(words.pan, meter.pan?.pan_id);
    show(words.reconnects, String(meter.reconnects));
    show(words.module, meter.module && `${meter.module.edition} ${meter.module.stack_version}`);
    show(words.broker, brokerText(meter));
  }

  return { details, tick };
}
