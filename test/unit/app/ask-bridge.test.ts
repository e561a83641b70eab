import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { askBridge } from '../../../src/app/ask/ask-bridge.ts';
import { socketPath } from '../../../src/app/ask/bridge-status.ts';
import type { Asked } from '../../../src/app/ask/bridge-status.ts';
import { parseHostPort } from '../../../src/kernel/host-port.ts';
import type { HostPort } from '../../../src/kernel/host-port.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import { freePort } from '../../support/free-port.ts';
import { WebRig } from '../../support/web-rig.ts';

const document = JSON.stringify({ version: '1', pid: 7, meters: [{ id: 'home', fresh: true }] });
const ending: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0)) await end();
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'ask-'));
  ending.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Something that listens where a bridge would. */
async function listener(onClient: (socket: Socket) => void): Promise<string> {
  const stateDir = folder();
  const server = createServer((socket) => onClient(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(socketPath(stateDir), resolve));
  ending.push(() => server.close());
  return stateDir;
}

async function httpListener(answer: RequestListener): Promise<string> {
  const server = createHttpServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ending.push(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Where {
  readonly stateDir?: string;
  readonly http?: { readonly listen: string; readonly token?: string };
}
const ask = ({ http, ...socket }: Where, signal = new AbortController().signal): Promise<Asked> =>
  askBridge({ ...socket, ...(http && { http: { ...http, listen: addressOf(http.listen) } }) }, systemClock, signal);

function addressOf(text: string): HostPort {
  const address = parseHostPort(text);
  if (!address) throw new RangeError(`${text} is not HOST:PORT`);
  return address;
}

const codeOf = (asked: Asked): unknown => (asked.kind === 'failed' ? asked.error.text('en') : asked.kind);

test('no socket, or one that nobody listens on: no bridge is running', async () => {
  expect(await ask({})).toEqual({ kind: 'none' });
  expect(await ask({ stateDir: folder() })).toEqual({ kind: 'none' });
  expect(await ask({ stateDir: join(folder(), 'x'.repeat(120)) })).toEqual({ kind: 'none' });
  expect(await ask({ http: { listen: `127.0.0.1:${await freePort()}` } })).toEqual({ kind: 'none' });
  expect(await ask({ http: { listen: '127.0.0.1:0' } })).toEqual({ kind: 'none' });
});

test('the socket is asked first', async () => {
  const stateDir = await listener((socket) => socket.end(document));
  const listen = await httpListener((_request, reply) => reply.end('{}'));
  expect(await ask({ stateDir, http: { listen } })).toMatchObject({ kind: 'answered', status: { pid: 7 } });
});

test('a document in pieces is put together', async () => {
  const stateDir = await listener((socket) => {
    socket.write(document.slice(0, 20));
    setImmediate(() => socket.end(document.slice(20)));
  });
  expect(await ask({ stateDir })).toMatchObject({ kind: 'answered' });
});

test.each([
  ['', 'no bridge of this version'],
  ['{"version":"1"', 'no bridge of this version'],
  ['{"version":"1","meters":[{"id":1}]}', 'no bridge of this version'],
])('%j from the socket is no answer, and the port stays closed', async (text, reason) => {
  const stateDir = await listener((socket) => socket.end(text));
  expect(codeOf(await ask({ stateDir }))).toContain(reason);
});

test('a bridge that hangs is one that runs: no answer within a second', async () => {
  const stateDir = await listener(() => undefined);
  const began = performance.now();
  expect(codeOf(await ask({ stateDir }))).toContain('no answer within 1 s [BRIDGE_SILENT]');
  expect(performance.now() - began).toBeLessThan(3000);
});

test('HTTP is asked where the socket cannot be reached, with the token', async () => {
  await using web = await WebRig.start({ token: 'a-token' });
  web.reading({ powerW: 5 });
  const { host } = new URL(web.address);
  const stateDir = folder();
  const asked = await ask({ stateDir, http: { listen: host, token: 'a-token' } });
  expect(asked).toMatchObject({ kind: 'answered', status: { meters: [{ last_answer: { power: 5 } }] } });
  const refused = await ask({ stateDir, http: { listen: host, token: 'another' } });
  expect(codeOf(refused)).toContain('its token is another than http.token');
  const open = await ask({ stateDir, http: { listen: host } });
  expect(codeOf(open)).toContain('it asks for http.token');
  const everywhere = host.replace('127.0.0.1', '0.0.0.0');
  expect(await ask({ http: { listen: everywhere, token: 'a-token' } })).toMatchObject({ kind: 'answered' });
});

test('the token is sent to nobody who has not proved to know it, nor to who only passes the question on', async () => {
  const heard: string[] = [];
  const passed: string[] = [];
  const refusing = await httpListener((request, reply) => {
    heard.push(JSON.stringify([request.url, request.headers]));
    reply.writeHead(401, { 'www-authenticate': 'Bearer', 'x-broute2mqtt-proof': 'a'.repeat(64) }).end();
  });
  expect(codeOf(await ask({ http: { listen: refusing, token: 'a-token' } }))).toContain('does not prove');
  await using web = await WebRig.start({ token: 'a-token' });
  const passing = await httpListener((request, reply) => {
    heard.push(JSON.stringify([request.url, request.headers]));
    const challenge = String(request.headers['x-broute2mqtt-challenge']);
    void web.get('/api/status', { headers: { 'x-broute2mqtt-challenge': challenge } }).then((answer) => {
      const proof = answer.headers.get('x-broute2mqtt-proof') ?? '';
      reply.writeHead(401, { 'x-broute2mqtt-proof': proof }).end();
      passed.push(proof);
    });
  });
  expect(codeOf(await ask({ http: { listen: passing, token: 'a-token' } }))).toContain('does not prove');
  expect(passed[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(heard).toHaveLength(2);
  expect(heard.join('')).not.toContain('a-token');
});

test('what else listens at http.listen is no bridge', async () => {
  const page = await httpListener((_request, reply) => reply.end('<html>'));
  expect(await ask({ http: { listen: page } })).toEqual({ kind: 'none' });
  const empty = await httpListener((_request, reply) => reply.writeHead(404).end());
  expect(await ask({ http: { listen: empty } })).toEqual({ kind: 'none' });
  const broken = await httpListener((request) => request.socket.destroy());
  expect(codeOf(await ask({ http: { listen: broken } }))).toContain('[BRIDGE_SILENT]');
});

test('being asked to end ends the asking', async () => {
  const stateDir = await listener(() => undefined);
  const end = new AbortController();
  const asked = ask({ stateDir }, end.signal);
  end.abort(new Error('SIGINT'));
  await expect(asked).rejects.toThrow('SIGINT');
});
