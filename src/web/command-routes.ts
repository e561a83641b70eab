import type { FastifyInstance, FastifyReply } from 'fastify';
import { METER_COMMANDS } from '../model/status.ts';
import type { MeterCommand } from '../model/status.ts';
import type { DemoControls } from './api/api-routes.ts';
import { isForeign } from './request-origin.ts';

/**
 * Gives a meter a command. @returns whole seconds until it may be given again, 0 when it was taken; undefined where there
 * is no such meter.
 */
export type Order = (meter: string, command: MeterCommand) => number | undefined;

export interface CommandDeps {
  /** Undefined where nobody may command: everybody in the network can open the page. */
  readonly order: Order | undefined;
  readonly demo?: DemoControls | undefined;
  readonly sentence: (reply: FastifyReply, status: number, text: string) => FastifyReply;
}

const CLOSED = 'Commands need http.token, as everybody who reaches this address can open the page.';
const FOREIGN = 'Commands are for this page alone: another site asked.';
const WRONG = `Send {"meter": "…", "command": "…"} with the id of a meter and one of ${METER_COMMANDS.join(', ')}.`;
const NO_METER = 'There is no meter of that id: /api/status lists them.';

const isCommand = (text: unknown): text is MeterCommand => METER_COMMANDS.some((command) => command === text);

/** `POST api/command`: the same three as on MQTT, at the same pace. Nothing else can be changed over HTTP. */
export function addCommands(app: FastifyInstance, { order, demo, sentence }: CommandDeps): void {
  app.addContentTypeParser('application/json', { parseAs: 'string' }, app.getDefaultJsonParser('error', 'error'));
  app.post(
    '/api/command',
    {
      // before a body is looked at
      onRequest: async ({ headers }, reply) => {
        if (isForeign(headers)) return sentence(reply, 403, FOREIGN);
        return order ? undefined : sentence(reply, 403, CLOSED);
      },
    },
    async ({ body }, reply) => {
      const { meter, command } = (body ?? {}) as Readonly<Record<string, unknown>>;
      if (demo && command === 'break') {
        demo.inject();
        return reply.code(202).send({ command });
      }
      if (typeof meter !== 'string' || !isCommand(command)) return sentence(reply, 400, WRONG);
      const waitS = order?.(meter, command);
      if (waitS === undefined) return sentence(reply, 400, NO_METER);
      if (waitS === 0) return reply.code(202).send({ meter, command });
      return sentence(reply.header('retry-after', String(waitS)), 429, `Not so fast: again in ${waitS} s.`);
    },
  );
  app.get('/api/command', async (_request, reply) =>
    sentence(reply.header('allow', 'POST'), 405, `Only POST: ${WRONG}`),
  );
}
