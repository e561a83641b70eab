// One meter's card: built once, then filled with each status and every second with the ages.
import { drawChart } from './page-chart.js';
import { clockTime, facts, integer, span, words } from './page-words.js';

function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** Writes only what changed, so that a screen reader hears only news. */
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A term and its value; hidden while there is no value. */
function fact(list, label) {
  const value = element('span');
  const mark = element('small');
  const row = element('div', 'fact', element('dt', '', label), element('dd', '', value, mark));
  list.append(row);
  return { row, value, mark };
}

/** @param staleMark what is said beside a value that is no longer current. */
function show({ row, value, mark }, text, staleMark = '') {
  row.hidden = text === undefined;
  row.classList.toggle('stale', staleMark !== '');
  write(value, text ?? '');
  write(mark, staleMark);
}

/** Without an answer of the bridge values grow old here too. */
const isStale = (seen, elapsedS) => seen.stale || seen.age_s + elapsedS > seen.stale_after_s;

/** A session whose meter does not answer is no connection. */
function linkWord({ phase, connected, age_s: ageS, stale_after_s: markS }, elapsedS) {
  if (phase !== 'connected' || (connected && ageS + elapsedS <= markS)) return words.phases[phase];
  return ageS === undefined ? words.unheard : words.unanswered;
}

/** 0–4 of 4 bars. Below −95 dBm a session breaks often, above −70 dBm nothing is left to gain. */
const barsOf = (rssi) => [-95, -88, -80, -70].filter((mark) => rssi > mark).length;

function chartFigure() {
  const figure = element('figure', 'chart');
  figure.setAttribute('role', 'img');
  figure.hidden = true;
  figure.append(
    document.createElementNS('http://www.w3.org/2000/svg', 'svg'),
    element('span', 'chart-top'),
    element('span', 'chart-bottom'),
    element('span', 'chart-from'),
    element('span', 'chart-now', words.now),
  );
  return figure;
}

/** Most sticks tell the signal with each answer, some only when they scan: then it is told how long ago that was. */
const OLD_SIGNAL_S = 300;

function signalFact(list) {
  const { row, value, mark } = fact(list, words.signal);
  const bars = element('span', 'bars', ...[1, 2, 3, 4].map(() => element('i')));
  bars.setAttribute('aria-hidden', 'true');
  const text = element('span');
  value.append(bars, text);
  return ({ rssi, lqi, signal_age_s: ageS }) => {
    row.hidden = rssi === undefined && lqi === undefined;
    const count = rssi === undefined ? undefined : barsOf(rssi);
    bars.hidden = count === undefined;
    bars.dataset.bars = String(count);
    write(text, count === undefined ? '' : words.signalWords[count]);
    const numbers = [
      ...(rssi === undefined ? [] : [`${integer(rssi)} dBm`]),
      ...(lqi === undefined ? [] : [`LQI ${lqi}`]),
      ...(ageS > OLD_SIGNAL_S ? [words.age(span(ageS))] : []),
    ];
    write(mark, numbers.join(' · '));
  };
}

/** The card of a meter: `update` takes a status, `tick` lets `elapsedS` seconds pass since it was received. */
export function createCard() {
  const name = element('h2');
  const phase = element('span', 'phase');
  const phaseAge = element('span', 'phase-age');
  const spoken = element('p', 'spoken');
  spoken.setAttribute('aria-live', 'polite');
  const direction = element('p', 'direction');
  const watts = element('span', 'watts');
  const power = element('p', 'power', watts, element('span', 'unit', 'W'));
  const badge = element('span', 'badge', words.stale);
  const ageText = element('span', 'age');
  const problem = element('div', 'problem', element('p', 'hint'), element('p', 'message'));
  const fault = element('p', 'problem', words.meterFault);
  const chart = chartFigure();
  const values = element('dl', 'values');
  const radio = element('dl', 'radio');
  const now = element('div', 'now', direction, power, element('p', 'when', badge, ageText));
  const head = element('header', '', name, element('p', 'link', phase, phaseAge));
  const card = element('section', 'card', head, spoken, problem, fault, now, chart, values, radio);

  const rows = facts.map(({ key, label, text }) => ({ key, text, row: fact(values, label) }));
  const signal = signalFact(radio);
  const broker = fact(radio, words.broker);
  const interval = fact(radio, words.interval);
  const channel = fact(radio, words.channel);
  const pan = fact(radio, words.pan);
  const reconnects = fact(radio, words.reconnects);
  const module = fact(radio, words.module);
  let meter;

  function tickFact({ row, text }, seen, elapsedS) {
    if (!seen) return show(row, undefined);
    const ageS = seen.age_s + elapsedS;
    const mark = isStale(seen, elapsedS) ? words.staleFrom(clockTime(seen.time, ageS)) : '';
    return show(row, text(seen.value), mark);
  }

  function tickLink(elapsedS) {
    const word = linkWord(meter, elapsedS);
    write(phase, word);
    card.dataset.phase = word === words.phases[meter.phase] ? meter.phase : 'unanswered';
    const phaseAgeS = meter.phase_age_s + elapsedS;
    const next = meter.retry_in_s === undefined ? undefined : meter.retry_in_s - elapsedS;
    const nextText = next === undefined ? [] : [next > 0 ? words.nextTry(span(Math.ceil(next))) : words.nextTryNow];
    write(phaseAge, [words.for(span(phaseAgeS)), ...nextText].join(' · '));
  }

  function tickPower(elapsedS) {
    const seen = meter.reading?.power;
    const stale = seen !== undefined && isStale(seen, elapsedS);
    card.classList.toggle('is-stale', stale);
    card.classList.toggle('is-export', seen !== undefined && seen.value < 0);
    card.classList.toggle('is-empty', seen === undefined);
    badge.hidden = !stale;
    if (seen === undefined) {
      write(direction, meter.reading ? words.noPower : words.waitingFirst);
      write(watts, '—');
      write(ageText, `${linkWord(meter, elapsedS)} · ${words.for(span(meter.phase_age_s + elapsedS))}`);
      return stale;
    }
    const ageS = seen.age_s + elapsedS;
    const [current, old] = seen.value < 0 ? [words.exporting, words.staleExporting] : [words.using, words.staleUsing];
    write(direction, stale ? old : current);
    write(watts, integer(seen.value));
    const age = words.age(span(ageS));
    write(ageText, stale ? `${words.lastAt(clockTime(seen.time, ageS))} · ${age}` : age);
    return stale;
  }

  function tick(elapsedS) {
    if (!meter) return;
    tickLink(elapsedS);
    const stale = tickPower(elapsedS);
    for (const row of rows) tickFact(row, meter.reading?.[row.key], elapsedS);
    const state = meter.reading ? (stale ? words.old : words.fresh) : words.waitingFirst;
    write(spoken, `${meter.name}: ${linkWord(meter, elapsedS)}. ${state}`);
  }

  function update(status) {
    meter = status;
    write(name, status.name);
    problem.hidden = status.error === undefined;
    write(problem.querySelector('.hint'), status.error?.hint ?? '');
    write(problem.querySelector('.message'), status.error?.message ?? '');
    fault.hidden = status.reading?.fault?.value !== true || status.reading.fault.stale;
    signal(status);
    show(interval, words.every(span(status.interval_s)));
    show(channel, status.pan && String(status.pan.channel));
    show(pan, status.pan?.pan_id);
    show(reconnects, String(status.reconnects));
    show(module, status.module && `${status.module.edition} ${status.module.stack_version}`);
    const { broker: link } = status;
    const trouble = link?.held?.hint ?? (link?.connected ? undefined : link?.detail);
    const state = link?.connected ? words.up : words.down;
    show(broker, link && (trouble === undefined ? state : `${state} – ${trouble}`));
    broker.row.classList.toggle('bad', link !== undefined && trouble !== undefined);
    if (status.history) drawChart(chart, status.history, status.stale_after_s);
  }

  return { card, update, tick };
}
