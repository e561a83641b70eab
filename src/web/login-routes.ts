import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { languageOfRequest, textOf } from './access.ts';
import type { AccessRefusal, Door, Query } from './access.ts';
import type { Language } from '../kernel/language.ts';
import { loginPage } from './login-page.ts';
import type { LoginProblem } from './login-page.ts';
import type { PageCookie } from './page-token.ts';

const HTML = 'text/html; charset=utf-8';

export interface LoginDeps {
  readonly door: Door;
  /** Undefined where no token is asked for. */
  readonly cookie: PageCookie | undefined;
  /** Where the browser prefers neither of ours. */
  readonly language: Language;
  /** What the login had opened ends. */
  readonly loggedOut: () => void;
}

/** What of a page's query outlives a login: never the words of a request, but ours where they were meant. */
function keptQuery(query: Query): string {
  const lang = textOf(query, 'lang');
  const kept = [...(lang === 'ja' || lang === 'en' ? [`lang=${lang}`] : []), ...('kiosk' in query ? ['kiosk'] : [])];
  return kept.length === 0 ? '' : `?${kept.join('&')}`;
}

/** The form, in the place of the page. */
export function sendLogin(
  request: FastifyRequest,
  reply: FastifyReply,
  configured: Language,
  { status, header }: AccessRefusal,
): FastifyReply {
  const query = request.query as Query;
  const language = languageOfRequest(query, request.headers['accept-language'], configured);
  const isTried = request.method === 'POST' || textOf(query, 'token') !== undefined;
  const problem: LoginProblem | undefined =
    status === 429 ? { waitS: Number(header[1]) } : isTried ? 'wrong' : undefined;
  const body = loginPage({ language, query: keptQuery(query), problem });
  return reply
    .code(status)
    .header(...header)
    .header('vary', 'accept-language')
    .type(HTML)
    .send(body);
}

/** Relative: where the page lies, behind whatever proxy, only the browser knows. */
const toPage = (reply: FastifyReply, query: string): FastifyReply => reply.redirect(`./${query}`, 303);

/** @returns undefined where the address holds no token; else the page's address goes on without it. */
export function withoutToken(
  request: FastifyRequest,
  reply: FastifyReply,
  cookie: PageCookie | undefined,
): FastifyReply | undefined {
  const { token, ...rest } = request.query as Query;
  if (token === undefined || cookie === undefined) return undefined;
  const given = Object.entries(rest).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  const query = new URLSearchParams(given).toString();
  return toPage(reply.header('set-cookie', cookie.keep(request.headers)), query && `?${query}`);
}

/** `POST login` with the token, `POST logout`. Both end at the page; whoever comes by a link is led there too. */
export function addLogin(app: FastifyInstance, { door, cookie, language, loggedOut }: LoginDeps): void {
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  );
  app.post('/login', async (request, reply) => {
    const { token = '' } = (request.body ?? {}) as Readonly<Record<string, string>>;
    const refused = door(request.ip, {}, { token: token.trim() });
    if (!refused) {
      if (cookie) reply.header('set-cookie', cookie.keep(request.headers));
      return toPage(reply, keptQuery(request.query as Query));
    }
    return sendLogin(request, reply, language, refused);
  });
  // Another site can send a form here too, but not the cookie with it: it logs nobody out.
  app.post('/logout', async (request, reply) => {
    if (cookie?.isGood(request.headers)) {
      reply.header('set-cookie', cookie.forget(request.headers));
      loggedOut();
    }
    return toPage(reply, keptQuery(request.query as Query));
  });
  for (const path of ['/login', '/logout'])
    app.get(path, async (request, reply) => toPage(reply, keptQuery(request.query as Query)));
}
