import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Bridge } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { Household } from '../support/household.ts';

const home = new Household();
let bridge: Bridge;
let port = 0;

beforeAll(async () => {
  bridge = await home.bridge({
    meters: [{ device: '/nowhere/tty' }],
    config: { http: { listen: '127.0.0.1:0', token: 'right-right-right' }, log: { level: 'info' } },
  });
  const page = await bridge.until(() => /"page":"(http:[^"]+)"/.exec(bridge.program.stdout)?.[1], 'page');
  port = Number(new URL(page).port);
});
afterAll(() => home[Symbol.asyncDispose]());

interface Line {
  readonly socket: Socket;
  heard: string;
  closedMs: number | undefined;
}

/** A connection that says `text` and listens. */
function line(text = ''): Line {
  const began = performance.now();
  const socket = connect({ host: '127.0.0.1', port });
  const it: Line = { socket, heard: '', closedMs: undefined };
  socket.setEncoding('latin1').on('data', (piece: string) => (it.heard += piece));
  socket.on('error', () => undefined);
  socket.on('close', () => (it.closedMs = performance.now() - began));
  if (text !== '') socket.write(text);
  home.keep({ [Symbol.asyncDispose]: () => Promise.resolve(void socket.destroy()) });
  return it;
}

const statusOf = (heard: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(heard)?.[1] ?? 0);
const proc = (): string => readFileSync(`/proc/${bridge.pid}/status`, 'utf8');
const residentMb = (): number => Number(/VmRSS:\s+(\d+)/.exec(proc())?.[1]) / 1024;
const isWell = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${port}/livez`)).status === 200;

test('requests that dawdle are cut off: no header, half a header, a header a second, a body that never comes', async () => {
  const lines = [
    line('GET / HTTP/1.1\r\n'),
    line('GET / HTTP/1.1\r\nHost: localhost\r\nX-Half: '),
    line('POST /api/status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{'),
    line('GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n'),
  ];
  const drip = line('GET / HTTP/1.1\r\nHost: localhost\r\n');
  const dripping = setInterval(() => drip.closedMs ?? drip.socket.write('X-More: x\r\n'), 500);
  try {
    await eventually(() => [...lines, drip].every(({ closedMs }) => closedMs !== undefined), 'all cut off', 25_000);
  } finally {
    clearInterval(dripping);
  }
  for (const { closedMs } of [...lines, drip]) expect(closedMs).toBeLessThan(20_000);
  expect(await isWell()).toBe(true);
});

test('what no browser sends gets a plain 4xx, or the line is cut', async () => {
  const get = (head: string): string => `${head}\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
  const requests: readonly string[] = [
    get(`GET /${'a'.repeat(20_000)} HTTP/1.1`),
    get(`GET / HTTP/1.1\r\nX-Large: ${'a'.repeat(20_000)}`),
    get(`GET / HTTP/1.1\r\n${'X-Many: x\r\n'.repeat(1500)}X-Last: x`),
    get('GET /\0 HTTP/1.1'),
    get('GET /%00 HTTP/1.1'),
    get('GET /../../../../etc/passwd HTTP/1.1'),
    get('GET /%2e%2e%2f%2e%2e%2fetc/passwd HTTP/1.1'),
    get('GET /%252e%252e%252fetc/passwd HTTP/1.1'),
    get('GET http://evil.example/etc/passwd HTTP/1.1'),
    get('GET //evil.example/ HTTP/1.1'),
    get('CONNECT evil.example:443 HTTP/1.1'),
    get('TRACE /api/status HTTP/1.1\r\nX-Mark: mark'),
    get('PRI * HTTP/2.0'),
    get('OPTIONS * HTTP/1.1'),
    get('GET / HTTP/9.9'),
    get('GARBAGE'),
    'GET / HTTP/1.1\r\n\r\n',
    'GET /api/status HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', // TLS towards a plain port
  ];
  for (const request of requests) {
    const it = line(request);
    await eventually(() => it.closedMs !== undefined, request.slice(0, 60), 20_000);
    const shown = [request.slice(0, 60), statusOf(it.heard)];
    expect(shown).toEqual([shown[0], expect.toSatisfy((s: number) => s === 0 || (s >= 400 && s < 500))]);
    expect(it.heard).not.toMatch(/mark|root:|evil|node_modules|\.ts:|\.js:\d/i);
    expect(it.heard).not.toMatch(/access-control|set-cookie|x-powered-by/i);
  }
});

test('many requests down one line are answered in order, and do not pile up', async () => {
  const before = residentMb();
  const it = line('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(5000));
  await eventually(() => it.heard.split('HTTP/1.1 200').length > 5000 || it.closedMs !== undefined, 'answers', 30_000);
  expect(
    it.heard
      .split('HTTP/1.1 ')
      .slice(1)
      .every((answer) => answer.startsWith('200')),
  ).toBe(true);
  it.socket.destroy();
  const deaf = line();
  deaf.socket.pause(); // asks and asks, and never reads an answer
  for (let i = 0; i < 20; i++) deaf.socket.write('GET /page.css HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(500));
  await delay(2000);
  expect(residentMb() - before).toBeLessThan(80);
  deaf.socket.destroy();
  expect(await isWell()).toBe(true);
});

test('ten thousand connections: thirty of one address are served, the memory stays, and it is there again afterwards', async () => {
  const before = residentMb();
  let most = 0;
  for (let round = 0; round < 20; round++) {
    const lines = Array.from({ length: 500 }, () => line('GET / HTTP/1.1\r\n'));
    await eventually(() => lines.filter(({ closedMs }) => closedMs !== undefined).length >= 470, 'most are refused');
    most = Math.max(most, residentMb() - before);
    for (const { socket } of lines) socket.destroy();
  }
  process.stdout.write(`10,000 connections: ${most.toFixed(0)} MB more\n`);
  expect(most).toBeLessThan(60);
  await delay(200);
  expect(await isWell()).toBe(true);
  expect(bridge.program.stdout.length).toBeLessThan(100_000);
  expect(bridge.program.stderr).toBe('');
});
