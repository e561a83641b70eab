// The history of energy: a day, a month or a year, back and forth; a stretch of it summed up; the same as CSV.
import { addressOf, askFor } from './page-address.js';
import { createBars } from './page-bars.js';
import { button, choice, element, write } from './page-dom.js';
import { VIEWS, filled, isUnfed, lastDayOf, sumOf } from './page-periods.js';
import { createRange, sumText } from './page-range.js';
import { clockTime, dateOf } from './page-time.js';
import { words } from './page-words.js';

/** A half hour is there some seconds after its end; what the meter remembers comes in after a join. */
const REFRESH_MS = 60_000;
/** After an answer that failed, or was empty: a bridge that has just started has not opened its archive, or not yet asked its meter. */
const AGAIN_MS = 5000;
/** In the demo half hours are seconds. */
const SOONEST_MS = 2000;

export function createHistory() {
  let view = 'day';
  let date;
  let meter;
  let nowS = 0;
  let answer;
  let slots = [];
  let range;
  let asked = 0;
  let halfHour;
  const title = element('span', 'title');
  title.setAttribute('aria-live', 'polite');
  const back = button('step', '‹', () => go(-1));
  const forward = button('step', '›', () => go(1));
  back.setAttribute('aria-label', words.back);
  forward.setAttribute('aria-label', words.forward);
  const views = choice('choice', words.byLabel, Object.entries(words.by), (chosen) => look(chosen, date));
  const note = element('p', 'note');
  const csv = element('a', 'csv', words.csv);
  csv.download = '';
  const bars = createBars({ onPoint: point, onRange: choose });
  const sums = createRange(choose);
  const section = element(
    'section',
    'card history',
    element('div', 'head', element('h2', '', words.history), views.group),
    element('div', 'stepper', back, title, forward),
    bars.box,
    note,
    element('div', 'tools', sums.details, csv),
  );
  section.hidden = true;

  const today = () => dateOf(nowS);
  const nameOf = ({ startS, endS }) => VIEWS[view].name(startS, endS);
  const sells = () => slots.some((slot) => slot.export > 0);

  function describe(from, to, chosen) {
    const part = slots.slice(from, to + 1);
    const name =
      from === to
        ? nameOf(part[0])
        : words.to(nameOf(part[0]).split(/[～–]/)[0], nameOf(part.at(-1)).split(/[～–]/).at(-1));
    const sum = sumOf(part);
    const remark =
      part.some(({ running }) => running) && chosen
        ? [words.running]
        : sum.holes > 0 && sum.import !== undefined
          ? [words.partly]
          : [];
    return [`${chosen ? name : VIEWS[view].title(date)}　${sumText(sum, sells())}`, ...remark].join(words.dot);
  }

  const summary = () => {
    if (range) return describe(...range, true);
    return isUnfed(view, slots) ? `${VIEWS[view].title(date)}　${words.unfed}` : describe(0, slots.length - 1, false);
  };

  function point(slot) {
    if (slots.length > 0)
      write(note, slot === undefined || slot === null || !slots[slot] ? summary() : describe(slot, slot, true));
  }

  function choose(from, to) {
    range = from === undefined ? undefined : [from, to];
    sums.show(range ?? [0, slots.length - 1], range !== undefined);
    bars.choose(range);
    write(note, summary());
  }

  function draw() {
    const { periods, oldest } = answer;
    slots = filled(view, date, periods, { nowS, usage: meter.usage, price: meter.price, oldest });
    const sum = isUnfed(view, slots) ? words.unfed : sumText(sumOf(slots), sells());
    bars.show(slots, VIEWS[view].mark, words.historyChart(VIEWS[view].title(date), sum));
    const isDay = view === 'day';
    sums.offer(
      slots.map((slot) => (isDay ? clockTime(slot.startS) : nameOf(slot))),
      slots.map((slot) => (isDay ? clockTime(slot.endS).replace('00:00', '24:00') : nameOf(slot))),
    );
    write(note, summary());
    back.disabled = oldest === undefined || VIEWS[view].first(oldest) >= date;
    forward.disabled = VIEWS[view].next(date, 1) > today();
  }

  async function refresh() {
    asked = performance.now();
    const [id, by, from] = [meter.id, view, date];
    const query = { meter: id, by: VIEWS[by].by, from, to: lastDayOf(by, from) };
    csv.href = addressOf('api/history', { ...query, format: 'csv' });
    let found;
    try {
      found = await askFor('api/history', query);
    } catch {
      asked += AGAIN_MS - REFRESH_MS;
      if (answer === undefined && !section.hidden) write(note, words.unread);
      return;
    }
    if (meter.id !== id || view !== by || date !== from) return;
    section.hidden = found === undefined;
    if (found === undefined) return;
    answer = found;
    draw();
    if (isUnfed(view, slots)) asked += AGAIN_MS - REFRESH_MS;
  }

  function look(by, day) {
    [view, date, range, answer, slots] = [by, VIEWS[by].first(day), undefined, undefined, []];
    bars.choose(undefined);
    views.set(by);
    write(title, VIEWS[by].title(date));
    void refresh();
  }

  const go = (count) => look(view, VIEWS[view].next(date, count));

  function update(status, timeS) {
    const before = today();
    const isOther = meter?.id !== status.id;
    [meter, nowS] = [status, timeS];
    if (isOther || (date === VIEWS[view].first(before) && date !== VIEWS[view].first(today())))
      return look(view, today());
    const isNext = status.usage?.half_hour !== halfHour;
    const age = performance.now() - asked;
    if (age > REFRESH_MS || (isNext && age > SOONEST_MS)) {
      halfHour = status.usage?.half_hour;
      void refresh();
    } else if (answer && date === VIEWS[view].first(today()) && !range) draw();
  }

  return { section, update };
}
