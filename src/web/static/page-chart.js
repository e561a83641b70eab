// What both charts share: the library, the page's colours, and a canvas that follows its box.
const library = import('./uplot.js');

/** The chart's colours are the page's, which change with the scheme. */
export function colours() {
  const style = getComputedStyle(document.body);
  const of = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    using: of('using'),
    export: of('export'),
    soft: of('soft'),
    edge: of('edge'),
    ink: of('ink'),
    card: of('card'),
  };
}

/** `#0b5c9c` with an alpha of 0–1. */
export const faded = (colour, alpha) =>
  `${colour}${Math.round(alpha * 255)
    .toString(16)
    .padStart(2, '0')}`;

/** 12 px, and more where the page's letters are larger; what an axis takes of its chart grows with it. */
export const axisScale = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
const axisFont = () =>
  `${12 * axisScale()}px system-ui, "Hiragino Sans", "Noto Sans JP", "Noto Sans CJK JP", sans-serif`;

/** Options that both charts begin with. */
export const common = () => ({
  legend: { show: false },
  cursor: { y: false, drag: { setScale: false, x: false, y: false }, points: { show: false } },
  padding: [10, 20, 0, 0],
});

/** @param size of the letters' 12 px */
export const axis = (size, more) => {
  const { soft, edge } = colours();
  return {
    font: axisFont(),
    size: size * axisScale(),
    stroke: soft,
    grid: { stroke: faded(edge, 0.7), width: 1 },
    ticks: { show: false },
    ...more,
  };
};

/** Of the places of an axis's words as many as have room side by side, from the first on. @param width of the widest, px */
export function roomFor(plot, places, width) {
  const [first, second] = places;
  if (second === undefined) return places;
  const apart = plot.valToPos(second, 'x') - plot.valToPos(first, 'x');
  const every = Math.max(1, Math.ceil((width * axisScale()) / apart));
  return places.filter((_, i) => i % every === 0);
}

/** Rounds up to a round number, so that the scale stays while values move a little. */
export function roundUp(value) {
  if (value <= 0) return 0;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((step) => step * power).find((scale) => scale >= value * 0.9999) ?? value;
}

/** Three to six round numbers from `low` to `high`, 0 among them. */
export function roundSteps(low, high) {
  const raw = (high - low) / 5 || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((times) => times * power).find((size) => size >= raw * 0.9999);
  const values = [];
  for (let at = Math.ceil(low / step - 1e-9) * step; at <= high + step * 1e-6; at += step)
    values.push(Number(at.toFixed(6)));
  return values;
}

/** A chart in `box`: `optionsOf(size)` anew with each scheme and width, `show(data)` whenever there is something to draw. */
export class Chart {
  #box;
  #optionsOf;
  #plot;
  #data;

  constructor(box, optionsOf) {
    this.#box = box;
    this.#optionsOf = optionsOf;
    new ResizeObserver(() => this.#fit()).observe(box);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.rebuild());
  }

  get plot() {
    return this.#plot;
  }

  async show(data) {
    this.#data = data;
    const { uPlot } = await library;
    if (this.#data !== data) return;
    if (this.#plot) this.#plot.setData(data);
    else this.#build(uPlot);
  }

  /** With other options, or in other colours. */
  rebuild() {
    this.#plot?.destroy();
    this.#plot = undefined;
    if (this.#data) void this.show([...this.#data]);
  }

  #build(uPlot) {
    const { clientWidth: width, clientHeight: height } = this.#box;
    if (width === 0 || height === 0) return;
    this.#plot = new uPlot({ ...this.#optionsOf(uPlot), width, height }, this.#data, this.#box);
  }

  #fit() {
    const { clientWidth: width, clientHeight: height } = this.#box;
    if (width === 0 || height === 0) return;
    if (!this.#plot) return void (this.#data && this.show([...this.#data]));
    if (this.#plot.width !== width || this.#plot.height !== height) this.#plot.setSize({ width, height });
  }
}
