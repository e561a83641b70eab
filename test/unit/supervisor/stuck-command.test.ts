import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../src/kernel/clock.ts';
import { stuckCommand } from '../../../src/supervisor/stuck-command.ts';
import { logLines } from '../../support/log-lines.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stuck-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const unhurried = (): AbortSignal => new AbortController().signal;
const at = { id: 'home', device: '/dev/ttyUSB0' };

test('it runs the program without a shell, with the meter and nothing else of our environment', async () => {
  process.env['CANARY_SECRET'] = 'hunter2';
  const out = join(folder, 'out');
  const script =
    'require("fs").writeFileSync(process.argv[1], JSON.stringify([process.env, process.argv[2]])); console.log("done")';
  const { log, lines } = logLines();
  await stuckCommand([process.execPath, '-e', script, out, '$HOME; rm -rf x'], at, systemClock, log)(unhurried());
  const [env, argument] = JSON.parse(readFileSync(out, 'utf8')) as [Record<string, string>, string];
  expect(argument).toBe('$HOME; rm -rf x');
  expect(env).toMatchObject({ BROUTE2MQTT_METER: 'home', BROUTE2MQTT_DEVICE: '/dev/ttyUSB0' });
  expect(env).not.toHaveProperty('CANARY_SECRET');
  expect(lines.at(-1)).toMatchObject({ exitCode: 0, output: 'done' });
});

test('a program that is not there is told and stops nothing', async () => {
  const { log, lines } = logLines();
  await stuckCommand(['/no/such/program'], at, systemClock, log)(unhurried());
  expect(lines.at(-1)?.msg).toContain('check meters[].on_stuck_command');
});

test('a program that hangs is killed after a minute', async () => {
  const clock = new VirtualClock();
  const { log, lines } = logLines();
  const ended = stuckCommand([process.execPath, '-e', 'setInterval(() => 0, 1000)'], at, clock, log)(unhurried());
  await clock.advance(60_000);
  await ended;
  expect(JSON.stringify(lines.at(-1))).toContain('did not end within 60 s');
  expect(clock.sleepers).toBe(0);
});

test('a stop ends it at once', async () => {
  const ending = new AbortController();
  const { log } = logLines();
  const run = stuckCommand([process.execPath, '-e', 'setInterval(() => 0, 1000)'], at, systemClock, log)(ending.signal);
  ending.abort(new Error('SIGTERM'));
  await expect(run).rejects.toThrow('SIGTERM');
});

test('no argument reaches the log, neither by us nor by the program nor by an error', async () => {
  const { log, lines } = logLines();
  const secret = 'hunter2-of-the-plug';
  const says = 'console.log(process.argv[1]); console.error(process.argv[1].split("=")[1]); process.exitCode = 3';
  const argvs = [
    [process.execPath, '-e', says, '--', `--token=${secret}`],
    ['/no/such/program', secret],
    [process.execPath, `${secret}\0`],
  ];
  for (const argv of argvs) await stuckCommand(argv, at, systemClock, log)(unhurried());
  const written = JSON.stringify(lines);
  expect(written).not.toContain('hunter2');
  expect(lines[0]).toMatchObject({ program: process.execPath });
  expect(lines[1]).toMatchObject({ program: process.execPath, exitCode: 3 });
  expect(lines.at(-1)?.msg).toContain('check meters[].on_stuck_command');
});
