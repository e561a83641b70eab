import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { HostPort } from '../kernel/host-port.ts';
import type { Language } from '../kernel/language.ts';
import { plainText } from '../kernel/plain-text.ts';
import { languageOfRequest, SECURITY_HEADERS } from './access.ts';
import type { Query } from './access.ts';
import { createHttp, listenHttp } from './http-server.ts';
import type { Listening } from './http-server.ts';
import { createSetupAccess } from './setup-access.ts';
import type { SetupAccess, SetupAccessOptions, SetupRequest } from './setup-access.ts';
import { readSetupAssets, setupCodePage, setupPage } from './setup-page.ts';

/** What the page's script sends: a flat object of short values. */
export type SetupBody = Readonly<Record<string, unknown>>;

/** What set-up does; each answer is JSON. */
export type SetupActions = Readonly<Record<string, (body: SetupBody, language: Language) => Promise<object>>>;

export interface SetupServerOptions extends SetupAccessOptions {
  readonly listen: HostPort;
  readonly language: Language;
  readonly actions: SetupActions;
  /** A defect in an action: the page is told that the log knows. */
  readonly onDefect: (error: unknown) => void;
}

const BODY_LIMIT_BYTES = 8192;
/** A visit to a broker takes its time. */
const ANSWER_MS = 60_000;
const HTML = 'text/html; charset=utf-8';
const TEXT = 'text/plain; charset=utf-8';

/** The page of set-up and nothing else; ends when the service begins. @throws BridgeError HTTP_LISTEN_FAILED */
export async function startSetupWeb(options: SetupServerOptions): Promise<Listening> {
  const [app, assets] = await Promise.all([
    createHttp({ bodyBytes: BODY_LIMIT_BYTES, answerMs: ANSWER_MS }),
    readSetupAssets(),
  ]);
  const access = createSetupAccess(options);
  addGate(app, access, options);
  app.get('/', async (request, reply) => {
    const cookie = access.cookie(asked(request));
    if (cookie !== undefined) reply.header('set-cookie', cookie);
    return reply.type(HTML).send(setupPage(languageFor(request, options.language)));
  });
  for (const [path, { type, body }] of assets) app.get(path, async (_request, reply) => reply.type(type).send(body));
  addActions(app, options);
  app.get('/livez', async (_request, reply) => reply.type(TEXT).send('ok\n'));
  app.get('/healthz', async (_request, reply) => reply.code(503).type(TEXT).send('set-up: no configuration yet\n'));
  app.setNotFoundHandler(async (_request, reply) =>
    reply.code(404).type(TEXT).send('There is only the set-up page, at /.\n'),
  );
  return await listenHttp(app, options.listen, options.clock);
}

const asked = ({ ip, method, headers, query }: FastifyRequest): SetupRequest => ({
  ip,
  method,
  headers,
  query: query as Query,
});

const languageFor = ({ query, headers }: FastifyRequest, configured: Language): Language =>
  languageOfRequest(query as Query, headers['accept-language'], configured);

/** What is told and loaded by everybody: that we live, and how a page looks. */
const OPEN = new Set(['/livez', '/healthz', '/setup.css', '/favicon.svg']);

function addGate(app: FastifyInstance, access: SetupAccess, { language, onlyFrom }: SetupServerOptions): void {
  app.addHook('onRequest', async (request, reply): Promise<FastifyReply | undefined> => {
    reply.headers(SECURITY_HEADERS).header('cache-control', 'no-store');
    const [path = ''] = request.url.split('?');
    if (OPEN.has(path) && onlyFrom === undefined) return undefined;
    const refused = access.refuse(asked(request));
    if (!refused) return undefined;
    if (path === '/' && refused.status === 401)
      return reply
        .code(401)
        .type(HTML)
        .send(setupCodePage(languageFor(request, language)));
    return reply.code(refused.status).type(TEXT).send(`${refused.text}\n`);
  });
}

function addActions(app: FastifyInstance, { actions, language, onDefect }: SetupServerOptions): void {
  for (const [name, act] of Object.entries(actions))
    app.post(`/api/setup/${name}`, async (request, reply) => {
      const body = typeof request.body === 'object' && request.body !== null ? (request.body as SetupBody) : {};
      const answer = await act(body, languageFor(request, language));
      return reply.type('application/json; charset=utf-8').send(plainText(JSON.stringify(answer)));
    });
  app.setErrorHandler(async (error: { readonly statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) onDefect(error);
    const text = status < 500 ? 'This request could not be understood.' : 'Something went wrong; the log says what.';
    return reply.code(status).type(TEXT).send(`${text}\n`);
  });
}
