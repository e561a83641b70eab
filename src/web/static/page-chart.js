// The small power chart: an SVG path over the points `/api/status?history=1` gives.
import { integer, span, words } from './page-words.js';

const WIDTH = 600;
const HEIGHT = 120;
const SVG = 'http://www.w3.org/2000/svg';

function shape(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** Runs of points without a hole longer than `gapS`: where nothing was measured nothing is drawn. */
function runsOf(points, gapS) {
  const runs = [];
  let previous;
  for (const point of points) {
    if (previous === undefined || previous[0] - point[0] > gapS) runs.push([]);
    runs.at(-1).push(point);
    previous = point;
  }
  return runs;
}

/** Rounds up to a round number, so that the scale stays while values move a little. */
function roundScale(watts) {
  const power = 10 ** Math.floor(Math.log10(Math.max(watts, 1)));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((step) => step * power).find((scale) => scale >= watts) ?? watts;
}

/** Draws `history` ([age in s, W], oldest first) into `figure`; hides it while there are too few points. */
export function drawChart(figure, history, gapS) {
  figure.hidden = history.length < 3;
  if (figure.hidden) return;
  const watts = history.map(([, value]) => value);
  const [least, most] = [Math.min(...watts), Math.max(...watts)];
  const top = most > 0 ? roundScale(most) : 0;
  const bottom = least < 0 ? -roundScale(-least) : 0;
  const oldest = Math.max(history[0][0], 60);
  const x = (age) => ((1 - age / oldest) * WIDTH).toFixed(1);
  const y = (value) => (4 + ((top - value) / (top - bottom || 1)) * (HEIGHT - 8)).toFixed(1);

  const svg = shape('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  // Two windows onto the same curve: bought above zero, sold below it.
  const halves = [
    ['using', 0, Number(y(0))],
    ['export', Number(y(0)), HEIGHT],
  ].map(([name, from, to]) => {
    const box = { x: 0, y: from, width: WIDTH, height: to - from, viewBox: `0 ${from} ${WIDTH} ${to - from}` };
    return shape('svg', { class: name, preserveAspectRatio: 'none', ...box });
  });
  for (const run of runsOf(history, gapS)) {
    const line = run.map(([age, value]) => `${x(age)} ${y(value)}`).join(' L');
    const [first, last] = [run[0], run.at(-1)];
    for (const half of halves) {
      half.append(
        shape('path', { class: 'area', d: `M${x(first[0])} ${y(0)} L${line} L${x(last[0])} ${y(0)} Z` }),
        shape('path', { class: 'line', d: `M${line}` }),
      );
    }
  }
  svg.append(...halves, shape('line', { class: 'zero', x1: 0, x2: WIDTH, y1: y(0), y2: y(0) }));

  figure.querySelector('svg').replaceWith(svg);
  figure.querySelector('.chart-top').textContent = `${integer(top)} W`;
  figure.querySelector('.chart-bottom').textContent = `${integer(bottom)} W`;
  figure.querySelector('.chart-from').textContent = words.ago(span(oldest));
  const label = words.chart(span(oldest), `${integer(least)} W`, `${integer(most)} W`);
  if (figure.getAttribute('aria-label') !== label) figure.setAttribute('aria-label', label);
}
