import type { FastifyInstance } from 'fastify';
import type { ApiParts } from './api-parts.ts';
import { addHistoryRoutes } from './history-routes.ts';
import type { HistoryRoutesOptions } from './history-routes.ts';
import { addLiveRoutes } from './live-routes.ts';
import type { LiveRoutesOptions } from './live-routes.ts';

/** What the demo lets its visitor do. */
export interface DemoControls {
  /** Lets something go wrong now. */
  inject(): void;
}

export interface ApiOptions extends LiveRoutesOptions {
  /** In the demo only. */
  readonly demo?: DemoControls;
  /** Where the past is. */
  readonly archiveOf?: HistoryRoutesOptions['archiveOf'];
  readonly prices?: HistoryRoutesOptions['prices'];
}

/** What the page asks besides `/api/status`. @returns the streams that are open */
export function addApi(app: FastifyInstance, options: ApiOptions, parts: ApiParts): ReturnType<typeof addLiveRoutes> {
  const streams = addLiveRoutes(app, options, parts);
  const { board, clock, archiveOf = () => undefined, prices } = options;
  addHistoryRoutes(app, { meters: board.meters, clock, archiveOf, prices }, parts);
  app.get('/api/openapi.json', { preHandler: parts.guard }, async (_request, reply) => {
    const { openApi } = await import('./openapi.ts'); // few ask
    return reply.send(openApi(board.version));
  });
  return streams;
}
