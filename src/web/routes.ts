import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../kernel/clock.ts';
import { isLanguage } from '../kernel/language.ts';
import type { Language } from '../kernel/language.ts';
import type { Log } from '../kernel/log.ts';
import type { Redactor } from '../kernel/redactor.ts';
import { createDoor, createHostCheck, isOpenToAll, languageOfRequest, SECURITY_HEADERS, textOf } from './access.ts';
import type { AccessRefusal, Door, Query } from './access.ts';
import type { Guard, Sentence } from './api/api-parts.ts';
import { addApi } from './api/api-routes.ts';
import type { ApiOptions } from './api/api-routes.ts';
import { addCommands } from './command-routes.ts';
import type { Order } from './command-routes.ts';
import { addLogin, sendLogin, withoutToken } from './login-routes.ts';
import { createPageCookie } from './page-token.ts';
import type { PageCookie } from './page-token.ts';
import type { Metrics } from './metrics.ts';
import { CHALLENGE, createProof, PROOF } from './token-proof.ts';
import { statusPage } from './page.ts';
import type { Asset } from './page.ts';
import type { StatusBoard } from './status-board.ts';
import { redactedJson } from './status-snapshot.ts';

export interface RouteOptions extends ApiOptions {
  readonly listen: { readonly host: string };
  /** Names besides local ones that are ours (`http.hosts`). */
  readonly hosts?: readonly string[];
  readonly clock: Clock;
  /** Asked of page, API and `/metrics`, which all tell the readings; `/healthz` and `/livez` stay open for whoever watches over us. */
  readonly token?: string;
  /** Where the browser prefers neither of ours. */
  readonly language: Language;
  readonly board: StatusBoard;
  readonly metrics?: Pick<Metrics, 'text' | 'contentType'>;
  /** Gives a meter one of its three commands; none where the page commands nothing. */
  readonly order?: Order;
  /** Neither page nor API: `/metrics` and the probes alone. */
  readonly metricsOnly?: boolean;
  /** The one address that is answered: what stands there has seen to the login, and hands on whatever name was asked for. */
  readonly onlyFrom?: string;
  /** Who has stopped working though it should: a meter's supervisor, a sink's loop. */
  readonly late: () => readonly string[];
  readonly redactor: Redactor;
  readonly log: Log;
}

const WRONG_HOST =
  'This name is not one of mine: use the IP address, or add the name to http.hosts. With http.token every name is good.';
const NOT_YOU = 'This page is opened in Home Assistant: nobody else is answered here.';
const NO_SUCH_PAGE = 'There is nothing here. The status page is at /, its data at /api/status.';
const ONLY_METRICS = 'There is nothing here. The metrics are at /metrics.';
const READ_ONLY = 'Only GET and HEAD here: all that can be sent are three commands, to /api/command.';
const HTML = 'text/html; charset=utf-8';

type Refuse = (request: FastifyRequest) => AccessRefusal | undefined;
interface Access {
  readonly refusal: Refuse;
  readonly guard: Guard;
  readonly cookie: PageCookie | undefined;
}

/** The page, what it loads, its data, three commands, the metrics and two probes. */
export function addRoutes(app: FastifyInstance, assets: readonly Asset[], options: RouteOptions): void {
  const { redactor, log, metrics, metricsOnly = false, onlyFrom } = options;
  // The three numbers a drop-in shows were always open to every name; its scrapers go on.
  const isForUs =
    metricsOnly || onlyFrom !== undefined
      ? () => true
      : createHostCheck({
          listenHost: options.listen.host,
          hosts: options.hosts ?? [],
          hasToken: options.token !== undefined,
        });
  const prove = createProof(options.token);
  const door = createDoor(options.token, options.clock);
  const cookie = options.token === undefined ? undefined : createPageCookie(options.token);
  const refusal: Refuse = ({ ip, headers, query }) => door(ip, headers, query as Query);
  const sentence: Sentence = (reply, status, text) =>
    reply
      .code(status)
      .type('text/plain; charset=utf-8')
      .send(`${redactor.redact(text)}\n`);

  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS).header('cache-control', 'no-store');
    const proof = prove(request.headers[CHALLENGE], request.socket);
    if (proof !== undefined) reply.header(PROOF, proof);
    if (onlyFrom !== undefined && request.socket.remoteAddress !== onlyFrom) return sentence(reply, 403, NOT_YOU);
    if (!isForUs(request.headers.host)) return sentence(reply, 421, WRONG_HOST);
    if (request.method === 'GET' || request.method === 'HEAD' || !request.is404) return undefined; // a route of its own
    return sentence(reply.header('allow', 'GET, HEAD'), 405, READ_ONLY);
  });

  addProbes(app, options, sentence);
  const guard: Guard = async (request, reply) => {
    const refused = refusal(request);
    return refused && sentence(reply.header(...refused.header), refused.status, refused.text);
  };
  if (metrics)
    app.get('/metrics', { preHandler: guard }, async (_request, reply) =>
      reply.type(metrics.contentType).send(await metrics.text()),
    );
  if (!metricsOnly) {
    app.removeAllContentTypeParsers(); // each that is sent has its own, nobody else's
    addPages(app, assets, options, { refusal, guard, cookie });
    const isLogin = ({ headers }: FastifyRequest): boolean => cookie?.isGood(headers) === true;
    const redact = (text: string): string => redactor.redact(text);
    const streams = addApi(app, options, { guard, isLogin, sentence, redact, language: options.language });
    addSent(app, options, { door, cookie, guard, sentence, loggedOut: () => streams.loggedOut() });
  }

  app.setNotFoundHandler(async (_request, reply) => sentence(reply, 404, metricsOnly ? ONLY_METRICS : NO_SUCH_PAGE));
  app.setErrorHandler(async (error: { readonly statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 400 && status < 500) return sentence(reply, status, 'This request could not be understood.');
    log.error({ err: error, route: request.routeOptions.url }, 'HTTP request failed');
    return sentence(reply, 500, 'Something went wrong in broute2mqtt; its log says what.');
  });
}

/** The little that may be sent: a login, and commands where not everybody in the network could give them. */
function addSent(
  app: FastifyInstance,
  { onlyFrom, order, demo, language, ...options }: RouteOptions,
  {
    door,
    cookie,
    guard,
    sentence,
    loggedOut,
  }: Pick<Access, 'cookie' | 'guard'> & {
    readonly door: Door;
    readonly sentence: Sentence;
    readonly loggedOut: () => void;
  },
): void {
  void app.register(async (login) => addLogin(login, { door, cookie, language, loggedOut }));
  const mayOrder = onlyFrom !== undefined || !isOpenToAll(options);
  void app.register(async (commands) => {
    commands.addHook('onRequest', guard);
    addCommands(commands, { order: mayOrder ? order : undefined, demo, sentence });
  });
}

function addProbes(app: FastifyInstance, { board, late }: RouteOptions, sentence: Sentence): void {
  app.get('/healthz', async (_request, reply) => {
    const problems = board.problems();
    return problems.length === 0
      ? sentence(reply, 200, ['ok', ...board.notes()].join('\n'))
      : sentence(reply, 503, problems.join('\n'));
  });
  app.get('/livez', async (_request, reply) => {
    const names = late();
    return names.length === 0 ? sentence(reply, 200, 'ok') : sentence(reply, 503, names.join('\n'));
  });
}

function addPages(
  app: FastifyInstance,
  assets: readonly Asset[],
  { board, redactor, language: configured }: RouteOptions,
  { refusal, guard, cookie }: Access,
): void {
  // Page and assets are constants of our own: nothing in them to hide, and a password like `page` must not break them.
  const constant = (reply: FastifyReply, type: string, body: string | Buffer): FastifyReply =>
    reply.type(type).send(body);
  app.get('/api/status', { preHandler: guard }, async (request, reply) => {
    const query = request.query as Query;
    const lang = textOf(query, 'lang');
    const status = board.snapshot({
      language: isLanguage(lang) ? lang : undefined,
      both: textOf(query, 'both') === '1',
      history: textOf(query, 'history') === '1',
    });
    const body = redactedJson(status, (text) => redactor.redact(text));
    return reply.type('application/json; charset=utf-8').send(body);
  });
  app.get('/', async (request, reply) => {
    const refused = refusal(request);
    if (refused) return sendLogin(request, reply, configured, refused);
    const moved = withoutToken(request, reply, cookie);
    if (moved) return moved;
    if (cookie?.isGood(request.headers)) reply.header('set-cookie', cookie.keep(request.headers));
    const language = languageOfRequest(request.query as Query, request.headers['accept-language'], configured);
    return constant(reply.header('vary', 'accept-language'), HTML, statusPage(language));
  });
  for (const { path, type, body } of assets)
    app.get(path, async (_request, reply) => constant(reply.header('cache-control', 'no-cache'), type, body));
}
