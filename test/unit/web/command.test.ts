import { describe, expect, test } from 'vitest';
import { isForeign } from '../../../src/web/request-origin.ts';
import { askWeb, cookieOf, postForm } from '../../support/web-ask.ts';
import type { WebAnswer } from '../../support/web-ask.ts';
import { WebRig } from '../../support/web-rig.ts';

const TOKEN = 'kagi-no-kotoba-16';
const JSON_TYPE = { 'content-type': 'application/json' };
const readNow = { meter: 'home', command: 'read_now' };
const order = (
  rig: WebRig,
  what: unknown = readNow,
  headers: Readonly<Record<string, string>> = {},
): Promise<WebAnswer> =>
  askWeb(rig, '/api/command', { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(what) });

describe('the three commands', () => {
  test('each is taken, for the meter that is named', async () => {
    const meters = [
      { id: 'home', name: 'Home' },
      { id: 'shop', name: 'Shop' },
    ];
    await using rig = await WebRig.start({ meters });
    for (const command of ['read_now', 'restart_session', 'rescan'])
      for (const meter of ['home', 'shop']) {
        const { status, body } = await order(rig, { meter, command });
        expect([status, JSON.parse(body)]).toEqual([202, { meter, command }]);
      }
    expect(rig.ordered).toEqual(['read_now', 'restart_session', 'rescan'].flatMap((c) => [`home ${c}`, `shop ${c}`]));
  });

  test('not faster than the radio bears, and the page is told when', async () => {
    await using rig = await WebRig.start();
    expect((await order(rig)).status).toBe(202);
    await rig.clock.advance(4000);
    const { status, headers, body } = await order(rig);
    expect([status, headers['retry-after'], body]).toEqual([429, '6', 'Not so fast: again in 6 s.\n']);
    await rig.clock.advance(6000);
    expect((await order(rig)).status).toBe(202);
    expect(rig.ordered).toEqual(['home read_now', 'home read_now']);
  });

  test.each([
    [{ meter: 'home' }],
    [{ command: 'read_now' }],
    [{ meter: 'home', command: 'poll_interval' }],
    [{ meter: 'home', command: 'constructor' }],
    [{ meter: ['home'], command: 'read_now' }],
    [{ meter: 'nobody', command: 'read_now' }],
    [{ meter: '__proto__', command: 'read_now' }],
    [null],
    [[]],
    ['read_now'],
    [7],
  ])('%j is answered with what can be sent', async (what) => {
    await using rig = await WebRig.start();
    const { status, body } = await order(rig, what);
    expect([status, rig.ordered]).toEqual([400, []]);
    expect(body).toMatch(/with the id of a meter and one of read_now, restart_session, rescan|api\/status lists them/);
  });

  test.each([
    ['text/plain', '{"meter":"home","command":"read_now"}', 415],
    ['application/x-www-form-urlencoded', 'meter=home&command=read_now', 415],
    ['multipart/form-data; boundary=x', '--x', 415],
    ['application/json', '{"meter":', 400],
    ['application/json', '', 400],
    ['application/json', '{"__proto__":{"meter":"home"},"command":"read_now"}', 400],
    ['application/json', `{"meter":"${'x'.repeat(2000)}"}`, 413],
  ])('%s %s: %i', async (type, body, status) => {
    await using rig = await WebRig.start();
    const headers = { 'content-type': type };
    expect((await askWeb(rig, '/api/command', { method: 'POST', headers, body })).status).toBe(status);
    expect(rig.ordered).toEqual([]);
  });

  test('in the demo something can be made to go wrong, and nowhere else', async () => {
    let broken = 0;
    await using rig = await WebRig.start({ demo: { inject: () => void broken++ } });
    const { status, body } = await order(rig, { meter: 'home', command: 'break' });
    expect([status, JSON.parse(body), broken]).toEqual([202, { command: 'break' }, 1]);
    expect((await order(rig)).status).toBe(202);
    await using house = await WebRig.start();
    expect((await order(house, { meter: 'home', command: 'break' })).status).toBe(400);
  });

  test('only by POST', async () => {
    await using rig = await WebRig.start();
    const { status, headers, body } = await askWeb(rig, '/api/command');
    expect([status, headers.allow, body.startsWith('Only POST')]).toEqual([405, 'POST', true]);
    expect((await askWeb(rig, '/api/command', { method: 'PUT', headers: JSON_TYPE, body: '{}' })).status).toBe(405);
  });
});

describe('who may command', () => {
  test('with a token: who has it, by cookie, header or address', async () => {
    await using rig = await WebRig.start({ token: TOKEN });
    expect((await order(rig)).status).toBe(401);
    const cookie = cookieOf(await postForm(rig, '/login', { token: TOKEN }));
    expect((await order(rig, { ...readNow, command: 'rescan' }, { cookie })).status).toBe(202);
    expect((await order(rig, readNow, { authorization: `Bearer ${TOKEN}` })).status).toBe(202);
    expect(rig.ordered).toEqual(['home rescan', 'home read_now']);
  });

  test('a page that everybody can open commands nothing, and says so at its start; it is read as before', async () => {
    await using rig = await WebRig.start({ listenHost: '0.0.0.0' });
    const { status, body } = await order(rig);
    expect([status, body.includes('http.token'), rig.ordered]).toEqual([403, true, []]);
    expect((await askWeb(rig, '/api/status')).status).toBe(200);
    expect(rig.lines.filter(({ level }) => level === 'warn')).toMatchObject([
      { msg: expect.stringContaining('set http.token'), listen: '0.0.0.0:0' },
    ]);
  });

  test.each([
    { listenHost: '0.0.0.0', token: TOKEN },
    { listenHost: '127.0.0.1' },
    { listenHost: '0.0.0.0', onlyFrom: '127.0.0.2' },
    { listenHost: '0.0.0.0', metricsOnly: true },
  ])('no warning for %o', async (options) => {
    await using rig = await WebRig.start(options);
    expect(rig.lines.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  test('in Home Assistant: who comes through the Supervisor, and nobody else', async () => {
    await using rig = await WebRig.start({ listenHost: '0.0.0.0', onlyFrom: '127.0.0.2' });
    const question = {
      method: 'POST',
      headers: { ...JSON_TYPE, host: 'ha.example.com' },
      body: JSON.stringify(readNow),
    };
    expect((await askWeb(rig, '/api/command', question)).status).toBe(403);
    expect((await askWeb(rig, '/api/command', { ...question, from: '127.0.0.2' })).status).toBe(202);
    expect(rig.ordered).toEqual(['home read_now']);
  });
});

describe('another site', () => {
  test.each([
    [{}, false],
    [{ 'sec-fetch-site': 'same-origin', origin: 'null' }, false],
    [{ 'sec-fetch-site': 'same-origin', origin: 'https://meter.example' }, false], // a proxy changed the Host
    [{ 'sec-fetch-site': 'same-site', origin: 'http://pi:8080' }, true],
    [{ 'sec-fetch-site': 'cross-site' }, true],
    [{ 'sec-fetch-site': 'none' }, true],
    [{ origin: 'http://pi:8080' }, false],
    [{ origin: 'http://pi:8081' }, true],
    [{ origin: 'http://pi' }, true],
    [{ origin: 'http://evil.example' }, true],
    [{ origin: 'null' }, true],
    [{ origin: '' }, true],
    [{ origin: 'https://meter.example', 'x-forwarded-host': 'meter.example' }, false],
    [{ origin: 'https://evil.example', 'x-forwarded-host': 'meter.example, evil.example' }, true],
  ])('%o: %s', (headers, foreign) => {
    expect(isForeign({ host: 'pi:8080', ...headers })).toBe(foreign);
  });

  test('is refused before its words are looked at, with and without a token, and nothing allows it to ask', async () => {
    for (const token of [undefined, TOKEN]) {
      await using rig = await WebRig.start(token === undefined ? {} : { token });
      const cookie = token === undefined ? '' : cookieOf(await postForm(rig, '/login', { token }));
      for (const headers of [
        { origin: 'http://evil.example' },
        { 'sec-fetch-site': 'cross-site' },
        { origin: 'null' },
      ]) {
        const answer = await order(rig, readNow, { cookie, ...headers });
        expect([answer.status, rig.ordered]).toEqual([403, []]);
        expect(JSON.stringify(answer.headers)).not.toContain('access-control');
      }
      const preflight = await askWeb(rig, '/api/command', {
        method: 'OPTIONS',
        headers: { origin: 'http://evil.example' },
      });
      expect(preflight.status).toBe(405);
      expect(
        (await order(rig, readNow, { cookie, origin: new URL(rig.address).origin, host: new URL(rig.address).host }))
          .status,
      ).toBe(202);
    }
  });

  test('one that took our place by its name ("DNS rebinding") is refused by that name', async () => {
    await using rig = await WebRig.start();
    const headers = { host: 'evil.example', origin: 'http://evil.example' };
    expect((await order(rig, readNow, headers)).status).toBe(421);
  });
});
