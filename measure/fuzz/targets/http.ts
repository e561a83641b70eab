import { METHODS as KNOWN_METHODS } from 'node:http';
import { connect } from 'node:net';
import { fastify } from 'fastify';
import { systemClock } from '../../../src/kernel/clock.ts';
import { readAssets } from '../../../src/web/page.ts';
import { addRoutes } from '../../../src/web/routes.ts';
import { bytesOfLatin1, latin1OfBytes } from '../../../src/kernel/bytes.ts';
import { logLines } from '../../../test/support/log-lines.ts';
import { WebRig } from '../../../test/support/web-rig.ts';
import { corpusOf, wordsOf } from '../material.ts';
import { chunksOf, Dice, mutated } from '../mutator.ts';
import type { Material } from '../mutator.ts';
import { must } from '../target.ts';
import type { Target } from '../target.ts';

const TOKEN = 'CANARYSECRET';
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'CONNECT', 'QUERY', 'get', 'PRI'];
const PATHS = [
  '/',
  '/healthz',
  '/livez',
  '/api/status',
  '/api/status?history=1',
  '/api/history?by=day&from=2026-01-01&to=2026-01-31',
  '/api/history?format=csv',
  '/api/power?span=1h',
  '/api/links',
  '/api/openapi.json',
  '/api/command',
  '/login',
  '/logout',
  '/?lang=ja',
  '/page.js',
  '/favicon.svg',
  '/nothing',
  '*',
  '//',
  '/%',
  '/%00',
  '/%2e%2e/',
  '/../x',
  '/?token=x&token=y',
  `/?token=${TOKEN}`,
  `/${'a'.repeat(300)}`,
  'http://evil.test/',
  '/api/status/../livez',
];
const HEADERS = [
  'Host: localhost',
  'Host: evil.test',
  'Host: [::1]:8080',
  'Host: 127.0.0.1',
  'Host:',
  `Authorization: Bearer ${TOKEN}`,
  'Authorization: Bearer x',
  'Authorization: Basic eA==',
  'Accept-Language: ja,en;q=0.5',
  'Accept-Language: *;q=x',
  'Content-Length: 5',
  'Content-Length: 99999999999999999999',
  'Content-Length: -1',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: chunked, chunked',
  'Expect: 100-continue',
  'Upgrade: websocket',
  'Connection: keep-alive, Upgrade',
  'Connection: close',
  'Content-Type: application/json',
  'Content-Type: x',
  'X: \u0000',
  'X: \u00ff',
  ' folded',
  'no colon',
  'Cookie: a=b',
  'Accept-Version: 1.x',
  `X: ${'y'.repeat(9000)}`,
];
const BODIES = ['', '', '', 'hello', '5\r\nhello\r\n0\r\n\r\n', 'ffffffffffffffff\r\n', '{"a":', 'x'.repeat(2000)];
const material: Material = {
  seeds: [
    ...corpusOf('http'),
    ...wordsOf(
      'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
      `GET /api/status HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`,
      'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    ),
  ],
  words: wordsOf(
    '\r\n',
    '\n',
    '\r',
    ' ',
    ':',
    '\0',
    'HTTP/1.0',
    'HTTP/2.0',
    'HTTP/1.1',
    ...METHODS,
    ...PATHS,
    ...HEADERS.map((header) => `${header}\r\n`),
  ),
  most: 20_000,
};

function request(dice: Dice, end: string): string {
  const headers = Array.from({ length: dice.below(5) }, () => dice.pick(HEADERS));
  const host = dice.chance(0.8) ? ['Host: localhost'] : [];
  const version = dice.chance(0.9) ? 'HTTP/1.1' : dice.pick(['HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'X']);
  return [`${dice.pick(METHODS)} ${dice.pick(PATHS)} ${version}`, ...host, ...headers, '', dice.pick(BODIES)].join(end);
}

function make(seed: number): Uint8Array {
  const dice = new Dice(seed);
  if (dice.chance(0.4)) return mutated(dice, material);
  const count = dice.chance(0.8) ? 1 : 2 + dice.below(4);
  return bytesOfLatin1(Array.from({ length: count }, () => request(dice, dice.chance(0.95) ? '\r\n' : '\n')).join(''));
}

/** Neither a defect of ours (500) nor a code nobody knows. */
const STATUSES = new Set([
  100, 200, 202, 303, 400, 401, 403, 404, 405, 408, 413, 414, 415, 417, 421, 426, 429, 431, 501, 503, 505,
]);
const ANSWER_LIMIT_MS = 15_000;

/** Bytes to the real server, on a connection of their own. */
export const http: Target = {
  name: 'http',
  share: 1,
  concurrency: 16,
  async open() {
    const rig = await WebRig.start({ token: TOKEN });
    rig.redactor.add(TOKEN);
    rig.reading({ powerW: 500 });
    const { hostname, port } = new URL(rig.address);
    return {
      make,
      async check(input) {
        const answer = await exchange(Number(port), hostname, input);
        must(!answer.includes(TOKEN), 'the token was told');
        const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
        must(answer === '' || statuses.length > 0, 'an answer that is none');
        for (const status of statuses) must(STATUSES.has(status), () => `status ${status}`);
      },
      async end() {
        const { status } = await rig.get('/livez');
        must(status === 200, 'the server is not there any more');
      },
      [Symbol.asyncDispose]: () => rig.close(),
    };
  },
};

function exchange(port: number, host: string, input: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect({ port, host, noDelay: true });
    socket.setTimeout(ANSWER_LIMIT_MS, () => {
      socket.destroy();
      reject(new Error('the connection hangs'));
    });
    socket.on('data', (data: Buffer) => (answer += data.toString('latin1')));
    socket.on('error', () => undefined); // a reset: the server has had enough
    socket.once('close', () => resolve(answer));
    const pieces = input.length < 4000 ? chunksOf(input).slice(0, 40) : [input];
    for (const piece of pieces) socket.write(piece);
    socket.end();
  });
}

/** The same routes without a socket: more of them in less time. */
export const inject: Target = {
  name: 'inject',
  share: 2,
  async open() {
    const rig = await WebRig.start({ token: TOKEN });
    const { board, redactor } = rig;
    redactor.add(TOKEN);
    rig.reading({ powerW: 500 });
    const { log, lines } = logLines(redactor);
    const app = fastify({ bodyLimit: 1024 });
    addRoutes(app, await readAssets(), {
      listen: { host: '127.0.0.1' },
      clock: systemClock,
      token: TOKEN,
      language: 'ja',
      board,
      late: () => [],
      redactor,
      log,
    });
    await app.ready();
    return {
      make,
      async check(input) {
        const { method, url, headers, body } = parse(latin1OfBytes(input));
        if (!KNOWN_METHODS.includes(method) || !url.startsWith('/')) return;
        const address = `10.0.${input.length & 0xff}.${input[0] ?? 0}`; // guesses are counted by address
        const sent = await app
          .inject({ method: method as 'GET', url, headers, payload: body, remoteAddress: address })
          .then(
            (reply) => reply,
            (error: NodeJS.ErrnoException) => neverSent(error),
          );
        if (!sent) return;
        must(STATUSES.has(sent.statusCode), () => `status ${sent.statusCode} for ${method} ${url}`);
        must(!sent.body.includes(TOKEN), 'the token was told');
        must(
          sent.headers['x-content-type-options'] === 'nosniff' || sent.statusCode === 400,
          'without the headers of an answer',
        );
      },
      end: () => must(lines.length === 0, () => `${lines.length} lines in the log: ${JSON.stringify(lines[0])}`),
      async [Symbol.asyncDispose]() {
        await app.close();
        await rig.close();
      },
    };
  },
};

interface Parsed {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

function parse(text: string): Parsed {
  const [head = '', body = ''] = text.split('\r\n\r\n');
  const [first = '', ...fields] = head.split('\r\n');
  const [method = '', url = ''] = first.split(' ');
  const pairs = fields.map((field) => [field.split(':')[0] ?? '', field.slice(field.indexOf(':') + 1).trim()] as const);
  return { method, url, headers: Object.fromEntries(pairs.filter(([name]) => /^[\w-]+$/.test(name))), body };
}

/** What the injecting side itself takes for no request. */
function neverSent(error: NodeJS.ErrnoException): undefined {
  if (error.code?.startsWith('ERR_') === true || error instanceof URIError) return undefined;
  throw error;
}
