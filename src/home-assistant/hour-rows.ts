/** Home Assistant's long-term statistics have one row for each hour of UTC, which is one of Japan's too. */
export const HOUR_MS = 3_600_000;

/** What a statistic holds for an hour, in the unit of the statistic. */
export interface HourFigures {
  /** The register at the end of the hour. */
  readonly state: number;
  /** What has been counted since the statistic began, at the end of the hour. */
  readonly sum: number;
}

export interface HourRow extends HourFigures {
  /** Beginning of the hour, ms since 1970. */
  readonly startMs: number;
}

/** Steps of a register are 100 times larger, errors of binary fractions 100 times smaller: in kWh, Wh and MWh. */
const SAME = 1e-7;

export const isMore = (value: number, than: number): boolean => value - than > SAME * Math.max(1, Math.abs(than) / 1e4);
export const isSame = (one: number, other: number): boolean => !isMore(one, other) && !isMore(other, one);
export const areSame = (one: HourFigures, other: HourFigures): boolean =>
  isSame(one.state, other.state) && isSame(one.sum, other.sum);

/** Of what JSON brought. */
export const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** Without the noise of binary fractions. */
export const rounded = (value: number): number => Number(value.toFixed(9));

/** How many of the unit are a kWh. */
const PER_KWH: ReadonlyMap<string, number> = new Map([
  ['Wh', 1000],
  ['kWh', 1],
  ['MWh', 0.001],
]);

/** A register in the unit of a statistic; undefined: not a unit we convert to. */
export function inUnit(kwh: number, unit: string): number | undefined {
  const factor = PER_KWH.get(unit);
  return factor === undefined ? undefined : rounded(kwh * factor);
}
