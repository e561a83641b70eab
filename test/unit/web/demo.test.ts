import { expect, test } from 'vitest';
import type { DemoControls } from '../../../src/web/api/demo-routes.ts';
import { WebRig } from '../../support/web-rig.ts';

const demoOf = (caused: string[]): DemoControls => ({
  faults: [{ name: 'port-lost', text: { en: 'unplug the stick', ja: 'スティックを抜く' } }],
  cause: (name) => void caused.push(name),
});
const json = { 'content-type': 'application/json' };

test('the demo says what it is, and lets itself be broken', async () => {
  const caused: string[] = [];
  await using rig = await WebRig.start({ demo: demoOf(caused) });
  expect(await rig.json('/api/status')).toMatchObject({ demo: true });
  const listed = await rig.get('/api/demo/faults?lang=ja');
  expect(await listed.json()).toEqual({ faults: [{ name: 'port-lost', text: 'スティックを抜く' }] });
  const post = (body: string, headers: Record<string, string> = json): Promise<Response> =>
    rig.get('/api/demo/fault', { method: 'POST', headers, body });
  const done = await post('{"fault":"port-lost"}');
  expect([done.status, await done.json(), caused]).toEqual([202, { fault: 'port-lost' }, ['port-lost']]);
  const wrong: [string, Record<string, string>, number][] = [
    ['{"fault":"fire"}', json, 400],
    ['nonsense', json, 400],
    ['null', json, 400],
    ['{"fault":"port-lost"}', { 'content-type': 'text/plain' }, 415],
    ['fault=port-lost', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['{"fault":"port-lost"}', { ...json, origin: 'http://elsewhere.example' }, 403],
    ['{"fault":"port-lost"}', { ...json, origin: 'null' }, 403],
    ['{"fault":"port-lost"}', { ...json, 'sec-fetch-site': 'cross-site' }, 403],
  ];
  for (const [body, headers, status] of wrong)
    expect((await post(body, headers)).status, `${body} ${status}`).toBe(status);
  expect(caused).toHaveLength(1);
  const origin = new URL(rig.address).origin;
  expect((await post('{"fault":"port-lost"}', { ...json, origin })).status).toBe(202);
  const proxied = { ...json, origin: 'http://ha.local:8123', 'x-forwarded-host': 'ha.local:8123' };
  expect((await post('{"fault":"port-lost"}', proxied)).status).toBe(202);
});

test('nobody else has such buttons', async () => {
  await using rig = await WebRig.start();
  expect((await rig.json('/api/status')).demo).toBeUndefined();
  expect((await rig.get('/api/demo/faults')).status).toBe(404);
  const posted = await rig.get('/api/demo/fault', { method: 'POST', headers: json, body: '{"fault":"port-lost"}' });
  expect(posted.status).toBe(405);
});
