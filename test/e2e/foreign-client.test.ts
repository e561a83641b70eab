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
 * Other programs' clients, unmodified, read our simulated stick: what we misread in the protocol ourselves would show
 * here. momonga (PyPI, MIT; SKSTACK) and broute-j11 (PyPI, MIT; J11; Python 3.11 and up) open a pty that socat puts around
 * `broute2mqtt simulate`.
 */
const MOMONGA = 'momonga==0.7.0';
const BROUTE_J11 = 'broute-j11==0.1.0';
/** A system package, not one of npm's. */
const SOCAT = 'socat';
const ID = '00112233445566778899AABBCCDDEEFF';
const PASSWORD = '0123456789AB';
const main = join(import.meta.dirname, '../../dist/cli/main.js');
const venvOf = (requirement: string): string =>
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'broute2mqtt-test', requirement);
const pythonOf = (requirement: string): string => join(venvOf(requirement), 'bin/python');
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

const j11Script = `
import asyncio, json, sys
from broute_j11 import J11Session, SerialTransport, SessionConfig

async def main():
    config = SessionConfig(auth_id='${ID}', password='${PASSWORD}')
    async with J11Session(SerialTransport(sys.argv[1]), config) as session:
        reading = await session.async_read_meter()
        link = session.link
        print(json.dumps({
            'power': reading.instantaneous_power,
            'currents': [float(reading.current_r_phase), float(reading.current_t_phase)],
            'bought': float(reading.cumulative_forward_energy),
            'sold': float(reading.cumulative_reverse_energy),
            'link': [link.channel, link.pan_id, link.mac_address.hex(), str(link.address), link.rssi, link.firmware_version],
            'timeouts': session.stats.timeouts,
        }))

asyncio.run(main())
`;

async function install(requirement: string): Promise<void> {
  const venv = venvOf(requirement);
  if (existsSync(join(venv, 'ready'))) return;
  await mkdir(venv, { recursive: true });
  await run('python3', ['-m', 'venv', venv]);
  await run(pythonOf(requirement), ['-m', 'pip', 'install', '--quiet', requirement]);
  await writeFile(join(venv, 'ready'), '');
}

beforeAll(async () => {
  await install(MOMONGA);
  await install(BROUTE_J11);
}, 300_000);

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill();
  await gone;
}

interface Truth {
  readonly epc: string;
  readonly edt: string;
}

/** Runs a program against a simulated stick. @returns what it printed, and the last value the meter gave of an EPC. */
async function read(
  requirement: string,
  text: string,
  model: string,
): Promise<{ reading: unknown; last: (epc: string) => Buffer }> {
  const folder = await mkdtemp(join(tmpdir(), 'foreign-'));
  const [stick, truth] = [join(folder, 'stick'), join(folder, 'truth.jsonl')];
  await writeFile(join(folder, 'read.py'), text);
  const simulate = `${process.execPath} ${main} simulate --model ${model} --time-factor 10 --solar --route-b-id ${ID} --route-b-password ${PASSWORD} --truth ${truth}`;
  const socat = spawn(SOCAT, [`PTY,link=${stick},rawer`, `EXEC:${simulate}`], { stdio: 'ignore' });
  try {
    await eventually(() => existsSync(stick), 'the pty', 10_000);
    const { stdout } = await run(pythonOf(requirement), [join(folder, 'read.py'), stick], { timeout: 90_000 });
    const answered = readFileSync(truth, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Truth);
    const last = (epc: string): Buffer =>
      Buffer.from(answered.findLast((answer) => answer.epc === epc)?.edt ?? '', 'hex');
    return { reading: JSON.parse(stdout) as unknown, last };
  } finally {
    await stop(socat);
    await rm(folder, { recursive: true, force: true });
  }
}

// Side by side: momonga itself pauses for some 15 s after a join.
test.concurrent.each(['BP35A1', 'RL7023-IPS', 'BP35C2', 'RL7023-DSS'])(
  'momonga reads a simulated %s',
  async (model) => {
    const { reading: printed, last } = await read(MOMONGA, script, model);
    const reading = printed as Reading;
    expect(reading.power).toBe(last('E7').readInt32BE());
    expect(reading.currents['r phase current']).toBeCloseTo(last('E8').readInt16BE(0) / 10);
    expect(reading.currents['t phase current']).toBeCloseTo(last('E8').readInt16BE(2) / 10);
    expect(reading.bought).toBeCloseTo(last('E0').readUInt32BE() / 10);
    expect(reading.sold).toBeCloseTo(last('E3').readUInt32BE() / 10);
    expect(reading).toMatchObject({ maker: '000016', history: 48 });
    expect(reading.map).toContain(0xe7);
  },
  150_000,
);

interface J11Reading {
  readonly power: number;
  readonly currents: readonly number[];
  readonly bought: number;
  readonly sold: number;
  readonly link: readonly (string | number)[];
  readonly timeouts: number;
}

test.concurrent.each(['RS-WSUHA-J11', 'BP35C2-J11'])(
  'broute-j11 reads a simulated %s',
  async (model) => {
    const { reading: printed, last } = await read(BROUTE_J11, j11Script, model);
    const reading = printed as J11Reading;
    expect(reading.power).toBe(last('E7').readInt32BE());
    expect(reading.currents[0]).toBeCloseTo(last('E8').readInt16BE(0) / 10);
    expect(reading.currents[1]).toBeCloseTo(last('E8').readInt16BE(2) / 10);
    expect(reading.bought).toBeCloseTo(last('E0').readUInt32BE() / 10);
    expect(reading.sold).toBeCloseTo(last('E3').readUInt32BE() / 10);
    expect(reading.link).toEqual([13, 0x12a4, '001c6400030c12a4', 'fe80::21c:6400:30c:12a4', -49, '1.3.5514']);
    expect(reading.timeouts).toBe(0);
  },
  150_000,
);
