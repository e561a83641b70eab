import type { Text } from '../kernel/language.ts';
import type { Prices } from '../model/price.ts';
import type { MeterProfile } from '../model/reading.ts';

/** What decides which entities a meter has and what they say. */
export interface EntityContext {
  readonly profile: MeterProfile | undefined;
  readonly contract: boolean;
  readonly expireAfterS: number;
  readonly energyDecimals: number;
  readonly prices?: Prices | undefined;
}

export type EntityOptions = Readonly<Record<string, unknown>>;

export interface Entity {
  readonly key: string;
  readonly platform: 'sensor' | 'binary_sensor' | 'button' | 'number';
  readonly name: Text;
  /** The topic it lives on: a state topic or its command topic. */
  readonly from: 'instant' | 'energy' | 'halfHour' | 'minute' | 'usage' | 'price' | 'link' | 'config' | 'command';
  /** Key in the state's JSON; the entity's own key when absent. */
  readonly field?: string;
  /** Attribute → key in the state's JSON. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** Key of the time since which a `total` counts. */
  readonly lastReset?: string;
  /** Stays usable while the meter is away: follows the bridge's availability alone. */
  readonly bridgeOnly?: boolean;
  /** Announced when this holds; absent: at once and always. */
  readonly when?: (context: EntityContext) => boolean;
  readonly options: EntityOptions | ((context: EntityContext) => EntityOptions);
}

/** A row of a table of entities; what all its rows have in common, it need not say. */
type EntityRow<Common> = Omit<Entity, keyof Common> & Partial<Entity>;

export const tableOf = <Common extends Partial<Entity>>(common: Common, rows: readonly EntityRow<Common>[]): Entity[] =>
  rows.map((row) => ({ ...common, ...row }) as unknown as Entity);

/** The property map decides: what the meter does not have is never announced. */
export const has =
  (epc: number) =>
  ({ profile }: EntityContext): boolean =>
    profile?.getMap.includes(epc) ?? false;
