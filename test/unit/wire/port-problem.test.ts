import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { portProblem } from '../../../src/wire/port-problem.ts';

const cause = new Error('Cannot open');
let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'port-'))));
afterEach(async () => await rm(folder, { recursive: true, force: true }));

test('a path that is not there is missing', async () => {
  const problem = await portProblem(join(folder, 'ttyUSB0'), cause);
  expect(problem).toMatchObject({ code: 'PORT_MISSING', message: expect.stringContaining('ENOENT'), cause });
});

test('a regular file and a folder are no serial ports', async () => {
  await writeFile(join(folder, 'file'), '');
  for (const path of [join(folder, 'file'), folder]) {
    const problem = await portProblem(path, cause);
    expect(problem).toMatchObject({ code: 'PORT_FAILED', message: expect.stringContaining('not a serial port') });
    const ja = `${path}: シリアルポートとして開けません（シリアルポートではありません） [PORT_FAILED]`;
    expect(problem.text('ja')).toBe(ja);
  }
});

test('what opens, but not for us, is in use', async () => {
  expect(await portProblem('/dev/full', cause)).toMatchObject({
    code: 'PORT_BUSY',
    message: expect.stringContaining('/dev/full'),
  });
});

/** Root may open everything: another user has to try. */
const asNobody = process.getuid?.() === 0;
function triedByNobody(path: string): { code: string; message: string; en: string; ja: string } {
  const module = new URL('../../../src/wire/port-problem.ts', import.meta.url).href;
  const script = `const { portProblem } = await import(${JSON.stringify(module)});
    const problem = await portProblem(${JSON.stringify(path)}, undefined);
    console.log(JSON.stringify({ code: problem.code, message: problem.message, en: problem.hint('en'), ja: problem.hint('ja') }));`;
  const tsx = new URL('../../../node_modules/tsx/dist/loader.mjs', import.meta.url).href;
  const args = ['--import', tsx, '--input-type=module', '-e', script];
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    uid: 65_534,
    gid: 65_534,
    encoding: 'utf8',
    env: { ...process.env, TMPDIR: folder },
  });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as ReturnType<typeof triedByNobody>;
}

test.skipIf(!asNobody || !existsSync('/dev/console'))(
  'a device of another user is denied: whose it is, who we are, and the line that mends it (needs root to become nobody)',
  async () => {
    await chmod(folder, 0o777);
    const problem = triedByNobody('/dev/console');
    expect(problem.code).toBe('PORT_DENIED');
    expect(problem.message).toMatch(/owner \d+, group \d+ \(\w+\), mode 0\d{3}; we are uid 65534, groups/);
    for (const hint of [problem.en, problem.ja]) {
      expect(hint).toContain('devices: ["/dev/console:/dev/console"], group_add: ["');
      expect(hint).toContain('SupplementaryGroups=');
      expect(hint).toContain('usermod -aG');
    }
  },
);

test.skipIf(!asNobody)('a folder that may not be entered is denied too (needs root to become nobody)', async () => {
  const closed = await mkdtemp(join(tmpdir(), 'closed-'));
  await chmod(folder, 0o777);
  try {
    const problem = triedByNobody(join(closed, 'ttyUSB0'));
    expect(problem).toMatchObject({ code: 'PORT_DENIED', message: expect.stringContaining('owner and mode unknown') });
  } finally {
    await rm(closed, { recursive: true });
  }
});

test('the program that has the port open is named, and how to stop it', async () => {
  const descriptor = openSync('/dev/full', 'r');
  const holder = spawn('sleep', ['30'], { stdio: [descriptor, 'ignore', 'ignore'] });
  closeSync(descriptor);
  try {
    const named = async () => await portProblem('/dev/full', cause);
    await vi.waitFor(async () => expect((await named()).message).toContain(`used by sleep (pid ${holder.pid})`));
    const problem = await named();
    expect(problem.hint('en')).toContain(`kill ${holder.pid}`);
    expect(problem.hint('ja')).toContain(`kill ${holder.pid}`);
  } finally {
    holder.kill();
  }
});
