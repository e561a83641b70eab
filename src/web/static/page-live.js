// The course of power over the last minutes, hour or day.
import { askFor } from './page-address.js';
import { Chart, axis, axisScale, colours, common, faded, roomFor, roundSteps, roundUp } from './page-chart.js';
import { choice, element, write } from './page-dom.js';
import { clockTime, epochOf, roundTimes } from './page-time.js';
import { decimal, powerText, words } from './page-words.js';

const SPANS = { '10m': 600, '1h': 3600, '24h': 86_400 };
/** What the page gathers itself between two questions. */
const REFRESH_MS = 60_000;
/** In the demo an hour passes meanwhile. */
const DEMO_REFRESH_MS = 10_000;

/** Above zero the colour of what is bought, below it of what is sold. */
const split = (alpha) => (plot) => {
  const { using, export: sold } = colours();
  const { top, height } = plot.bbox;
  const zero = Math.min(1, Math.max(0, (plot.valToPos(0, 'y', true) - top) / height));
  const shade = plot.ctx.createLinearGradient(0, top, 0, top + height);
  for (const [at, colour] of [
    [0, using],
    [zero, using],
    [zero, sold],
    [1, sold],
  ])
    shade.addColorStop(at, faded(colour, alpha));
  return shade;
};

const plain = (watts) => powerText(watts).join(' ');
/** With the direction where there are two. */
const sided = (watts, hasSold) => (hasSold ? `${words.sideWords[watts < 0 ? 1 : 0]} ${plain(watts)}` : plain(watts));

/** Least and most; of both directions the most of each. */
function extremesOf(points) {
  const low = Math.min(...points.map((point) => point[2]));
  const high = Math.max(...points.map((point) => point[3]));
  const [bought, sold] = words.sideWords;
  if (low >= 0) return [`${words.least} ${plain(low)}`, `${words.most} ${plain(high)}`];
  if (high <= 0) return [`${sold} ${words.least} ${plain(high)}`, `${words.most} ${plain(low)}`];
  return [`${bought} ${words.most} ${plain(high)}`, `${sold} ${words.most} ${plain(low)}`];
}

/** Columns for the chart; where nothing was measured for `gapS` there is a hole. */
export function columnsOf(points, gapS) {
  const columns = [[], [], [], []];
  let previous;
  for (const point of points) {
    if (previous && point[0] - previous[0] > gapS)
      [previous[0] + 1, null, null, null].forEach((value, i) => columns[i].push(value));
    point.forEach((value, i) => columns[i].push(value));
    previous = point;
  }
  return columns;
}

export function createLive() {
  let span = '1h';
  let meter;
  let nowS = 0;
  let points = [];
  let stepS = 0;
  let gapS = 0;
  let asked = 0;
  let rate = 1;
  const spans = choice('choice', words.spanLabel, Object.entries(words.spans), (chosen) => choose(chosen));
  const note = element('p', 'note');
  const box = element('div', 'plot');
  box.setAttribute('role', 'img');
  const section = element(
    'section',
    'card live',
    element('div', 'head', element('h2', '', words.live), spans.group),
    box,
    note,
  );

  const rangeY = () => {
    const values = points.flatMap((point) => point.slice(1));
    const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
    return [-roundUp(-low), roundUp(high) || (low < 0 ? 0 : 100)];
  };
  const chart = new Chart(box, (uPlot) => ({
    ...common(),
    scales: { x: { time: false, range: () => [nowS - SPANS[span], nowS] }, y: { range: rangeY } },
    axes: [
      axis(28, {
        splits: (plot, _axis, from, to) =>
          roomFor(
            plot,
            roundTimes(from, to, (((to - from) * 64 * axisScale()) / plot.bbox.width) * devicePixelRatio),
            38,
          ),
        values: (_plot, times) => times.map((at) => clockTime(at)),
      }),
      axis(58, {
        splits: (_plot, _axis, low, high) => roundSteps(low, high),
        values: (_plot, values) =>
          values.map((value, i) =>
            i === values.length - 1 ? `${decimal(Math.abs(value))} W` : decimal(Math.abs(value)),
          ),
      }),
    ],
    series: [
      {},
      {
        stroke: split(1),
        fill: split(0.16),
        width: 2,
        points: { show: false },
        fillTo: () => 0,
        paths: uPlot.paths.linear(),
      },
      { stroke: 'transparent', points: { show: false } },
      { stroke: 'transparent', points: { show: false } },
    ],
    bands: [{ series: [3, 2], fill: split(0.22) }],
    hooks: { draw: [drawZero], setCursor: [follow] },
  }));

  function drawZero(plot) {
    const y = Math.round(plot.valToPos(0, 'y', true));
    const { left, width } = plot.bbox;
    plot.ctx.fillStyle = colours().soft;
    plot.ctx.fillRect(left, y, width, Math.max(1, devicePixelRatio));
  }

  /** Under the pointer: that moment instead of the extremes. */
  function follow(plot) {
    const at = plot.cursor.left < 0 ? undefined : plot.cursor.idx;
    const watts = plot.data[1][at];
    const hasSold = points.some((point) => point[2] < 0);
    write(
      note,
      watts === undefined || watts === null ? summary() : `${clockTime(plot.data[0][at])}　${sided(watts, hasSold)}`,
    );
  }

  const summary = () => (points.length < 2 ? words.gathering : extremesOf(points).join('　'));

  function draw() {
    points = points.filter(([at]) => at >= nowS - SPANS[span]);
    const holeS = Math.max(gapS, stepS * 1.6, meter.stale_after_s * rate);
    const columns = columnsOf(points, holeS);
    void chart.show(columns);
    if (!(chart.plot?.cursor.left >= 0)) write(note, summary());
    const label = words.liveChart(
      words.spans[span],
      points.length < 2 ? summary() : extremesOf(points).join(words.list),
    );
    if (box.getAttribute('aria-label') !== label) box.setAttribute('aria-label', label);
  }

  async function refresh() {
    asked = performance.now();
    const [id, wanted] = [meter.id, span];
    const answer = await askFor('api/power', { meter: id, span: wanted }).catch(() => undefined);
    if (!answer || meter.id !== id || span !== wanted) return;
    points = answer.points;
    stepS = answer.step_s;
    gapS = answer.gap_s ?? 0;
    draw();
  }

  function choose(chosen) {
    span = chosen;
    spans.set(chosen);
    points = [];
    if (meter) void refresh();
  }
  spans.set(span);

  /** @param clockRate seconds of the house's clock to one of ours; a demo's day is over in minutes: the whole of it is shown. */
  function update(status, timeS, clockRate, isDemo) {
    const isFirst = meter === undefined;
    const isOther = meter?.id !== status.id;
    [meter, nowS, rate] = [status, timeS, clockRate];
    if (isOther) choose(isFirst && isDemo ? '24h' : span);
    const power = status.reading?.power;
    const atS = power && epochOf(power.time);
    // In a day's view the steps are minutes: the bridge sums them up.
    if (atS > (points.at(-1)?.[0] ?? 0) + stepS * (span === '24h' ? 1 : 0))
      points.push([atS, power.value, power.value, power.value]);
    if (performance.now() - asked > (rate > 1 ? DEMO_REFRESH_MS : REFRESH_MS)) void refresh();
    draw();
  }

  return { section, update };
}
