import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../kernel/clock.ts';
import type { Text } from '../../kernel/language.ts';
import type { Log } from '../../kernel/log.ts';
import { textOf } from '../access.ts';
import type { Query } from '../access.ts';
import type { StatusBoard } from '../status-board.ts';
import { badQuery, languageOf, meterOf, noSuchMeter, sendJson } from './api-parts.ts';
import type { ApiParts } from './api-parts.ts';
import { EventStreams } from './event-streams.ts';
import { POWER_SPANS } from './power-steps.ts';

const RETRY_S = 10;
const FULL: Text = {
  en: 'Too many pages are open at once. Close one of them.',
  ja: '同時に開いているページが多すぎます。どれかを閉じてください。',
};
const SPANS: Text = {
  en: `span: one of ${POWER_SPANS.join(', ')}`,
  ja: `span には ${POWER_SPANS.join('、')} のいずれかを指定してください`,
};

export interface LiveRoutesOptions {
  readonly board: StatusBoard;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * What is told while it happens: the status as a stream, the power and the link's events of the last day.
 * @returns the streams
 */
export function addLiveRoutes(
  app: FastifyInstance,
  { board, clock, log }: LiveRoutesOptions,
  parts: ApiParts,
): Pick<EventStreams, 'loggedOut'> {
  const { guard, isLogin, sentence, redact, language } = parts;
  const streams = new EventStreams({ board, clock, log, redactor: { redact } });
  app.addHook('preClose', () => streams.close());

  app.get('/api/events', { preHandler: guard }, async (request, reply) => {
    reply.type('text/event-stream; charset=utf-8').header('x-accel-buffering', 'no');
    if (request.method === 'HEAD') return reply.send();
    const asked = languageOf(request);
    if (streams.isFull) return sentence(reply.header('retry-after', RETRY_S), 503, FULL[asked ?? language]);
    const headers = Object.entries(reply.getHeaders());
    const { raw } = reply.hijack(); // from here on the answer is ours, headers and all
    for (const [name, value] of headers) if (value !== undefined) raw.setHeader(name, value);
    streams.open(raw, { language: asked, isLogin: isLogin(request) });
    return reply;
  });

  app.get('/api/links', { preHandler: guard }, async (request, reply) => {
    const meter = meterOf(request, board.meters);
    const events = meter === undefined ? undefined : board.links(meter, languageOf(request) ?? language);
    if (!events) return badQuery(request, reply, parts, noSuchMeter(board.meters));
    return sendJson(reply, parts, { meter, events });
  });

  app.get('/api/power', { preHandler: guard }, async (request, reply) => {
    const span = textOf(request.query as Query, 'span') ?? '10m';
    const known = POWER_SPANS.find((one) => one === span);
    if (!known) return badQuery(request, reply, parts, SPANS);
    const meter = meterOf(request, board.meters);
    const power = meter === undefined ? undefined : board.power(meter, known);
    if (!power) return badQuery(request, reply, parts, noSuchMeter(board.meters));
    return sendJson(reply, parts, { meter, ...power });
  });
  return streams;
}
