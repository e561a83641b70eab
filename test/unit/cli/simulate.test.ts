import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CliContext } from '../../../src/app/context.ts';
import { runCli } from '../../../src/cli/program.ts';
import { Redactor } from '../../../src/kernel/redactor.ts';
import { SIMULATED_MODELS } from '../../../src/cli/simulate.ts';
import { MODEL_NAMES } from '../../../src/simulator/options.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';

const METER = 'FE80:0000:0000:0000:021C:6400:030C:12A4';
const ID = '00112233445566778899AABBCCDDEEFF';
const PASSWORD = '0123456789AB';
const JOIN = `SKSREG SFE 0\r\nSKSETPWD C ${PASSWORD}\r\nSKSETRBID ${ID}\r\nSKSREG S2 33\r\nSKSREG S3 12A4\r\nSKJOIN ${METER}\r\n`;
const GET_POWER = Buffer.concat([
  Buffer.from(`SKSENDTO 1 ${METER} 0E1A 1 0 000E `),
  Buffer.from('1081000105FF010288016201E700', 'hex'),
]);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simulate-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** One run of the command line with a wire of our own for standard input and output. */
class Run {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly ending = new AbortController();
  heard = '';
  told = '';
  readonly exitCode: Promise<number>;

  constructor(...args: string[]) {
    this.stdout.on('data', (chunk: Buffer) => (this.heard += chunk.toString('latin1')));
    const context: CliContext = {
      env: {},
      stdin: this.stdin,
      stdout: this.stdout,
      stderr: { write: (text) => (this.told += text) },
      language: 'en',
      redactor: new Redactor(),
      signal: this.ending.signal,
    };
    this.exitCode = runCli(['simulate', ...args], context);
  }
}

test('the models of the help are those of the simulator', () => {
  expect([...SIMULATED_MODELS].sort()).toEqual([...MODEL_NAMES].sort());
});

test('standard output carries the wire and nothing else; the end of input ends it with 0', async () => {
  const run = new Run('--model', 'BP35A1', '--time-factor', '100');
  run.stdin.end('SKVER\r\n');
  expect(await run.exitCode).toBe(0);
  expect(run.heard).toBe('SKVER\r\nEVER 1.2.10\r\nOK\r\n');
  expect(run.told).toBe('');
});

test('SIGTERM ends it with 0', async () => {
  const run = new Run();
  run.ending.abort(new Error('SIGTERM'));
  expect(await run.exitCode).toBe(0);
});

test('what the meter answered is appended to the truth', async () => {
  const truth = join(folder, 'truth.jsonl');
  const run = new Run('--time-factor', '100', '--truth', truth, '--payload', 'ascii');
  run.stdin.write(JOIN);
  await eventually(() => run.heard.includes('EVENT 25'), 'the join');
  run.stdin.write(GET_POWER);
  const [, edt] = await eventually(() => /7201E704([0-9A-F]{8})/.exec(run.heard) ?? undefined, 'the answer');
  run.stdin.end();
  await run.exitCode;
  const [line = ''] = (await readFile(truth, 'utf8')).split('\n');
  expect(JSON.parse(line)).toEqual({
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
    epc: 'E7',
    edt,
  });
});

test('a script plays, and pulling the stick out ends it', async () => {
  const script = join(folder, 'faults.txt');
  await writeFile(script, '{"on": "SKVER", "fault": "fail-code", "code": 9}\n{"on": "SKINFO", "fault": "port-lost"}\n');
  const run = new Run('--script', script, '--time-factor', '100');
  run.stdin.write('SKSREG SFE 0\r\nSKVER\r\n');
  await eventually(() => run.heard.includes('FAIL ER09'), 'the fault');
  run.stdin.write('SKINFO\r\n');
  expect(await run.exitCode).toBe(0);
  expect(run.heard).not.toContain('EINFO');
});

test('over TCP: one host at a time, and the session outlives the connection', async () => {
  const port = await freePort();
  const run = new Run('--listen', `127.0.0.1:${port}`, '--time-factor', '100', '--payload', 'ascii');
  await eventually(() => run.told.includes(`tcp://127.0.0.1:${port}`), 'the port');
  const open = (): { socket: Socket; text: () => string } => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    return { socket, text: () => text };
  };
  const first = open();
  first.socket.write(JOIN);
  await eventually(() => first.text().includes('EVENT 25'), 'the join');
  const second = open();
  await once(second.socket, 'close'); // turned away
  first.socket.destroy();
  let third: ReturnType<typeof open> | undefined;
  await eventually(() => {
    if (third && !third.socket.destroyed) return third.text().includes('7201E704');
    third = open(); // turned away as long as the end of the first is not noticed
    third.socket.write(GET_POWER);
    return false;
  }, 'the answer in the same session');
  third?.socket.destroy();
  run.ending.abort(new Error('SIGTERM'));
  expect(await run.exitCode).toBe(0);
  expect(run.heard).toBe('');
});

test.each([
  [['--unit', '07'], /--unit.*0A to 0D/s],
  [['--time-factor', '0'], /--time-factor.*0.01/s],
  [['--seed', '1.5'], /--seed.*whole/s],
  [['--coefficient', '-1'], /--coefficient/],
  [['--route-b-id', 'short'], /--route-b-id.*32 characters/s],
  [['--model', 'BP99'], /choose one of BP35A1/],
  [['--listen', 'nowhere'], /--listen.*127\.0\.0\.1:4000/s],
  [['--stdio', '--listen', '127.0.0.1:1'], /exclude each other/],
  [['--script', '/nonexistent/faults'], /cannot be read/],
] as const)('%j is told and ends with 64', async (args, message) => {
  const run = new Run(...args);
  run.stdin.end();
  expect(await run.exitCode).toBe(64);
  expect(run.told).toMatch(message);
  expect(run.told).not.toMatch(/short\b.*\[USAGE\]/);
  expect(run.heard).toBe('');
});

test('a bad script is told with its line and the names there are', async () => {
  const script = join(folder, 'faults.txt');
  await writeFile(script, '\n{"fault": "meteor"}\n');
  const run = new Run('--script', script);
  expect(await run.exitCode).toBe(64);
  expect(run.told).toMatch(/line 2: .*session-lost/);
});
