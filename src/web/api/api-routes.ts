import type { FastifyInstance } from 'fastify';
import type { ApiParts } from './api-parts.ts';
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
}

/** What the page asks besides `/api/status`. */
export function addApi(app: FastifyInstance, options: ApiOptions, parts: ApiParts): void {
  addLiveRoutes(app, options, parts);
}
