import { expect, test } from 'vitest';
import { createSetupAccess, oneTimeCode } from '../../../src/web/setup-access.ts';
import type { SetupRequest } from '../../../src/web/setup-access.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const CODE = 'ABCD-EFGH-JKMN';
const access = (onlyFrom?: string) => createSetupAccess({ code: CODE, onlyFrom, clock: new VirtualClock() });
const get = (more: Partial<SetupRequest> = {}): SetupRequest => ({
  ip: '192.168.1.9',
  method: 'GET',
  headers: { host: '192.168.1.7:8080' },
  query: {},
  ...more,
});
const here = { ip: '127.0.0.1', headers: { host: '127.0.0.1:8080' } };
const post = (headers: SetupRequest['headers'], more: Partial<SetupRequest> = {}): SetupRequest =>
  get({ ...here, method: 'POST', query: { code: CODE }, ...more, headers: { ...here.headers, ...headers } });
const json = { 'content-type': 'application/json' };

test('everybody needs the code, whatever address they seem to come from: a proxy that says nothing stands on this machine', () => {
  const { refuse } = access();
  expect(refuse(get(here))?.status).toBe(401);
  expect(refuse(get({ ...here, ip: '::ffff:127.0.0.1' }))?.status).toBe(401);
  expect(refuse(get({ ip: '127.0.0.1', headers: { host: 'evil.example.com' } }))?.status).toBe(401);
  for (const name of ['x-forwarded-for', 'x-forwarded-proto', 'x-real-ip', 'forwarded', 'via'])
    expect(refuse(get({ ...here, headers: { ...here.headers, [name]: '1.2.3.4' } }))?.status, name).toBe(401);
  expect(refuse(get({ ...here, query: { code: CODE } }))).toBeUndefined();
});

test('the code comes as a link or as the cookie that the link gave', () => {
  const { refuse, cookie } = access();
  expect(refuse(get())?.status).toBe(401);
  expect(refuse(get({ query: { code: 'ABCD-EFGH-JKMM' } }))?.status).toBe(401);
  expect(refuse(get({ query: { code: CODE.toLowerCase() } }))).toBeUndefined();
  const given = cookie(get({ query: { code: CODE } })) ?? '';
  expect(given).toMatch(/HttpOnly; SameSite=Strict/);
  const headers = { host: '192.168.1.7:8080', cookie: `other=1; ${given.split(';')[0]}` };
  expect(refuse(get({ headers }))).toBeUndefined();
  expect(cookie(get({ query: { code: 'WRONG' } }))).toBeUndefined();
});

test('ten guesses, then no more for a while', () => {
  const { refuse } = access();
  for (let guess = 0; guess < 10; guess++) refuse(get({ query: { code: `WRONG-${guess}` } }));
  expect(refuse(get({ query: { code: 'WRONG-10' } }))?.status).toBe(429);
  expect(refuse(get({ query: { code: CODE } }))).toBeUndefined(); // the right one always works
});

test('the ingress is answered without a code, and nobody else at all', () => {
  const { refuse } = access('172.30.32.2');
  expect(refuse(get({ ip: '172.30.32.2' }))).toBeUndefined();
  expect(refuse(get(here))?.status).toBe(403);
  expect(refuse(get({ query: { code: CODE } }))?.status).toBe(403);
});

test('no other page may post', () => {
  const { refuse } = access();
  expect(refuse(post(json))).toBeUndefined();
  expect(refuse(post({ ...json, 'sec-fetch-site': 'same-origin' }))).toBeUndefined();
  expect(refuse(post({ ...json, origin: 'http://127.0.0.1:8080' }))).toBeUndefined();
  expect(refuse(post({ ...json, 'sec-fetch-site': 'cross-site' }))?.status).toBe(403);
  expect(refuse(post({ ...json, origin: 'http://evil.example.com' }))?.status).toBe(403);
  expect(refuse(post({ ...json, origin: 'null' }))?.status).toBe(403);
  expect(refuse(post({ 'content-type': 'text/plain' }))?.status).toBe(403);
});

test('a code is new each time, and easily read', () => {
  const codes = new Set(Array.from({ length: 100 }, oneTimeCode));
  expect(codes.size).toBe(100);
  for (const code of codes) expect(code).toMatch(/^([A-HJKMNP-Z2-9]{4}-){2}[A-HJKMNP-Z2-9]{4}$/);
});
