import * as z from 'zod';
import { dayPrices } from '../model/price.ts';
import type { Prices } from '../model/price.ts';
import { formed, key } from './key-info.ts';

export const FROM = /^([01]?\d|2[0-3]):[03]0$/;
export const TO = /^(([01]?\d|2[0-3]):[03]0|24:00)$/;
const yenPerKwh = () => z.number().min(0).max(1000);

const hoursSchema = z.strictObject({
  from: key(
    formed(FROM, 'must be a full or half hour such as "07:00"', '"07:00" のように30分単位の時刻を指定してください'),
    'From this time of day on (Japan), in quotes',
    '開始時刻（引用符で囲む）',
    { pattern: FROM.source },
  ),
  to: key(
    formed(TO, 'must be a full or half hour such as "23:00"', '"23:00" のように30分単位の時刻を指定してください'),
    'Up to this time of day; the next day’s where it is not later than from',
    '終了時刻（開始時刻以前なら翌日）',
    { pattern: TO.source },
  ),
  yen_per_kwh: key(yenPerKwh(), 'Yen per kWh in these hours', 'この時間帯の単価（円/kWh）'),
});

const hours = () => z.array(hoursSchema).min(1).max(48).exactOptional();

export const pricesSchema = z.strictObject({
  buy: key(
    yenPerKwh().exactOptional(),
    'Yen per kWh bought, outside of buy_hours',
    '買電の単価（円/kWh）。buy_hours 以外の時間帯',
  ),
  buy_hours: key(hours(), 'Yen per kWh bought, by hours of the day', '買電の時間帯別の単価'),
  sell: key(
    yenPerKwh().exactOptional(),
    'Yen per kWh sold, outside of sell_hours',
    '売電の単価（円/kWh）。sell_hours 以外の時間帯',
  ),
  sell_hours: key(hours(), 'Yen per kWh sold, by hours of the day', '売電の時間帯別の単価'),
});

type Parsed = z.output<typeof pricesSchema>;

/** What was checked, a price for each half hour. */
export function pricesOf({ buy, buy_hours, sell, sell_hours }: Parsed): Prices {
  const table = (flat: number | undefined, rows: Parsed['buy_hours']) =>
    dayPrices(
      flat,
      rows?.map(({ from, to, yen_per_kwh: price }) => ({ from, to, yenPerKwh: price })),
    );
  const [bought, sold] = [table(buy, buy_hours), table(sell, sell_hours)];
  return { ...(bought && { buy: bought }), ...(sold && { sell: sold }) };
}
