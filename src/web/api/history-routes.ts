import type { FastifyInstance } from 'fastify';
import { consumptionCsv } from '../../archive/consumption-csv.ts';
import { readConsumption } from '../../archive/consumption.ts';
import type { ArchivedEnergy, Consumption } from '../../archive/consumption.ts';
import { isoJst } from '../../kernel/clock.ts';
import type { Clock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { Text } from '../../kernel/language.ts';
import { yen } from '../../model/price.ts';
import type { Prices } from '../../model/price.ts';
import type { Query } from '../access.ts';
import { known } from '../status-snapshot.ts';
import { badQuery, languageOf, meterOf, noSuchMeter, sendJson } from './api-parts.ts';
import type { ApiParts } from './api-parts.ts';
import { historyQuery } from './history-query.ts';
import type { HistoryQuery } from './history-query.ts';

/** One period of `/api/history`. What is not known is absent: never null, never 0. */
export interface PeriodAnswer {
  readonly start: string;
  readonly end: string;
  /** kWh bought and sold, of that part of the period that is known. */
  readonly import?: number;
  readonly export?: number;
  /** Yen for what was bought, and yen got for what was sold: estimates. */
  readonly cost?: number;
  readonly income?: number;
  /** Half hours of it of which nothing is known. */
  readonly missing: number;
}

export interface HistoryRoutesOptions {
  readonly meters: readonly string[];
  readonly clock: Clock;
  /** Undefined until the meter has been opened. */
  readonly archiveOf: (meter: string) => ArchivedEnergy | undefined;
  readonly prices?: Prices | undefined;
}

const RETRY_S = 2;
const STARTING: Text = {
  en: 'The bridge is just starting: ask again in a moment.',
  ja: '起動中です。少し待ってから再度お試しください。',
};
const dayOf = (ms: number): string => isoJst(ms).slice(0, 10);
const fileName = (meter: string, { by, fromMs, toMs }: HistoryQuery): string =>
  `${meter}-${by}-${dayOf(fromMs)}-${dayOf(toMs - 1)}.csv`;

const periodAnswer = ({ startMs, endMs, boughtKwh, soldKwh, costYen, incomeYen, missing }: Consumption): PeriodAnswer =>
  known<PeriodAnswer>({
    start: isoJst(startMs),
    end: isoJst(endMs),
    import: boughtKwh,
    export: soldKwh,
    cost: yen(costYen),
    income: yen(incomeYen),
    missing,
  });

/** The energy of the past, by half hour, day or month: for the page's bars, and as a file. */
export function addHistoryRoutes(app: FastifyInstance, options: HistoryRoutesOptions, parts: ApiParts): void {
  const { meters, clock, archiveOf, prices } = options;
  const { guard, sentence, language } = parts;
  app.get('/api/history', { preHandler: guard }, async (request, reply) => {
    const meter = meterOf(request, meters);
    if (meter === undefined) return badQuery(request, reply, parts, noSuchMeter(meters));
    const asked = historyQuery(request.query as Query, clock.now());
    if ('refused' in asked) return badQuery(request, reply, parts, asked.refused);
    const { by, fromMs, toMs, format } = asked;
    const reader = languageOf(request) ?? language;
    const archive = archiveOf(meter);
    if (!archive) return sentence(reply.header('retry-after', RETRY_S), 503, STARTING[reader]);
    let periods: readonly Consumption[];
    try {
      periods = await readConsumption(archive, by, fromMs, toMs, prices);
    } catch (error) {
      if (!(error instanceof BridgeError)) throw error;
      return sentence(reply, 503, `${error.text(reader)} ${error.hint(reader)}`);
    }
    if (format === 'csv')
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="${fileName(meter, asked)}"`)
        .send(consumptionCsv([{ meter, periods }], by, prices));
    const { oldestMs } = archive;
    return sendJson(reply, parts, {
      meter,
      by,
      from: dayOf(fromMs),
      to: dayOf(toMs - 1),
      ...(oldestMs === undefined ? {} : { oldest: dayOf(oldestMs) }),
      periods: periods.map(periodAnswer),
    });
  });
}
