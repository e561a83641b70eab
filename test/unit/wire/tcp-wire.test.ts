import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Clock } from '../../../src/kernel/clock.ts';
import { tcpWire } from '../../../src/wire/tcp-wire.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

let server: Server;
let sockets: Socket[];
let url: string;
const { signal } = new AbortController();
const clock = new VirtualClock();

beforeEach(async () => {
  sockets = [];
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined).on('data', (bytes) => socket.write(bytes));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
  expect(clock.sleepers).toBe(0);
});

test('a serial server is opened and speaks', async () => {
  const wire = tcpWire(url, clock);
  expect(wire.name).toBe(url);
  const stream = await wire.open(signal);
  stream.write('SKVER\r\n');
  const [bytes] = (await once(stream, 'data')) as [Buffer];
  expect(bytes.toString()).toBe('SKVER\r\n');
  stream.destroy();
});

test('a port nobody listens on is told as missing, with what to look at', async () => {
  server.close();
  await once(server, 'close');
  await expect(tcpWire(url, clock).open(signal)).rejects.toMatchObject({
    code: 'PORT_MISSING',
    message: expect.stringContaining('ECONNREFUSED'),
  });
});

test('a host that does not answer is given up when the time is up', async () => {
  const atOnce: Clock = { now: () => 0, monotonicMs: () => 0, sleep: () => Promise.resolve() };
  const opening = tcpWire(url, atOnce).open(signal);
  await expect(opening).rejects.toMatchObject({ code: 'PORT_MISSING', message: expect.stringContaining('5000 ms') });
});

test('a stop while it connects throws the reason', async () => {
  const controller = new AbortController();
  const opening = tcpWire(url, clock).open(controller.signal);
  const reason = new Error('SIGTERM');
  controller.abort(reason);
  await expect(opening).rejects.toBe(reason);
  await expect(tcpWire(url, clock).open(controller.signal)).rejects.toBe(reason);
});

test('a stop after it connected leaves the stream to whoever opened it', async () => {
  const controller = new AbortController();
  const stream = await tcpWire(url, clock).open(controller.signal);
  controller.abort();
  expect(stream.destroyed).toBe(false);
  stream.destroy();
});

test('an IPv6 address in brackets is an address', async () => {
  await expect(tcpWire('tcp://[::1]:1', clock).open(signal)).rejects.toMatchObject({
    message: expect.stringContaining('::1'),
  });
});

test('it is always worth a try, unless we are to stop', async () => {
  await expect(tcpWire(url, clock).whenPresent(signal)).resolves.toBeUndefined();
  await expect(tcpWire(url, clock).whenPresent(AbortSignal.abort(new Error('SIGTERM')))).rejects.toThrow('SIGTERM');
});
