import type { Text } from '../kernel/language.ts';

/** How a measured thing is called, asked for and written. Whoever shows readings loops over `quantities`. */
interface QuantityRow {
  /** In JSON. Public: changing one is a major version. */
  readonly key: string;
  /** In a `Reading`. */
  readonly field: string;
  /** What is measured; Home Assistant's device classes, graphs and metrics go by it. */
  readonly family: 'power' | 'current' | 'energy';
  /** Which of its family: a phase or a direction. Absent where there is one only. */
  readonly part?: string;
  readonly unit: 'W' | 'A' | 'kWh';
  /** Absent: as many as the meter's unit of energy has. */
  readonly decimals?: number;
  /** A register counts up and is asked for less often. */
  readonly kind: 'instant' | 'register';
  /** The property it comes from: a meter whose Get map lacks it does not have it. */
  readonly epc: number;
  /** The Get map is not enough: the meter must have answered with data at least once. */
  readonly proof?: 'hasTPhase' | 'hasExport';
  readonly name: Text;
  /** Beside other values in one line. */
  readonly short: Text;
}

/** In the order in which they are written everywhere. */
const ROWS = [
  {
    key: 'power', // negative while exporting
    field: 'powerW',
    family: 'power',
    unit: 'W',
    decimals: 0,
    kind: 'instant',
    epc: 0xe7,
    name: { en: 'Power', ja: '瞬時電力' },
    short: { en: 'power', ja: '電力' },
  },
  {
    key: 'current_r', // negative while exporting
    field: 'currentRA',
    family: 'current',
    part: 'r',
    unit: 'A',
    decimals: 1,
    kind: 'instant',
    epc: 0xe8,
    name: { en: 'Current R phase', ja: '瞬時電流 R相' },
    short: { en: 'R', ja: 'R相' },
  },
  {
    key: 'current_t', // absent on single-phase two-wire
    field: 'currentTA',
    family: 'current',
    part: 't',
    unit: 'A',
    decimals: 1,
    kind: 'instant',
    epc: 0xe8,
    proof: 'hasTPhase',
    name: { en: 'Current T phase', ja: '瞬時電流 T相' },
    short: { en: 'T', ja: 'T相' },
  },
  {
    key: 'import', // cumulative, bought
    field: 'importKwh',
    family: 'energy',
    part: 'import',
    unit: 'kWh',
    kind: 'register',
    epc: 0xe0,
    name: { en: 'Energy import', ja: '積算電力量（買電）' },
    short: { en: 'import', ja: '買電' },
  },
  {
    key: 'export', // cumulative, sold
    field: 'exportKwh',
    family: 'energy',
    part: 'export',
    unit: 'kWh',
    kind: 'register',
    epc: 0xe3,
    proof: 'hasExport',
    name: { en: 'Energy export', ja: '積算電力量（売電）' },
    short: { en: 'export', ja: '売電' },
  },
] as const satisfies readonly QuantityRow[];

export type QuantityKey = (typeof ROWS)[number]['key'];
type MeasuredField = (typeof ROWS)[number]['field'];

export interface Quantity extends QuantityRow {
  readonly key: QuantityKey;
  readonly field: MeasuredField;
}

export const quantities: readonly Quantity[] = ROWS;
export const instants = quantities.filter(({ kind }) => kind === 'instant');
export const registers = quantities.filter(({ kind }) => kind === 'register');

/** Something of each quantity, by its public key; what is not known is absent: never null, never 0. */
export type ByQuantity<T> = { readonly [Key in QuantityKey]?: T };

/** The numbers of an answer; what it did not hold is absent. */
export type MeasuredValues = { readonly [Field in MeasuredField]?: number };

/** The numbers an answer holds. @param among in their order. */
export const measuredIn = (
  values: MeasuredValues,
  among = quantities,
): readonly (readonly [quantity: Quantity, value: number])[] =>
  among.flatMap((quantity) => {
    const value = values[quantity.field];
    return value === undefined ? [] : [[quantity, value] as const];
  });
