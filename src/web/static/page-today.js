// Today against yesterday and the last week, the running half hour, the peak, what it costs.
import { element, write } from './page-dom.js';
import { HALF_HOUR_S, clockTime, epochOf } from './page-time.js';
import { decimal, powerText, words, yen } from './page-words.js';

const plain = (watts) => powerText(watts).join(' ');
const halfHourText = (iso) => words.to(clockTime(epochOf(iso)), clockTime(epochOf(iso) + HALF_HOUR_S));

/** Less than this is the same. */
const SAME = 0.005;
function changeText(value, before) {
  const change = value / before - 1;
  if (Math.abs(change) < SAME) return '±0%';
  return `${change > 0 ? '+' : '−'}${decimal(Math.abs(change) * 100)}%`;
}

function compareRow(label) {
  const value = element('span', 'value');
  const change = element('span', 'change');
  const row = element('p', 'compare', element('span', 'label', label), element('span', 'figures', value, ' ', change));
  return (today, before) => {
    row.hidden = before === undefined;
    if (before === undefined) return row;
    write(value, decimal(before, 1));
    const knows = today !== undefined && before >= 0.1;
    write(change, knows ? changeText(today, before) : '');
    return row;
  };
}

function column(name, key) {
  const label = element('h3', '', name);
  const value = element('span', 'kwh');
  const figure = element('p', 'figure', value, element('span', 'unit', 'kWh'));
  const cost = element('p', 'cost');
  const yesterday = compareRow(words.yesterdaySoFar);
  const mean = compareRow(words.meanSoFar);
  const top = element('div', 'head', label, cost);
  const box = element('div', `column ${key}`, top, figure, yesterday(), mean());
  function update({ usage = {}, compare = {}, cost_today: costs = {} }, title, costKey) {
    const today = usage[`${key}_today`];
    write(label, title);
    write(value, today === undefined ? '—' : decimal(today, 1));
    yesterday(today, compare.yesterday_so_far?.[key]);
    mean(today, compare.mean_7_days_so_far?.[key]);
    const money = costs[costKey];
    cost.hidden = money === undefined;
    write(cost, money === undefined ? '' : yen(money));
  }
  return { box, update };
}

function line(label) {
  const value = element('dd');
  const row = element('div', 'line', element('dt', '', label), value);
  return {
    row,
    show(text) {
      row.hidden = text === undefined;
      write(value, text ?? '');
    },
  };
}

export function createToday() {
  const bought = column(words.boughtToday, 'import');
  const sold = column(words.soldToday, 'export');
  const halfHour = line(words.halfHour);
  const peak = line(words.peakToday);
  const pair = element('div', 'pair', bought.box, sold.box);
  const lines = element('dl', 'lines', halfHour.row, peak.row);
  const section = element('section', 'card today', element('h2', 'spoken', words.today), pair, lines);

  function update(meter) {
    const { usage } = meter;
    section.hidden = usage === undefined && meter.compare === undefined;
    if (section.hidden) return;
    const { demand_now: now, demand_forecast: forecast, peak_today: most } = usage ?? {};
    const sells =
      usage?.export_today > 0 || meter.compare?.mean_7_days_so_far?.export > 0 || meter.reading?.export?.value > 0;
    bought.update(meter, sells ? words.boughtToday : words.usedToday, 'buy');
    sold.update(meter, words.soldToday, 'sell');
    sold.box.hidden = !sells;
    const parts = [
      ...(now === undefined ? [] : [words.average(plain(now))]),
      ...(forecast === undefined ? [] : [words.forecast(plain(forecast))]),
    ];
    halfHour.show(parts.length > 0 ? parts.join(words.list) : undefined);
    peak.show(most && plain(most.power) + words.inParens(halfHourText(most.time)));
    lines.hidden = [halfHour, peak].every(({ row }) => row.hidden);
  }

  return { section, update };
}
