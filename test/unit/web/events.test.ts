import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { EventListenerOn } from '../../support/event-listener.ts';
import { eventually } from '../../support/eventually.ts';
import { WebRig } from '../../support/web-rig.ts';

const listen = (rig: WebRig, path = '/api/events'): EventListenerOn => new EventListenerOn(new URL(path, rig.address));

test('the status at once, and again after what happens: the same as /api/status', async () => {
  await using rig = await WebRig.start({ language: 'ja' });
  using listener = listen(rig, '/api/events?lang=en');
  await eventually(() => listener.events.length === 1, 'the first');
  const { headers } = await listener.response;
  expect(Object.fromEntries(headers)).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
  });
  expect(listener.text).toMatch(/^retry: 2000\n\nevent: status\ndata: \{/);
  rig.reading({ powerW: 423 });
  await eventually(() => listener.events.length === 2, 'the second');
  expect(listener.events[1]).toEqual(await rig.json('/api/status?lang=en'));
});

test('a burst becomes one event, with the newest', async () => {
  await using rig = await WebRig.start();
  using listener = listen(rig);
  await eventually(() => listener.events.length === 1, 'the first');
  for (let powerW = 1; powerW <= 100; powerW++) rig.reading({ powerW });
  await eventually(() => listener.events.at(-1)?.meters[0]?.reading?.power?.value === 100, 'the newest');
  expect(listener.events.length).toBeLessThanOrEqual(3);
});

test('outlives the limits on silence and on connections, which are for requests', async () => {
  await using rig = await WebRig.start();
  using listener = listen(rig);
  await eventually(() => listener.events.length === 2, 'ten seconds without an event');
  expect(listener.ended).toBe(false);
}, 30_000);

test('secrets stay out, and a token is asked for as everywhere', async () => {
  await using rig = await WebRig.start({ token: 'kagi-no-kotoba' });
  rig.redactor.add('himitsu');
  rig.broker = { ok: false, detail: 'refused himitsu' };
  expect((await rig.get('/api/events')).status).toBe(401);
  using listener = listen(rig, '/api/events?token=kagi-no-kotoba');
  await eventually(() => listener.events.length === 1, 'the first');
  expect(listener.events[0]?.meters[0]?.broker?.detail).toBe('refused [redacted]');
});

test('a logout ends the streams of logins, not those of the token', async () => {
  await using rig = await WebRig.start({ token: 'kagi-no-kotoba' });
  const body = new URLSearchParams({ token: 'kagi-no-kotoba' });
  const login = await rig.get('/login', { method: 'POST', body, redirect: 'manual' });
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
  using browser = new EventListenerOn(new URL('/api/events', rig.address), { cookie });
  using program = listen(rig, '/api/events?token=kagi-no-kotoba');
  await eventually(() => [browser, program].every(({ events }) => events.length === 1), 'both listen');
  await rig.get('/logout', { method: 'POST', redirect: 'manual' }); // whoever it is, without a cookie
  expect(browser.ended).toBe(false);
  await rig.get('/logout', { method: 'POST', headers: { cookie }, redirect: 'manual' });
  await eventually(() => browser.ended, 'it ends');
  rig.reading({ powerW: 423 });
  await eventually(() => program.events.length === 2, 'the other one goes on');
  expect(browser.events).toHaveLength(1);
});

test('twenty at most; who leaves makes room; other requests are answered', async () => {
  await using rig = await WebRig.start();
  const listeners = Array.from({ length: 20 }, () => listen(rig));
  await eventually(() => listeners.every(({ events }) => events.length === 1), 'twenty');
  const refused = await rig.get('/api/events?lang=ja');
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '10']);
  expect(await refused.text()).toMatch(/閉じて/);
  expect((await rig.get('/api/status')).status).toBe(200);
  listeners[0]?.[Symbol.dispose]();
  await eventually(async () => {
    using late = listen(rig);
    return (await late.response).status === 200;
  }, 'room again');
  for (const listener of listeners) listener[Symbol.dispose]();
}, 20_000);

test('who listens to nothing costs nothing, and HEAD has the headers alone', async () => {
  await using rig = await WebRig.start();
  let asked = 0;
  const snapshot = rig.board.snapshot.bind(rig.board);
  rig.board.snapshot = (options) => (asked++, snapshot(options));
  const head = await rig.get('/api/events', { method: 'HEAD' });
  expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
  const listener = listen(rig);
  await eventually(() => listener.events.length === 1, 'the first');
  listener[Symbol.dispose]();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const before = asked;
  for (let powerW = 1; powerW <= 10; powerW++) rig.reading({ powerW });
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(asked).toBe(before);
});

test('the end of the service ends a stream, whether it is read or not', async () => {
  const rig = await WebRig.start();
  const listener = listen(rig);
  await eventually(() => listener.events.length === 1, 'the first');
  const { hostname, port } = new URL(rig.address);
  const deaf: Socket = connect(Number(port), hostname).on('error', () => undefined);
  await once(deaf, 'connect');
  deaf.write('GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await new Promise((resolve) => setTimeout(resolve, 100));
  deaf.pause();
  const start = performance.now();
  await rig.close();
  expect(performance.now() - start).toBeLessThan(4000);
  await eventually(() => listener.ended, 'ended in order');
  deaf.destroy();
});
