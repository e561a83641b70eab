import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cli } from './run.ts';

let folder: string;
let config: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'record-'));
  config = join(folder, 'config.yaml');
  const meter = {
    id: 'home',
    device: join(folder, 'no-stick'),
    route_b_id: '0123456789ABCDEF0123456789ABCDEF',
    route_b_password: 'ABCDEFGHIJKL',
  };
  await writeFile(config, JSON.stringify({ meters: [meter], mqtt: { url: 'mqtt://127.0.0.1:1' } }), { mode: 0o600 });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const file = (name: string): string => join(folder, name);

test('record: an existing file is not touched without --force', async () => {
  await writeFile(file('a.txt'), 'mine');
  const { exitCode, stderr } = await cli(['record', file('a.txt'), '--config', config]);
  expect(exitCode).toBe(64);
  expect(stderr).toMatch(/a\.txt exists.*--force/s);
});

test('record: a folder that is not there is told before the radio is asked', async () => {
  const { exitCode, stderr } = await cli(['record', file('none/a.txt'), '--config', config]);
  expect(exitCode).toBe(64);
  expect(stderr).toContain('cannot be written');
});

test('record: without a stick it ends at once with 69', async () => {
  const { exitCode, stderr } = await cli(['record', file('a.txt'), '--config', config]);
  expect(exitCode).toBe(69);
  expect(stderr).toContain('[PORT_MISSING]');
});

test.each([
  [['record', 'x', '--duration', '0'], /--duration.*1 to 86400/s],
  [['record'], /argument file is missing/i],
  [['record', 'x', '--meter', 'attic'], /no meter of that id.*home/],
  [['replay'], /argument file is missing/i],
  [['replay', 'x', '--time-factor', '0'], /--time-factor/],
  [['replay', 'x', '--stdio', '--listen', '127.0.0.1:1'], /exclude each other/],
  [['replay', '/nonexistent/recording'], /cannot be read/],
])('%j is told and ends with 64', async (args, message) => {
  const { exitCode, stderr } = await cli([...args, '--config', config]);
  expect([exitCode, stderr]).toEqual([64, expect.stringMatching(message)]);
});

test.each([
  ['> SKVER\n< EVER 1.2.10\nOK\n', /bad\.txt:3: neither/],
  ['# format: broute2mqtt transcript 9\n> SKVER\n', /bad\.txt:1: .*newer version/],
  ['> {0D\n', /bad\.txt:1: .*hex/],
  ['', /bad\.txt:1: no line/],
  ['# edition: J11\n> {D0EA83FC00010004033E0000}\\c\n', /J11/],
])('replay: %j is refused with its line', async (text, message) => {
  await writeFile(file('bad.txt'), text);
  const { exitCode, stdout, stderr } = await cli(['replay', file('bad.txt')]);
  expect([exitCode, stdout, stderr]).toEqual([64, '', expect.stringMatching(message)]);
});

test('what is told is told in Japanese too', async () => {
  await writeFile(file('bad.txt'), 'SKVER\n');
  const { stderr } = await cli(['replay', file('bad.txt')], { language: 'ja' });
  expect(stderr).toContain('添付');
});
