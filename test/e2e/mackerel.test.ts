import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { canaries, sightings } from '../support/canary.ts';
import { Household } from '../support/household.ts';
import { Program } from '../support/program.ts';
import type { Stick } from '../support/stick.ts';

const plugin = new URL('../../dist/cli/mackerel-plugin.js', import.meta.url).pathname;
const { routeBId: ID, routeBPassword: PASSWORD } = canaries;
const login = ['--id', ID, '--password', PASSWORD];
/** The agent ends a plugin after this. */
const AGENT_LIMIT_MS = 30_000;

interface Run {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

/** A machine with a Mackerel agent: it runs the plugin in a folder of its own, with an environment of its own. */
class Agent implements AsyncDisposable {
  readonly folder: string;
  readonly #home: Household;

  static async on(home: Household): Promise<Agent> {
    return home.keep(new Agent(home, await mkdtemp(join(tmpdir(), 'agent-'))));
  }

  private constructor(home: Household, folder: string) {
    this.#home = home;
    this.folder = folder;
  }

  start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
    const own = { XDG_STATE_HOME: this.folder, BROUTE2MQTT_LANGUAGE: 'en', MACKEREL_AGENT_PLUGIN_META: '' };
    const program = new Program(process.execPath, [plugin, ...args], { cwd: this.folder, env: { ...own, ...env } });
    return this.#home.keep(program);
  }

  async run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Run> {
    const beganMs = performance.now();
    const program = this.start(args, env);
    const code = await program.ended;
    return { code, stdout: program.stdout, stderr: program.stderr, ms: performance.now() - beganMs };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true });
  }
}

/** What the agent takes out of a run (metrics/plugin.go of mackerel-agent): three fields, a number, "custom." before the key. */
function taken({ code, stdout, ms }: Run): Record<string, number> {
  expect(code).toBe(0);
  expect(ms).toBeLessThan(AGENT_LIMIT_MS);
  const fields = stdout.split('\n').map((line) => line.split(/\s+/).filter((field) => field !== ''));
  const metrics = fields.filter(({ length }) => length >= 3);
  return Object.fromEntries(metrics.map(([key, value]) => [`custom.${key}`, Number(value)]));
}

const registered = ['--route-b-id', ID, '--route-b-password', PASSWORD];
const stickOf = (home: Household): Promise<Stick> => home.stick({ args: registered });
const powers = (stick: Stick): number[] =>
  stick.truth().flatMap(({ epc, edt }) => (epc === 'E7' ? [edt.readInt32BE()] : []));
const counts = (stick: Stick): number[] => ['SKSCAN', 'SKJOIN', 'SKTERM'].map((name) => stick.heardTimes(name));

test('the line of mackerel-agent.conf as it was: reads, warns of the password, and the next minute finds it warm', async () => {
  await using home = new Household();
  const stick = await stickOf(home);
  const agent = await Agent.on(home);
  const line = ['--device', stick.path, ...login, '--dse', '-tempfile', '/nowhere/x', '-verbosity=1'];
  const first = await agent.run(line);
  const metrics = taken(first);
  expect(powers(stick)).toContain(metrics['custom.smartmeter.power.value']);
  expect(first.stdout).toMatch(
    /^smartmeter\.power\.value\t-?\d+\t\d{10}\nsmartmeter\.current\.r\t-?\d+(\.\d{6})?\t\d{10}\n/,
  );
  expect(first.stderr).toMatch(
    /^warning: the password of --password stands in the process list\..*--password-file FILE.*\n$/,
  );
  expect(first.stderr).not.toContain('[');
  const before = counts(stick);
  expect(before.slice(1)).toEqual([1, 0]);

  const second = await agent.run(line);
  expect(powers(stick)).toContain(taken(second)['custom.smartmeter.power.value']);
  expect(counts(stick)).toEqual(before);
  process.stdout.write(`plugin: cold ${Math.round(first.ms)} ms, warm ${Math.round(second.ms)} ms (radio 20x)\n`);

  const quiet = await agent.run([...line.slice(0, -1), '-verbosity=0']);
  expect(quiet.stderr).toBe('');
  const state = readdirSync(agent.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const kept = state.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8')).join('\n');
  expect(kept).toContain('macAddress');
  const output = [first, second, quiet].map(({ stdout, stderr }) => stdout + stderr).join('\n');
  expect(sightings({ output, kept })).toEqual([]);
});

test('secrets from files, another prefix, values in between', async () => {
  await using home = new Household();
  const stick = await stickOf(home);
  const agent = await Agent.on(home);
  await writeFile(join(agent.folder, 'id'), `${ID}\n`);
  await writeFile(join(agent.folder, 'pw'), PASSWORD);
  const args = [`-device=${stick.path}`, '-id-file', 'id', '-password-file=pw', '-metric-key-prefix', 'house'];
  const run = await agent.run(args);
  expect(run.stderr).toBe('');
  expect(Object.keys(taken(run)).slice(0, 3)).toEqual([
    'custom.house.power.value',
    'custom.house.current.r',
    'custom.house.current.t',
  ]);
});

test('graph definitions: as the agent asks for them, with the port untouched', async () => {
  await using home = new Household();
  const stick = await stickOf(home);
  const agent = await Agent.on(home);
  const { code, stdout, stderr } = await agent.run(['--device', stick.path, ...login], {
    MACKEREL_AGENT_PLUGIN_META: '1',
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [head, json = '', ...rest] = stdout.split('\n');
  expect(head).toBe('# mackerel-agent-plugin');
  expect(rest).toEqual(['']);
  const { graphs } = JSON.parse(json) as { graphs: Record<string, { metrics: { name: string }[] }> };
  const names = Object.entries(graphs).flatMap(([graph, { metrics }]) => metrics.map(({ name }) => `${graph}.${name}`));
  expect(stick.heard).toBe('');

  const run = await agent.run(['--device', stick.path, ...login]);
  expect(Object.keys(taken(run)).filter((key) => !names.includes(key.replace('custom.', '')))).toEqual([]);
});

test('what --scan prints is taken as --channel and --ipaddr, and one channel is enough', async () => {
  await using home = new Household();
  const stick = await stickOf(home);
  const agent = await Agent.on(home);
  const scan = await agent.run(['-device', stick.path, ...login, '-scan']);
  expect(scan.code).toBe(0);
  expect(scan.stdout).toMatch(/^>> "SKSCAN 2 [0-9A-F]{8} \d+( 0)?"\n<< "OK"\n/);
  expect(sightings({ out: scan.stdout, err: scan.stderr })).toEqual([]);
  const channel = /Channel:(\w+)/.exec(scan.stdout)?.[1] ?? '';
  const address = />> "SKLL64 \w+"\n<< "(FE80:[\w:]+)"/.exec(scan.stdout)?.[1] ?? '';
  const found = [channel, address];
  expect(found).not.toContain('');

  await stick.unplug();
  await stick.plug(); // no session, nothing remembered
  const scans = stick.heardTimes('SKSCAN');
  const args = ['-device', stick.path, ...login, '-channel', channel, '-ipaddr', address, '-dse'];
  taken(await agent.run(args));
  const asked = stick.heard
    .split('SKSCAN ')
    .slice(scans + 1)
    .map((text) => text.split('\r')[0]);
  const mask = (1 << (Number.parseInt(channel, 16) - 33)) >>> 0;
  expect(asked).toEqual([expect.stringContaining(`2 ${mask.toString(16).toUpperCase().padStart(8, '0')} 7`)]);

  await stick.unplug();
  await stick.plug();
  const other = await Agent.on(home);
  const wrong = other.start(['-device', stick.path, ...login, '-ipaddr', 'FE80::21D:1290:0:1'], {});
  await wrong.until(() => stick.heardTimes('SKSCAN') > scans + 3, 'it goes on looking for the other meter');
  expect(stick.heardTimes('SKJOIN')).toBe(1);
});

test('a running bridge is asked: by its configuration, by its stick, by its state folder; the port is left alone', async () => {
  await using home = new Household();
  const stick = await stickOf(home);
  const bridge = await home.bridge({
    meters: [{ device: stick.path, route_b_id: ID, route_b_password: PASSWORD }],
    config: { http: { listen: '127.0.0.1:0' } },
  });
  await bridge.until(() => bridge.readings() > 1, 'readings');
  const agent = await Agent.on(home);
  const sent = stick.heardTimes('SKVER');
  const byConfig = await agent.run(['--config', bridge.configFile]);
  expect(byConfig.stderr).toBe('');
  expect(powers(stick)).toContain(taken(byConfig)['custom.smartmeter.power.value']);
  process.stdout.write(`plugin, of the running bridge: ${Math.round(byConfig.ms)} ms, start of the program included\n`);
  expect(byConfig.ms).toBeLessThan(5000);

  const state = { BROUTE2MQTT_STATE_DIR: join(bridge.folder, 'state') };
  for (const [args, env] of [
    [['-device', stick.path], state],
    [['-device', stick.device, ...login], state],
    [[], state],
    [['--config', bridge.configFile, '--device', stick.path, '--meter', 'home'], {}],
  ] as const) {
    const run = await agent.run(args, env);
    expect(Object.keys(taken(run))).toContain('custom.smartmeter.power.value');
  }
  expect(stick.heardTimes('SKVER')).toBe(sent);

  await stick.unplug();
  await bridge.until(() => bridge.phase() === 'waiting' || bridge.phase() === 'opening', 'the stick is gone');
  const stale = agent.start(['--config', bridge.configFile]);
  for (let run = stale; ; run = agent.start(['--config', bridge.configFile])) {
    if ((await run.ended) === 0) continue; // not old enough yet
    expect({ code: run.code, stdout: run.stdout }).toEqual({ code: 69, stdout: '' });
    expect(run.stderr).toMatch(/last reading is \d+ s old/);
    break;
  }
  expect(existsSync(join(bridge.folder, 'state/home/pan.json'))).toBe(true);
});

test('several meters, each under a name of its own', async () => {
  await using home = new Household();
  const [one, two] = [await stickOf(home), await stickOf(home)];
  const meters = [
    { id: 'home', device: one.path, route_b_id: ID, route_b_password: PASSWORD },
    { id: 'barn', device: two.path, route_b_id: ID, route_b_password: PASSWORD },
  ];
  const bridge = await home.bridge({ meters, config: { http: { listen: '127.0.0.1:0' } } });
  await bridge.until(() => bridge.readings('home') > 0 && bridge.readings('barn') > 0, 'readings');
  const agent = await Agent.on(home);
  const both = Object.keys(taken(await agent.run(['-config', bridge.configFile])));
  expect(both).toContain('custom.smartmeter.home.power.value');
  expect(both).toContain('custom.smartmeter.barn.power.value');
  const single = taken(await agent.run(['-config', bridge.configFile, '-meter', 'barn']));
  expect(powers(two)).toContain(single['custom.smartmeter.power.value']);
  const meta = await agent.run(['-config', bridge.configFile], { MACKEREL_AGENT_PLUGIN_META: '1' });
  expect(meta.stdout).toContain('"smartmeter.barn.power"');
});

test('no meter in reach: over before the agent loses patience, and the next run goes on; the password leaves the process list', async () => {
  await using home = new Household();
  const stick = await home.stick({
    args: ['--route-b-id', `${ID.slice(0, -8)}00000000`, '--route-b-password', PASSWORD],
  });
  const agent = await Agent.on(home);
  const beganMs = performance.now();
  const program = agent.start(['--device', stick.path, ...login]);
  await program.until(() => stick.heardTimes('SKSCAN') > 0, 'it scans');
  expect(readFileSync(`/proc/${program.pid}/cmdline`, 'latin1')).not.toContain(PASSWORD);
  expect(await program.ended).toBe(69);
  expect(performance.now() - beganMs).toBeLessThan(AGENT_LIMIT_MS);
  expect(program.stdout).toBe('');
  expect(program.stderr).toMatch(/meter home: no reading within \d+ s/);
  const folder = readdirSync(join(agent.folder, 'broute2mqtt'))[0] ?? '';
  const { next } = JSON.parse(readFileSync(join(agent.folder, 'broute2mqtt', folder, 'home/search.json'), 'utf8')) as {
    next: number;
  };
  expect(next).toBeGreaterThanOrEqual(0);
  expect(sightings({ out: program.stdout, err: program.stderr })).toEqual([]);
});

test.each<[string, string[], number]>([
  ['an unknown option', ['-devise', 'x'], 64],
  ['a value that is missing', ['-device'], 64],
  ['a switch that is neither', ['-dse=SECRET', '-device', '/dev/x'], 64],
  ['a channel there is none', ['-device', '/dev/x', ...login, '-channel', '99'], 64],
  ['an address of another kind', ['-device', '/dev/x', ...login, '-ipaddr', '10.0.0.1'], 64],
  ['an ID that is too short', ['-device', '/dev/x', '-id', '0123', '-password', PASSWORD], 64],
  ['no ID', ['-device', '/dev/x', '-password', PASSWORD], 64],
  ['a relative port', ['-device', 'ttyACM0', ...login], 64],
  ['a password twice', ['-device', '/dev/x', ...login, '-password-file', 'x'], 64],
  ['a password file that is not there', ['-device', '/dev/x', '-id', ID, '-password-file', 'x'], 64],
  ['an argument too many', ['-device', '/dev/x', 'stray'], 64],
  ['a configuration that is not there', ['-config', '/nowhere/config.yaml'], 78],
  ['a port that is not there', ['-device', '/dev/ttyNONE', ...login], 69],
])('%s: said, exit code, nothing on standard output', async (_title, args, code) => {
  await using home = new Household();
  const agent = await Agent.on(home);
  const run = await agent.run(args);
  expect({ code: run.code, stdout: run.stdout }).toEqual({ code, stdout: '' });
  expect(run.stderr).not.toBe('');
  expect(run.stderr).not.toContain('SECRET');
  expect(sightings({ stderr: run.stderr })).toEqual([]);
});
