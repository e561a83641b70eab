import type { FastifyInstance } from 'fastify';
import type { ApiParts } from './api-parts.ts';
import { addDemoRoutes } from './demo-routes.ts';
import type { DemoControls } from './demo-routes.ts';
import { addLiveRoutes } from './live-routes.ts';
import type { LiveRoutesOptions } from './live-routes.ts';

export interface ApiOptions extends LiveRoutesOptions {
  /** In the demo only. */
  readonly demo?: DemoControls;
}

/** What the page asks besides `/api/status`. */
export function addApi(app: FastifyInstance, options: ApiOptions, parts: ApiParts): void {
  addLiveRoutes(app, options, parts);
  if (options.demo) addDemoRoutes(app, options.demo, parts);
}
