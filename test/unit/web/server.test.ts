import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { BridgeError } from '../../../src/kernel/errors.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import { startWeb } from '../../../src/web/server.ts';
import { eventually } from '../../support/eventually.ts';
import { logLines } from '../../support/log-lines.ts';
import { WebRig } from '../../support/web-rig.ts';

const TOKEN = 'kagi-no-kotoba';
const assets = [
  ['/login.js', 'text/javascript'],
  ['/page.js', 'text/javascript'],
  ['/page-now.js', 'text/javascript'],
  ['/page-chart.js', 'text/javascript'],
  ['/page-words.js', 'text/javascript'],
  ['/page-quantities.js', 'text/javascript'],
  ['/uplot.js', 'text/javascript'],
  ['/uplot.css', 'text/css'],
  ['/page.css', 'text/css'],
  ['/page-now.css', 'text/css'],
  ['/page-chart.css', 'text/css'],
  ['/favicon.svg', 'image/svg+xml'],
  ['/icon-192.png', 'image/png'],
  ['/page.webmanifest', 'application/manifest+json'],
] as const;

async function listenOn(rig: WebRig, host: string, port: number): ReturnType<typeof startWeb> {
  const { board, redactor } = rig;
  const { log } = logLines();
  return startWeb({
    listen: { host, port },
    language: 'en',
    board,
    late: () => [],
    redactor,
    log,
    clock: systemClock,
  });
}

/** What the server writes to a client that sends these bytes, until it closes. */
async function raw(rig: WebRig, bytes: string): Promise<{ readonly socket: Socket; readonly text: () => string }> {
  const { hostname, port } = new URL(rig.address);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.on('data', (data: Buffer) => (text += data.toString('latin1'))).on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(bytes);
  return { socket, text: () => text };
}

describe('probes', () => {
  test('/healthz says ok while every meter is fresh, and else why not, one line for each', async () => {
    const meters = [
      { id: 'home', name: 'Home' },
      { id: 'shop', name: 'Shop' },
    ];
    await using rig = await WebRig.start({ meters });
    rig.status({ phase: 'scanning' }, 'shop');
    rig.reading({ powerW: 1 });
    const cold = await rig.get('/healthz');
    expect([cold.status, await cold.text()]).toEqual([503, 'shop: no reading yet (scanning)\n']);
    rig.reading({ powerW: 2 }, 'shop');
    const good = await rig.get('/healthz');
    expect([good.status, await good.text()]).toEqual([200, 'ok\n']);
    await rig.clock.advance(36_000);
    const stale = await rig.get('/healthz');
    expect(stale.status).toBe(503);
    expect((await stale.text()).trim().split('\n')).toHaveLength(2);
  });

  test('/livez asks only whether all go on, and names who does not', async () => {
    await using rig = await WebRig.start();
    expect((await rig.get('/livez')).status).toBe(200);
    rig.late = ['meter home: no progress, overdue for 3 s'];
    const stuck = await rig.get('/livez');
    expect([stuck.status, await stuck.text()]).toEqual([503, 'meter home: no progress, overdue for 3 s\n']);
  });
});

describe('/api/status', () => {
  test('is the snapshot, in the language asked for, with history only on request', async () => {
    await using rig = await WebRig.start({ language: 'ja' });
    rig.reading({ powerW: -850 });
    rig.status({ phase: 'waiting', error: new BridgeError('JOIN_REFUSED', 'EVENT 24') });
    expect(await rig.json('/api/status')).toEqual(JSON.parse(JSON.stringify(rig.board.snapshot())));
    const english = await rig.json('/api/status?lang=en&history=1');
    expect(english).toEqual(JSON.parse(JSON.stringify(rig.board.snapshot({ language: 'en', history: true }))));
    expect(english.meters[0]?.error?.hint).toMatch(/^The meter refused/);
  });

  test('marks a stale value', async () => {
    await using rig = await WebRig.start();
    rig.reading({ powerW: 1234 });
    await rig.clock.advance(36_000);
    const [home] = (await rig.json('/api/status')).meters;
    expect(home).toMatchObject({ fresh: false, reading: { power: { value: 1234, stale: true } } });
  });

  test('tells no secret and stays JSON even where a secret is a number on show', async () => {
    await using rig = await WebRig.start();
    for (const secret of ['0123456789ABCDEF0123456789ABCDEF', '1234']) rig.redactor.add(secret);
    rig.reading({ powerW: 1234 });
    rig.broker = { ok: false, detail: 'refused login 1234' };
    const message = 'SKSETRBID 0123456789ABCDEF0123456789ABCDEF: FAIL ER06';
    rig.status({ error: new BridgeError('COMMAND_REFUSED', message) });
    const text = await (await rig.get('/api/status')).text();
    expect(text).not.toContain('0123456789ABCDEF');
    expect((JSON.parse(text) as Awaited<ReturnType<WebRig['json']>>).meters[0]).toMatchObject({
      reading: { power: { value: 1234 } },
      broker: { detail: 'refused login [redacted]' },
      error: { message: 'SKSETRBID [redacted]: FAIL ER06 [COMMAND_REFUSED]' },
    });
  });
});

describe('the page', () => {
  test.each([
    ['/', { 'accept-language': 'ja,en;q=0.5' }, 'ja'],
    ['/', { 'accept-language': 'en-GB' }, 'en'],
    ['/?lang=ja', { 'accept-language': 'en' }, 'ja'],
    ['/', { 'accept-language': 'de' }, 'en'],
  ])('%s with %o is in %s', async (path, headers, language) => {
    await using rig = await WebRig.start();
    const page = await rig.get(path, { headers });
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await page.text()).toContain(`<html lang="${language}">`);
  });

  test('has no inline script or style, and everything it loads is served', async () => {
    await using rig = await WebRig.start();
    const page = await rig.get('/');
    const html = await page.text();
    expect(html).not.toMatch(/<script>|<style|\son\w+=|style=/);
    for (const [, path = ''] of html.matchAll(/(?:src|href)="([^"?]+)"/g))
      expect((await rig.get(path)).status).toBe(200);
    const policy = page.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'; script-src 'self'");
    expect(policy).not.toContain('unsafe');
  });

  test('survives a password that is a word in it', async () => {
    await using rig = await WebRig.start();
    rig.redactor.add('page');
    expect(await (await rig.get('/')).text()).toContain('src="page.js"');
    expect(await (await rig.get('/page.js')).text()).not.toContain('[redacted]');
  });

  test.each(assets)('%s is %s', async (path, type) => {
    await using rig = await WebRig.start();
    const asset = await rig.get(path);
    expect([asset.status, asset.headers.get('content-type')?.split(';')[0]]).toEqual([200, type]);
    expect(asset.headers.get('x-content-type-options')).toBe('nosniff');
  });
});

describe('with a token', () => {
  test.each(['/', '/api/status'])('%s is for who has it', async (path) => {
    await using rig = await WebRig.start({ token: TOKEN });
    const refused = await rig.get(path);
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(await refused.text()).toMatch(/http\.token/);
    expect((await rig.get(`${path}?token=${TOKEN}x`)).status).toBe(401);
    const byLink = await rig.get(`${path}?token=${TOKEN}`, { redirect: 'manual' });
    expect(byLink.status).toBe(path === '/' ? 303 : 200); // the page goes on by a cookie: login.test.ts
    expect((await rig.get(path, { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(200);
  });

  test('the probes and what holds no data stay open', async () => {
    await using rig = await WebRig.start({ token: TOKEN });
    rig.reading({ powerW: 1 });
    for (const path of ['/healthz', '/livez', ...assets.map(([path]) => path)])
      expect((await rig.get(path)).status, path).toBe(200);
  });
});

describe('everything else', () => {
  test.each(['/metrics', '/nothing', '/api', '/page.js/x', '/../../etc/passwd', '/static/page.js'])(
    '%s is 404 with a sentence',
    async (path) => {
      await using rig = await WebRig.start();
      const answer = await rig.get(path);
      expect([answer.status, await answer.text()]).toEqual([
        404,
        'There is nothing here. The status page is at /, its data at /api/status.\n',
      ]);
    },
  );

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('%s is 405, wherever', async (method) => {
    await using rig = await WebRig.start();
    for (const path of ['/', '/api/status', '/healthz', '/nothing']) {
      const answer = await rig.get(path, { method });
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    }
  });

  test('a large body is not read', async () => {
    await using rig = await WebRig.start();
    const answer = await rig.get('/', { method: 'POST', body: 'x'.repeat(50_000) }).catch(() => undefined);
    expect(answer?.status ?? 405).toBe(405);
  });

  test('HEAD has the headers and no body, data is never stored', async () => {
    await using rig = await WebRig.start();
    rig.reading({ powerW: 1 });
    for (const path of ['/', '/api/status', '/healthz', '/livez']) {
      const answer = await rig.get(path, { method: 'HEAD' });
      expect([answer.status, answer.headers.get('cache-control'), await answer.text()]).toEqual([200, 'no-store', '']);
    }
  });

  test.each([
    'GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n',
    'nonsense\r\n\r\n',
    `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
  ])('what is no request is refused: %#', async (bytes) => {
    await using rig = await WebRig.start();
    const { text, socket } = await raw(rig, bytes);
    await once(socket, 'data');
    expect(text()).toMatch(/^HTTP\/1\.1 4\d\d /);
    socket.destroy();
    expect((await rig.get('/livez')).status).toBe(200);
  });
});

describe('connections', () => {
  const dial = (rig: WebRig, localAddress: string): Socket =>
    connect({ host: '127.0.0.1', port: Number(new URL(rig.address).port), localAddress }).on('error', () => undefined);
  const answers = async (rig: WebRig, localAddress: string): Promise<boolean> => {
    const socket = dial(rig, localAddress);
    socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    let text = '';
    socket.on('data', (data: Buffer) => (text += data.toString()));
    await once(socket, 'close');
    return text.startsWith('HTTP/1.1 200');
  };

  test('one address holds thirty; those without a request give way to who has one, and all are closed after 5 s', async () => {
    await using rig = await WebRig.start();
    let closed = 0;
    const greedy = Array.from({ length: 50 }, () => dial(rig, '127.0.0.2').on('close', () => closed++));
    await eventually(() => closed === 20, 'twenty gave way');
    expect(await answers(rig, '127.0.0.2')).toBe(true);
    expect(await answers(rig, '127.0.0.3')).toBe(true);
    for (const socket of greedy.slice(20, 40)) socket.write('GET / HTTP/1.1\r\nHost: ');
    const started = performance.now();
    await eventually(() => closed === 50, 'all are closed', 9000);
    expect(performance.now() - started).toBeLessThan(8000);
  }, 15_000);

  test('many addresses without requests do not keep one with a request out', async () => {
    await using rig = await WebRig.start();
    const idle = Array.from({ length: 120 }, (_, i) => dial(rig, `127.0.1.${i + 1}`));
    await Promise.all(idle.map((socket) => once(socket, 'connect')));
    expect(await answers(rig, '127.0.0.3')).toBe(true);
    for (const socket of idle) socket.destroy();
  });
});

describe('the end', () => {
  test('comes within half a second, idle and half-sent requests notwithstanding', async () => {
    const rig = await WebRig.start();
    await rig.get('/livez'); // leaves a kept-alive connection
    const clients = [await raw(rig, 'GET / HTTP/1.1\r\nHost: x\r\n'), await raw(rig, '')];
    const ended = clients.map(({ socket }) => once(socket, 'close'));
    const start = performance.now();
    await rig.close();
    expect(performance.now() - start).toBeLessThan(4000);
    await Promise.all(ended);
  });
});

describe('an address that cannot be opened is said so', () => {
  test('taken', async () => {
    await using rig = await WebRig.start();
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await expect(listenOn(rig, '127.0.0.1', port)).rejects.toMatchObject({
      code: 'HTTP_LISTEN_FAILED',
      message: `cannot listen on 127.0.0.1:${port}: another program uses that port (EADDRINUSE)`,
      what: { ja: `127.0.0.1:${port} で待ち受けできません: そのポートは別のプログラムが使用中です（EADDRINUSE）` },
    });
    other.close();
  });

  test('not ours', async () => {
    await using rig = await WebRig.start();
    const failed = await listenOn(rig, '192.0.2.1', 8080).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'HTTP_LISTEN_FAILED', message: expect.stringContaining('EADDRNOTAVAIL') });
    expect((failed as { hint: (language: string) => string }).hint('en')).toContain('0.0.0.0');
  });
});
