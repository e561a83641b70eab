import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commandBlock, fencedBlocks, fileBlock, substituted } from '../support/fenced-blocks.ts';
import { engine, freePort, freshClone, mustEngine, plugIn, requireEngine, until } from './harness.ts';
import type { Outcome } from './harness.ts';

const container = `b2mmigrating${process.pid}`;

/** The steps of docs/migrating.md, whose `.env` has what smartmeter-exporter's README has: quotes, which Docker keeps, and a remark behind a value. */
const blocks = fencedBlocks('migrating.md');

let clone: string;
beforeAll(async () => {
  await requireEngine();
  clone = await freshClone();
});
afterAll(async () => {
  await engine(['podman', 'rm', '--force', '--volumes', container]);
  await rm(clone, { recursive: true, force: true });
});

const log = async (): Promise<string> => (await engine(['podman', 'logs', container])).text;
const shell = async (text: string): Promise<Outcome> =>
  engine(['bash', '-euo', 'pipefail', '-c', text], { cwd: clone, timeoutMs: 300_000 });

/** What the page says, with Podman for Docker. A pty cannot be passed as a device, so it is bound under its name and allowed by a rule. */
const asHere = (pty: string, port: number): Record<string, string> => ({
  'docker build -t broute2mqtt': 'podman build --network host --pull=never -t localhost/broute2mqtt',
  'docker run': 'podman run --pull=never',
  '--name broute2mqtt': `--name ${container}`,
  '-p 8000:8000': `-p 127.0.0.1:${port}:8000`,
  '--device=/dev/ttyUSB0:/dev/ttyUSB0': `--volume ${pty}:/dev/ttyUSB0 --device-cgroup-rule 'c 136:* rmw'`,
});

const gauges = (text: string): Record<string, number> =>
  Object.fromEntries(
    [...text.matchAll(/^(power_consumption_\w+) (\S+)$/gm)].map(([, name, value]) => [name, Number(value)]),
  );

test('in the place of smartmeter-exporter: its command line, its environment file, its three metrics', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'migrating-'));
  const truth = join(folder, 'truth');
  const id = ['--route-b-id', '0123456789ABCDEF0123456789ABCDEF', '--route-b-password', 'ABCDEFGHIJKL'];
  await using stick = await plugIn({ args: [...id, '--truth', truth] });
  await writeFile(join(clone, '.env'), fileBlock(blocks, '.env'), { mode: 0o600 });
  const port = await freePort();
  const started = await shell(substituted(commandBlock(blocks, 'docker run'), asHere(stick.pty, port)));
  expect(started.code, started.text).toBe(0);
  const ask = substituted(commandBlock(blocks, 'curl'), { 'localhost:8000': `127.0.0.1:${port}` });
  const text = await until('the metrics of a reading', 60_000, async () => {
    const { code, stdout } = await shell(ask);
    return code === 0 ? stdout : undefined;
  }).catch(async (error: unknown) => {
    throw new Error(`${String(error)}\n${await log()}`, { cause: error });
  });
  const get = async (path: string): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`);

  expect(Object.keys(gauges(text)).sort()).toEqual([
    'power_consumption_ampare_r',
    'power_consumption_ampare_t',
    'power_consumption_watt',
  ]);
  const { power_consumption_watt: watt, power_consumption_ampare_r: r, power_consumption_ampare_t: t } = gauges(text);
  const answered = (await readFile(truth, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly epc: string; readonly edt: string });
  const edts = (epc: string): Buffer[] =>
    answered.filter((value) => value.epc === epc).map(({ edt }) => Buffer.from(edt, 'hex'));
  expect(edts('E7').map((edt) => edt.readInt32BE())).toContain(watt);
  expect(edts('E8').map((edt) => [edt.readInt16BE(0) * 100, edt.readInt16BE(2) * 100])).toContainEqual([r, t]);

  expect((await get('/healthz')).status).toBe(200);
  expect((await get('/')).status).toBe(404);
  expect((await engine(['podman', 'healthcheck', 'run', container])).code).toBe(0);
  const said = await log();
  expect(said).not.toMatch(/0123456789ABCDEF|ABCDEFGHIJKL/);
  expect(said).not.toContain('"level":"debug"');
  await mustEngine(['podman', 'stop', container]);
  const { stdout } = await mustEngine(['podman', 'inspect', '-f', '{{.State.ExitCode}}', container]);
  expect(stdout.trim()).toBe('0');
  await rm(folder, { recursive: true, force: true });
});
