// What the history chart shows: a day by half hours, a month by days, a year by months. Values in, values out.
import {
  DAY_S,
  HALF_HOUR_S,
  clockTime,
  dateOf,
  dayText,
  epochOf,
  midnight,
  monthText,
  startOf,
  yearText,
} from './page-time.js';
import { words } from './page-words.js';

const monthOf = (date) => `${date.slice(0, 7)}-01`;
const yearOf = (date) => `${date.slice(0, 4)}-01-01`;
/** The first day of the month that is `count` months later. */
function monthsLater(date, count) {
  const [year, month] = date.split('-').map(Number);
  return new Date(Date.UTC(year, month - 1 + count, 1)).toISOString().slice(0, 10);
}
const dayBefore = (date) => dateOf(startOf(date) - DAY_S / 2);

/** What each way of looking asks for. `first` of a date: the day on which its stretch begins; `next`: on which the next one does. */
export const VIEWS = {
  day: {
    by: 'half-hour',
    first: (date) => date,
    next: (date, count) => dateOf(startOf(date) + count * DAY_S + DAY_S / 2),
    title: (date) => dayText(startOf(date)),
    slots: () => 48,
    slotOf: (startS, date) => Math.round((startS - startOf(date)) / HALF_HOUR_S),
    mark: (slot) =>
      slot % 12 === 0 ? words.hourMark(slot / 2) : slot % 6 === 0 && slot > 0 ? String(slot / 2) : undefined,
    name: (startS, endS) => words.to(clockTime(startS), clockTime(endS).replace('00:00', '24:00')),
  },
  month: {
    by: 'day',
    first: monthOf,
    next: (date, count) => monthsLater(monthOf(date), count),
    title: (date) => monthText(startOf(date)),
    slots: (date) => Number(dayBefore(monthsLater(date, 1)).slice(8)),
    slotOf: (startS) => Number(dateOf(startS).slice(8)) - 1,
    mark: (slot) => (slot === 0 || (slot + 1) % 5 === 0 ? String(slot + 1) : undefined),
    name: (startS) => dayText(startS),
  },
  year: {
    by: 'month',
    first: yearOf,
    next: (date, count) => monthsLater(yearOf(date), count * 12),
    title: (date) => yearText(startOf(date)),
    slots: () => 12,
    slotOf: (startS) => Number(dateOf(startS).slice(5, 7)) - 1,
    mark: (slot) => String(slot + 1),
    name: (startS) => monthText(startS),
  },
};

export const lastDayOf = (view, date) => dayBefore(VIEWS[view].next(date, 1));

/** Where each slot begins and ends: also of those nothing is known of. */
export function slotsOf(view, date) {
  const { slots, next } = VIEWS[view];
  return Array.from({ length: slots(date) }, (_, slot) => {
    if (view === 'day')
      return { startS: startOf(date) + slot * HALF_HOUR_S, endS: startOf(date) + (slot + 1) * HALF_HOUR_S };
    if (view === 'month') return { startS: startOf(date) + slot * DAY_S, endS: startOf(date) + (slot + 1) * DAY_S };
    return { startS: startOf(monthsLater(date, slot)), endS: startOf(monthsLater(date, slot + 1)) };
  }).filter(({ startS }) => startS < startOf(next(date, 1)));
}

/**
 * Each slot with what is known of it. `running`: it is not over; of the half hour the energy so far follows from its
 * average. `hole`: it is over, and nothing is known.
 */
export function filled(view, date, periods, { nowS, usage, price, oldest }) {
  const byslot = new Map(periods.map((period) => [VIEWS[view].slotOf(epochOf(period.start), date), period]));
  return slotsOf(view, date).map((slot, index) => {
    const running = slot.startS <= nowS && nowS < slot.endS;
    const period = byslot.get(index);
    const known = {
      ...slot,
      running,
      import: period?.import,
      export: period?.export,
      cost: period?.cost,
      income: period?.income,
    };
    if (view === 'day' && running)
      Object.assign(known, withMoney(runningHalfHour(usage, slot.startS, nowS, periods), price));
    const isEmpty = known.import === undefined && known.export === undefined;
    const isPast = slot.endS <= nowS && (oldest === undefined || slot.endS > startOf(oldest));
    return { ...known, hole: isEmpty && isPast && !running, partly: !isEmpty && !running && period?.missing > 0 };
  });
}

function runningHalfHour(usage, startS, nowS, periods) {
  const begins = usage?.half_hour && epochOf(usage.half_hour);
  if (begins !== startS || usage.demand_now === undefined) return {};
  const sold = periods.filter(({ start }) => midnight(epochOf(start)) === midnight(nowS));
  const isWhole =
    sold.length === Math.round((startS - midnight(nowS)) / HALF_HOUR_S) &&
    sold.every((period) => period.export !== undefined);
  const before = sold.reduce((sum, period) => sum + (period.export ?? 0), 0);
  return {
    import: (usage.demand_now * (nowS - startS)) / 3_600_000,
    ...(isWhole && usage.export_today !== undefined ? { export: Math.max(0, usage.export_today - before) } : {}),
  };
}

/** Prices change on the half hour: those of now hold for all of it. */
const withMoney = (energy, { buy, sell } = {}) => ({
  ...energy,
  ...(energy.import !== undefined && buy !== undefined && { cost: energy.import * buy }),
  ...(energy.export !== undefined && sell !== undefined && { income: energy.export * sell }),
});

/** A bridge's first minutes: of today half hours have passed, and nothing is known but of the running one. */
export const isUnfed = (view, slots) =>
  view === 'day' &&
  slots.some(({ hole }) => hole) &&
  slots.some(({ running }) => running) &&
  slots.every((slot) => slot.running || (slot.import === undefined && slot.export === undefined));

/** Sums over what is known; what no slot knows stays absent. */
export function sumOf(slots) {
  const sum = (key) => {
    const known = slots.map((slot) => slot[key]).filter((value) => value !== undefined);
    return known.length > 0 ? known.reduce((total, value) => total + value, 0) : undefined;
  };
  return {
    import: sum('import'),
    export: sum('export'),
    cost: sum('cost'),
    income: sum('income'),
    holes: slots.filter(({ hole, partly }) => hole || partly).length,
  };
}
