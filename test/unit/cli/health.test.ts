import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { socketPath } from '../../../src/app/ask/bridge-status.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import { Redactor } from '../../../src/kernel/redactor.ts';
import { openStatusSocket } from '../../../src/web/status-socket.ts';
import { boardOf } from '../../support/board-rig.ts';
import { logLines } from '../../support/log-lines.ts';
import { WebRig } from '../../support/web-rig.ts';
import { cli } from './run.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'health-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const socket = (late: readonly string[]) =>
  openStatusSocket({
    path: socketPath(folder),
    board: boardOf({ clock: systemClock }),
    pid: 1,
    late: () => late,
    clock: systemClock,
    log: logLines().log,
    redactor: new Redactor(),
  });

function config(more: Readonly<Record<string, unknown>>): string {
  const path = join(folder, 'config.yaml');
  const ids = { route_b_id: '0123456789ABCDEF0123456789ABCDEF', route_b_password: 'ABCDEFGHIJKL' };
  const meters = [{ id: 'home', device: '/dev/none', ...ids }];
  writeFileSync(path, JSON.stringify({ meters, ...more }), { mode: 0o600 });
  return path;
}

const stuck = 'mqtt home deadlines: no progress, overdue for 3 s';

test.each([
  [[], 0],
  [[stuck], 69],
] as const)(
  'the socket in BROUTE2MQTT_STATE_DIR is asked, whatever the configuration: late %j ends with %i',
  async (late, code) => {
    await using open = await socket(late);
    expect(open).toBeDefined();
    const { exitCode, stderr } = await cli(['health'], { env: { BROUTE2MQTT_STATE_DIR: folder } });
    expect([exitCode, stderr.trim()]).toEqual([code, late.join()]);
  },
);

test('the socket in the state_dir of its own configuration', async () => {
  await using open = await socket([]);
  expect(open).toBeDefined();
  const path = config({ state_dir: folder, mqtt: { url: 'mqtt://127.0.0.1:1' } });
  expect((await cli(['health', '--config', path])).exitCode).toBe(0);
});

test('/livez at its own http.listen, without the token, where there is no socket', async () => {
  await using rig = await WebRig.start({ token: 'a-token-of-its-own' });
  const path = config({ http: { listen: new URL(rig.address).host, token: 'a-token-of-its-own' } });
  expect((await cli(['health', '--config', path])).exitCode).toBe(0);
  rig.late = [stuck];
  const { exitCode, stderr } = await cli(['health', '--config', path]);
  expect([exitCode, stderr]).toEqual([69, `${stuck}\n`]);
});

test('nobody there: 69 and where it was looked; a wrong configuration: 78', async () => {
  const path = config({ state_dir: folder, http: { listen: '127.0.0.1:1' } });
  const { exitCode, stderr } = await cli(['health', '--config', path]);
  expect([exitCode, stderr]).toEqual([69, expect.stringContaining('state_dir')]);
  expect((await cli(['health', '--config', join(folder, 'none.yaml')])).exitCode).toBe(78);
});
