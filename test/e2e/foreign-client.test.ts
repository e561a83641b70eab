import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';

/**
 * Another program's client, unmodified, reads our simulated stick: what we misread in the protocol ourselves would show
 * here. momonga (PyPI, MIT) opens a pty that socat puts around `broute2mqtt simulate`.
 */
const MOMONGA = 'momonga==0.7.0';
/** A system package, not one of npm's. */
const SOCAT = 'socat';
const ID = '00112233445566778899AABBCCDDEEFF';
const PASSWORD = '0123456789AB';
const main = join(import.meta.dirname, '../../dist/cli/main.js');
const venv = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'broute2mqtt-test', MOMONGA);
const python = join(venv, 'bin/python');
const run = promisify(execFile);

const script = `
import json, sys, momonga
with momonga.Momonga('${ID}', '${PASSWORD}', sys.argv[1]) as meter:
    meter.set_day_for_historical_data_1(1)
    history = meter.get_historical_cumulative_energy_1(1)
    print(json.dumps({
        'power': meter.get_instantaneous_power(),
        'currents': meter.get_instantaneous_current(),
        'bought': meter.get_measured_cumulative_energy(),
        'sold': meter.get_measured_cumulative_energy(reverse=True),
        'maker': meter.get_manufacturer_code().hex(),
        'map': sorted(int(code) for code in meter.get_properties_to_get_values()),
        'history': len(history),
    }))
`;

interface Reading {
  readonly power: number;
  readonly currents: Readonly<Record<string, number>>;
  readonly bought: number;
  readonly sold: number;
  readonly maker: string;
  readonly map: readonly number[];
  readonly history: number;
}

beforeAll(async () => {
  if (existsSync(join(venv, 'ready'))) return;
  await mkdir(venv, { recursive: true });
  await run('python3', ['-m', 'venv', venv]);
  await run(python, ['-m', 'pip', 'install', '--quiet', MOMONGA]);
  await writeFile(join(venv, 'ready'), '');
}, 300_000);

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill();
  await gone;
}

// Side by side: momonga itself pauses for some 15 s after a join.
test.concurrent.each(['BP35A1', 'RL7023-IPS', 'BP35C2', 'RL7023-DSS'])(
  'momonga reads a simulated %s',
  async (model) => {
    const folder = await mkdtemp(join(tmpdir(), 'foreign-'));
    const stick = join(folder, 'stick');
    const truth = join(folder, 'truth.jsonl');
    await writeFile(join(folder, 'read.py'), script);
    const simulate = `${process.execPath} ${main} simulate --model ${model} --time-factor 10 --solar --route-b-id ${ID} --route-b-password ${PASSWORD} --truth ${truth}`;
    const socat = spawn(SOCAT, [`PTY,link=${stick},rawer`, `EXEC:${simulate}`], { stdio: 'ignore' });
    try {
      await eventually(() => existsSync(stick), 'the pty', 10_000);
      const { stdout } = await run(python, [join(folder, 'read.py'), stick], { timeout: 90_000 });
      const reading = JSON.parse(stdout) as Reading;
      const answered = readFileSync(truth, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { readonly epc: string; readonly edt: string });
      const last = (epc: string): Buffer =>
        Buffer.from(answered.findLast((answer) => answer.epc === epc)?.edt ?? '', 'hex');
      expect(reading.power).toBe(last('E7').readInt32BE());
      expect(reading.currents['r phase current']).toBeCloseTo(last('E8').readInt16BE(0) / 10);
      expect(reading.currents['t phase current']).toBeCloseTo(last('E8').readInt16BE(2) / 10);
      expect(reading.bought).toBeCloseTo(last('E0').readUInt32BE() / 10);
      expect(reading.sold).toBeCloseTo(last('E3').readUInt32BE() / 10);
      expect(reading).toMatchObject({ maker: '000016', history: 48 });
      expect(reading.map).toContain(0xe7);
    } finally {
      await stop(socat);
      await rm(folder, { recursive: true, force: true });
    }
  },
  150_000,
);
