import { request } from 'node:http';
import { expect, test } from 'vitest';
import { WebRig } from '../../support/web-rig.ts';

/** Where Home Assistant's Supervisor stands for this test. */
const SUPERVISOR = '127.0.0.2';
const PATHS = ['/', '/api/status', '/metrics', '/healthz', '/livez', '/page.js', '/nothing'];

function ask(rig: WebRig, from: string, path: string, headers = {}): Promise<{ status: number; body: string }> {
  const { port } = new URL(rig.address);
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, headers, localAddress: from, agent: false };
    const sent = request(options, (reply) => {
      let body = '';
      reply.setEncoding('utf8').on('data', (text: string) => (body += text));
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, body }));
    });
    sent.once('error', reject).end();
  });
}

test('the one address is answered without a token, whatever name Home Assistant is opened by', async () => {
  await using rig = await WebRig.start({ onlyFrom: SUPERVISOR });
  for (const host of ['ha.example.com', 'homeassistant.local:8123', '[::1]'])
    for (const path of ['/', '/api/status', '/livez', '/page.js'])
      expect(await ask(rig, SUPERVISOR, path, { host }), `${host} ${path}`).toMatchObject({ status: 200 });
});

test.for(['127.0.0.1', '127.0.0.3'])('%s is refused everything, whoever it says it is', async (from) => {
  await using rig = await WebRig.start({ onlyFrom: SUPERVISOR });
  const claims = { 'x-forwarded-for': SUPERVISOR, 'x-real-ip': SUPERVISOR, 'x-ingress-path': '/api/hassio_ingress/x' };
  for (const path of PATHS)
    for (const headers of [{}, claims]) {
      const { status, body } = await ask(rig, from, path, headers);
      expect(status, path).toBe(403);
      expect(body).toBe('This page is opened in Home Assistant: nobody else is answered here.\n');
    }
});

test('without the mode nothing changes: names that are not ours are refused', async () => {
  await using rig = await WebRig.start();
  expect(await ask(rig, '127.0.0.1', '/', { host: 'ha.example.com' })).toMatchObject({ status: 421 });
  expect(await ask(rig, '127.0.0.1', '/')).toMatchObject({ status: 200 });
});
