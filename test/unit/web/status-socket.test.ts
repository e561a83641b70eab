import { linkSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { parseStatus, publishedError } from '../../../src/app/ask/bridge-status.ts';
import { BridgeError } from '../../../src/kernel/errors.ts';
import { LANGUAGES } from '../../../src/kernel/language.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import { Redactor } from '../../../src/kernel/redactor.ts';
import { LONGEST_PATH } from '../../../src/store/local-socket.ts';
import { openStatusSocket } from '../../../src/web/status-socket.ts';
import type { SocketStatus } from '../../../src/web/status-socket.ts';
import { boardOf } from '../../support/board-rig.ts';
import { canaries, sightings } from '../../support/canary.ts';
import { eventually } from '../../support/eventually.ts';
import { logLines } from '../../support/log-lines.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })));

function rig(folder = mkdtempSync(join(tmpdir(), 'socket-')), clock: typeof systemClock = systemClock) {
  folders.push(folder);
  const { log, lines } = logLines();
  const late: string[] = [];
  const redactor = new Redactor();
  const board = boardOf({ clock, version: '1.2.3' });
  const path = join(folder, 'broute2mqtt.sock');
  const open = (at = path) => openStatusSocket({ path: at, board, pid: 4711, late: () => late, clock, log, redactor });
  return { folder, path, board, redactor, lines, late, open };
}

/** Everything that comes until the other side ends. */
function listen(path: string, say?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let text = '';
    if (say !== undefined) socket.write(say);
    socket.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    socket.once('error', reject).once('close', () => resolve(text));
  });
}

/** The file of a bridge that was killed. */
async function leaveBehind(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.was`, resolve));
  linkSync(`${path}.was`, path);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  expect(existsSync(path)).toBe(true);
}

test('whoever connects is given the snapshot and the end; the file is for our user alone', async () => {
  const { path, board, open } = rig();
  const socket = await open();
  board.accept({ kind: 'reading', meter: 'home', reading: { atMs: Date.now(), powerW: -42, currentRA: 1.5 } });
  const status = JSON.parse(await listen(path)) as SocketStatus;
  expect(status).toMatchObject({ version: '1.2.3', pid: 4711 });
  expect(status.meters[0]?.last_answer).toEqual({
    meter: 'home',
    time: expect.stringMatching(/^\d{4}-.*[+-]\d\d:\d\d$/) as string,
    power: -42,
    current_r: 1.5,
  });
  expect(JSON.parse(await listen(path, 'GET / HTTP/1.1\r\n\r\n'))).toMatchObject({ pid: 4711 });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await socket?.[Symbol.asyncDispose]();
  expect(existsSync(path)).toBe(false);
});

test('no secret passes, whatever an error quotes', async () => {
  const { path, board, redactor, open } = rig();
  for (const secret of Object.values(canaries)) redactor.add(secret);
  const message = `FAIL ER06 after SKSETPWD C ${canaries.routeBPassword}, ${encodeURIComponent(canaries.httpToken)}`;
  board.accept({
    kind: 'status',
    meter: 'home',
    status: { phase: 'waiting', sinceMs: 0, reconnects: 0, error: new BridgeError('COMMAND_REFUSED', message) },
  });
  await using socket = await open();
  expect(socket).toBeDefined();
  const text = await listen(path);
  expect(text).toContain('FAIL ER06 after SKSETPWD C [redacted]');
  expect(sightings({ text })).toEqual([]);
});

test('a failure is read in either language, whatever the bridge’s own is', async () => {
  const { path, board, open } = rig();
  const error = new BridgeError('JOIN_REFUSED', { en: 'the meter refused the join', ja: '接続を拒否されました' });
  board.accept({ kind: 'status', meter: 'home', status: { phase: 'waiting', sinceMs: 0, reconnects: 0, error } });
  await using socket = await open();
  expect(socket).toBeDefined();
  const read = publishedError(parseStatus(await listen(path))?.meters[0]?.error);
  for (const language of LANGUAGES) {
    expect(read?.text(language)).toBe(error.text(language));
    expect(read?.hint(language)).toBe(error.hint(language));
  }
});

test('what a killed bridge left behind is replaced', async () => {
  const { path, lines, open } = rig();
  await leaveBehind(path);
  await using socket = await open();
  expect(socket).toBeDefined();
  expect(JSON.parse(await listen(path))).toMatchObject({ pid: 4711 });
  expect(lines).toEqual([]);
});

test('tells who is stuck', async () => {
  const { path, late, open } = rig();
  await using socket = await open();
  expect(socket).toBeDefined();
  expect(JSON.parse(await listen(path))).toMatchObject({ late: [] });
  late.push('meter home: no progress, overdue for 3 s');
  expect(JSON.parse(await listen(path))).toMatchObject({ late });
});

test('what is no socket is not ours to remove', async () => {
  const { path, lines, open } = rig();
  writeFileSync(path, 'mine');
  expect(await open()).toBeUndefined();
  expect(readFileSync(path, 'utf8')).toBe('mine');
  expect(lines).toMatchObject([{ level: 'warn', msg: expect.stringContaining('no status socket') as string }]);
});

test('another bridge with the same state_dir keeps its socket; the log says so', async () => {
  const { folder, path, open } = rig();
  await using first = await open();
  expect(first).toBeDefined();
  const second = rig(folder);
  expect(await second.open()).toBeUndefined();
  expect(second.lines).toMatchObject([
    { level: 'error', path, msg: expect.stringContaining('another bridge') as string },
  ]);
  expect(JSON.parse(await listen(path))).toMatchObject({ pid: 4711 });
});

test('a path that is too long for a socket is a warning', async () => {
  const { folder, lines, open } = rig();
  const long = join(folder, 'x'.repeat(LONGEST_PATH));
  expect(await open(long)).toBeUndefined();
  expect(lines).toMatchObject([
    { level: 'warn', reason: expect.stringContaining('choose a shorter state_dir') as string },
  ]);
});

test('a path of 107 bytes still serves', async () => {
  const { folder, open } = rig();
  const path = join(folder, 'x'.repeat(LONGEST_PATH - folder.length - 1));
  await using socket = await open(path);
  expect(socket).toBeDefined();
  expect(JSON.parse(await listen(path))).toMatchObject({ pid: 4711 });
});

test('a state_dir that cannot be written is a warning', async () => {
  const { folder, lines, open } = rig();
  writeFileSync(join(folder, 'file'), '');
  expect(await open(join(folder, 'file', 'broute2mqtt.sock'))).toBeUndefined();
  expect(lines).toMatchObject([{ level: 'warn', msg: expect.stringContaining('no status socket') as string }]);
});

test('many clients that only hold on are let go of, and the next one is served', async () => {
  const clock = new VirtualClock();
  const { path, open } = rig(undefined, clock);
  const socket = await open();
  const clients = Array.from({ length: 40 }, () => connect({ path, allowHalfOpen: true }));
  const closed = (): number => clients.filter((client) => client.closed).length;
  for (const client of clients) client.on('error', () => undefined).resume();
  await eventually(() => clients.every((client) => !client.connecting), 'all connected');
  await clock.advance(2000);
  for (const client of clients) client.end();
  await eventually(() => closed() === clients.length, 'all gone');
  expect(JSON.parse(await listen(path))).toMatchObject({ pid: 4711 });
  await socket?.[Symbol.asyncDispose]();
  expect(clock.sleepers).toBe(0);
});

test('ends at once although somebody holds on', async () => {
  const { path, open } = rig(undefined, new VirtualClock());
  const socket = await open();
  const client = connect({ path, allowHalfOpen: true });
  client.pause();
  await eventually(() => !client.connecting, 'connected');
  await socket?.[Symbol.asyncDispose]();
  client.destroy();
  expect(existsSync(path)).toBe(false);
});
