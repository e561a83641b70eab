import type { FastifyInstance } from 'fastify';
import type { Text } from '../../kernel/language.ts';
import { badQuery, languageOf, sendJson } from './api-parts.ts';
import type { ApiParts } from './api-parts.ts';
import { refusedChange } from './change-check.ts';

/** What a visitor of the demo may break. */
export interface DemoControls {
  readonly faults: readonly { readonly name: string; readonly text: Text }[];
  /** Lets it go wrong now. @param name of one of `faults` */
  cause(name: string): void;
}

/** The list of what can be broken, and the button that does. Anywhere else there are no such routes. */
export function addDemoRoutes(app: FastifyInstance, demo: DemoControls, parts: ApiParts): void {
  const { guard, sentence, language } = parts;
  const { faults } = demo;
  const names = faults.map(({ name }) => name);
  app.get('/api/demo/faults', { preHandler: guard }, async (request, reply) => {
    const reader = languageOf(request) ?? language;
    return sendJson(reply, parts, { faults: faults.map(({ name, text }) => ({ name, text: text[reader] })) });
  });
  app.post('/api/demo/fault', { preHandler: guard }, async (request, reply) => {
    const refused = refusedChange(request.headers);
    if (refused) return sentence(reply, refused.status, refused.text);
    const { fault } = (request.body ?? {}) as { readonly fault?: unknown };
    const name = names.find((one) => one === fault);
    if (name === undefined)
      return badQuery(request, reply, parts, {
        en: `fault: one of ${names.join(', ')}`,
        ja: `fault には ${names.join('、')} のいずれかを指定してください`,
      });
    demo.cause(name);
    return sendJson(reply.code(202), parts, { fault: name });
  });
}
