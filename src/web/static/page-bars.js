// Bars of energy: up what is bought, down what is sold, the running one hatched, a grey column where nothing is known.
import { Chart, axis, colours, common, faded, roomFor, roundSteps, roundUp } from './page-chart.js';
import { element } from './page-dom.js';
import { decimal } from './page-words.js';

function hatched(ctx, colour) {
  const size = Math.round(7 * devicePixelRatio);
  const tile = document.createElement('canvas');
  tile.width = size;
  tile.height = size;
  const pen = tile.getContext('2d');
  pen.fillStyle = faded(colour, 0.25);
  pen.fillRect(0, 0, size, size);
  pen.strokeStyle = colour;
  pen.lineWidth = size / 4;
  for (const shift of [-size, 0, size]) {
    pen.beginPath();
    pen.moveTo(shift - 1, size + 1);
    pen.lineTo(shift + size + 1, -1);
    pen.stroke();
  }
  return ctx.createPattern(tile, 'repeat');
}

const orNull = (value) => value ?? null;

/** A running half hour begins at nothing: below this its first watt-hours would fill the chart. */
const LEAST_KWH = 0.1;
/** As many as tell the marks apart. */
const digitsOf = ([first, second]) => Math.min(2, Math.max(0, Math.ceil(-Math.log10(second - first) - 1e-6)));

/** @param onPoint the slot under the pointer, or undefined; @param onRange the first and the last slot of a stretch */
export function createBars({ onPoint, onRange }) {
  const box = element('div', 'plot bars');
  box.setAttribute('role', 'img');
  let slots = [];
  let mark = () => undefined;
  let chosen;

  const rangeY = () => {
    const high = roundUp(Math.max(0, ...slots.map((slot) => slot.import ?? 0)));
    const low = roundUp(Math.max(0, ...slots.map((slot) => slot.export ?? 0)));
    return high + low === 0 ? [0, 1] : [-low, Math.max(high, LEAST_KWH - low)];
  };
  const bar = (uPlot, fill) => ({
    fill,
    width: 0,
    points: { show: false },
    paths: uPlot.paths.bars({ size: [0.78, 64], radius: 0.2 }),
  });
  const chart = new Chart(box, (uPlot) => ({
    ...common(),
    scales: { x: { time: false, range: () => [-0.6, slots.length - 0.4] }, y: { range: rangeY } },
    axes: [
      axis(28, {
        grid: { show: false },
        splits: (plot) => {
          const places = slots.map((_, i) => i).filter((i) => mark(i) !== undefined);
          return roomFor(plot, places, 7 * Math.max(0, ...places.map((i) => mark(i).length)) + 6);
        },
        values: (_plot, marks) => marks.map((i) => mark(i)),
      }),
      axis(58, {
        splits: (_plot, _axis, low, high) => roundSteps(low, high),
        values: (_plot, values) =>
          values.map(
            (value, i) =>
              `${decimal(Math.abs(value), value === 0 ? 0 : digitsOf(values))}${i === values.length - 1 ? ' kWh' : ''}`,
          ),
      }),
    ],
    series: [
      {},
      bar(uPlot, () => colours().using),
      bar(uPlot, () => colours().export),
      bar(uPlot, (plot) => hatched(plot.ctx, colours().using)),
      bar(uPlot, (plot) => hatched(plot.ctx, colours().export)),
    ],
    hooks: {
      drawClear: [drawGround],
      setCursor: [(plot) => onPoint(plot.cursor.left < 0 ? undefined : plot.cursor.idx)],
      ready: [listen],
    },
  }));

  /** Holes and the chosen stretch, below the bars. */
  function drawGround(plot) {
    const { ctx, bbox } = plot;
    const column = (from, to, colour) => {
      const left = plot.valToPos(from - 0.5, 'x', true);
      ctx.fillStyle = colour;
      ctx.fillRect(left, bbox.top, plot.valToPos(to + 0.5, 'x', true) - left, bbox.height);
    };
    const { edge, using } = colours();
    for (const [i, { hole }] of slots.entries()) if (hole) column(i, i, edge);
    if (chosen) column(...chosen, faded(using, 0.14));
  }

  /** By mouse, pen or finger; across, so that a finger still moves the page up and down. */
  function listen(plot) {
    let from;
    const slotAt = ({ clientX }) => {
      const at = Math.round(plot.posToVal(clientX - plot.over.getBoundingClientRect().left, 'x'));
      return Math.min(slots.length - 1, Math.max(0, at));
    };
    const choose = (event) => {
      const at = slotAt(event);
      onRange(Math.min(from, at), Math.max(from, at));
    };
    plot.over.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      from = slotAt(event);
      if (event.pointerType !== 'mouse') onPoint(from);
      plot.over.setPointerCapture(event.pointerId);
    });
    plot.over.addEventListener('pointermove', (event) => {
      if (from !== undefined && slotAt(event) !== from) choose(event);
    });
    for (const end of ['pointerup', 'pointercancel']) plot.over.addEventListener(end, () => (from = undefined));
  }

  function show(shown, marks, label) {
    const isOther = shown.length !== slots.length || marks !== mark;
    [slots, mark] = [shown, marks];
    if (box.getAttribute('aria-label') !== label) box.setAttribute('aria-label', label);
    const part = (wanted, key, sign) =>
      slots.map((slot) => (slot.running === wanted && slot[key] !== undefined ? sign * slot[key] : null)).map(orNull);
    const data = [
      slots.map((_, i) => i),
      part(false, 'import', 1),
      part(false, 'export', -1),
      part(true, 'import', 1),
      part(true, 'export', -1),
    ];
    if (isOther) chart.rebuild();
    void chart.show(data);
  }

  /** @param range of slots, or undefined for none */
  function choose(range) {
    chosen = range;
    chart.plot?.redraw(false);
  }

  return { box, show, choose };
}
