import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import { createHostCheck } from '../../../src/web/access.ts';
import { Guesses } from '../../../src/web/household-limits.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { WebRig } from '../../support/web-rig.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Unlike `fetch`, says any Host and any method. */
function ask(
  rig: WebRig,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<Answer> {
  const { port } = new URL(rig.address);
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (reply) => {
      let body = '';
      reply.setEncoding('utf8').on('data', (text: string) => (body += text));
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body }));
    });
    sent.once('error', reject).end();
  });
}

describe('the Host header', () => {
  test.each([
    ['127.0.0.1:8080', true],
    ['127.0.0.1', true],
    ['[::1]:8080', true],
    ['192.168.1.5:8080', true],
    ['localhost:8080', true],
    ['LOCALHOST.', true],
    ['meter.localhost', true],
    [`${hostname()}:8080`, true],
    [`${hostname().split('.')[0]}.local`, true],
    [undefined, true],
    ['evil.example', false],
    ['evil.example:8080', false],
    ['127.0.0.1.evil.example', false],
    ['localhost.evil.example', false],
    ['broute2mqtt:8080', true],
    ['raspberrypi', true],
    ['broute2mqtt.default.svc.cluster.local:8080', true],
    ['pi.home.arpa', true],
    ['pi.lan', true],
    ['Meter.Example.com:8443', true],
    ['other.example.com', false],
    ['evil.local.example', false],
    ['evillocal.example', false],
    ['localhost@evil.example', false],
    ['evil.example#localhost', false],
    ['', false],
    [' ', false],
  ] as const)('%s without a token: %s', (header, expected) => {
    const hosts = ['meter.example.com'];
    for (const listenHost of ['127.0.0.1', '::1', 'localhost', '0.0.0.0', '::', '192.168.1.5'])
      expect(createHostCheck({ listenHost, hosts, hasToken: false })(header), listenHost).toBe(expected);
  });

  test('any is good where a token is asked for', () => {
    expect(createHostCheck({ listenHost: '0.0.0.0', hosts: [], hasToken: true })('meter.example')).toBe(true);
  });

  test('the three numbers in the place of smartmeter-exporter are scraped by whatever name, as before', async () => {
    await using rig = await WebRig.start({ metricsOnly: true });
    expect((await ask(rig, '/livez', { host: 'meter.example.com:8000' })).status).toBe(200);
  });

  test('a foreign one is refused in a sentence, on every path, and nothing of it comes back', async () => {
    await using rig = await WebRig.start();
    for (const path of ['/', '/api/status', '/healthz', '/livez', '/page.js', '/nowhere']) {
      const { status, body, headers } = await ask(rig, path, { host: 'evil.example' });
      expect([path, status]).toEqual([path, 421]);
      expect(body).toContain('http.hosts');
      expect(body).not.toContain('evil');
      expect(headers['content-security-policy']).toContain("default-src 'none'");
    }
    expect((await ask(rig, '/api/status')).status).toBe(200);
  });
});

describe('guessing the token', () => {
  test('ten different wrong ones a minute, then 429; the right one works all the same', async () => {
    await using rig = await WebRig.start({ token: 'right' });
    const from = async (token: string): Promise<number> =>
      (await ask(rig, '/api/status', { authorization: `Bearer ${token}` })).status;
    for (let i = 0; i < 20; i++) expect(await from('from a page left open'.replaceAll(' ', '-'))).toBe(401);
    for (let i = 0; i < 9; i++) expect(await from(`guess-${i}`)).toBe(401);
    const refused = await ask(rig, '/api/status', { authorization: 'Bearer wrong-again' });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(50);
    expect(await from('right')).toBe(200);
    expect((await ask(rig, '/?token=right')).status).toBe(303);
    expect((await ask(rig, '/livez')).status).toBe(200);
  });

  test('the minute passes; addresses count apart, a network of IPv6 together; the list is bounded', async () => {
    const clock = new VirtualClock();
    const guesses = new Guesses(clock);
    const guess = (address: string, count: number): void => {
      for (let i = 0; i < count; i++) guesses.wrong(address, `guess ${i}`);
    };
    guess('192.0.2.1', 10);
    guess('2001:db8::1', 5);
    guess('2001:0db8:0:0:ffff::2'.replace('0db8', 'db8'), 10);
    expect(guesses.waitS('192.0.2.1')).toBe(60);
    expect(guesses.waitS('::ffff:192.0.2.1')).toBe(60);
    expect(guesses.waitS('192.0.2.2')).toBe(0);
    expect(guesses.waitS('2001:db8::7')).toBe(60);
    expect(guesses.waitS('2001:db8:0:1::7')).toBe(0);
    await clock.advance(60_000);
    expect(guesses.waitS('192.0.2.1')).toBe(0);
    guess('192.0.2.1', 10);
    for (let i = 0; i < 1000; i++) guess(`10.0.${i >> 8}.${i & 255}`, 1);
    expect(guesses.waitS('192.0.2.1')).toBe(0);
  });
});

describe('what a request says never comes back', () => {
  const mark = '<script>mark()</script>';
  test.each([
    `/${encodeURIComponent(mark)}`,
    `/?lang=${encodeURIComponent(mark)}&token=${encodeURIComponent(mark)}`,
    `/api/status?lang=${encodeURIComponent(mark)}&history=${encodeURIComponent(mark)}`,
    `/%`,
    `/%00`,
    '/../../../etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/%252e%252e%252fetc%252fpasswd',
    '/..%5c..%5cetc%5cpasswd',
    '/static/../page.ts',
    '//etc/passwd',
    `/${'a'.repeat(5000)}`,
  ])('%s', async (path) => {
    await using rig = await WebRig.start({ token: 'right' });
    const { status, body, headers } = await ask(rig, path, {
      'accept-language': mark,
      origin: 'https://evil.example',
      cookie: 'session=mark()',
      'x-forwarded-host': 'evil.example',
    });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(body).not.toMatch(/mark\(|evil|passwd|root:|node_modules|\bat .*:\d+:\d+/);
    expect(body.length).toBeLessThan(3000);
    expect(JSON.stringify(headers)).not.toMatch(/mark|evil|access-control|set-cookie|x-powered-by|fastify/i);
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(headers['x-content-type-options']).toBe('nosniff');
  });

  test.each(['OPTIONS', 'TRACE', 'POST', 'PUT', 'DELETE', 'PATCH', 'PROPFIND', 'MKCOL', 'LOCK', 'SEARCH'])(
    '%s changes nothing and echoes nothing',
    async (method) => {
      await using rig = await WebRig.start();
      const { status, body, headers } = await ask(rig, '/api/status', { 'x-mark': 'mark()' }, method);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
      expect(body).not.toContain('mark');
      expect(JSON.stringify(headers)).not.toMatch(/access-control/i);
    },
  );
});
