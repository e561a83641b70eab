import { statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readingsOf } from '../support/bridge.ts';
import type { Bridge, BridgeOptions } from '../support/bridge.ts';
import { canaries, sightings } from '../support/canary.ts';
import { freePort } from '../support/free-port.ts';
import { Household } from '../support/household.ts';
import type { Program } from '../support/program.ts';
import type { Stick } from '../support/stick.ts';

const english = { BROUTE2MQTT_LANGUAGE: 'en' };
const http = { listen: '127.0.0.1:0' };
const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

interface Reading {
  readonly meter: string;
  readonly time: string;
  readonly power?: number;
  readonly import?: number;
}

/** A bridge that has readings. */
async function running(home: Household, stick: Stick, options: Partial<BridgeOptions> = {}): Promise<Bridge> {
  const bridge = await home.bridge({ meters: [{ device: stick.path }], config: { http }, ...options });
  await bridge.until(() => bridge.readings() > 1, 'readings');
  return bridge;
}

/** The configuration of a bridge that is not running. */
async function stopped(home: Household, stick: Stick, options: Partial<BridgeOptions> = {}): Promise<Bridge> {
  const bridge = await home.bridge({ meters: [{ device: stick.path }], config: { http }, ...options });
  await bridge.program.kill();
  return bridge;
}

const read = (home: Household, { configFile, folder }: Bridge, ...args: readonly string[]): Program =>
  home.cli(['read', '--config', configFile, ...args], { cwd: folder, env: english });

async function outcome(program: Program): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const code = await program.ended;
  return { code, stdout: program.stdout, stderr: program.stderr };
}

/** Whether another process but this one and the bridge had the port open is seen by what the module was sent. */
const joins = (stick: Stick): number => stick.heardTimes('SKJOIN');

test.concurrent(
  'from the running bridge: the newest message of readings, in under a second, the port untouched',
  async () => {
    await using home = new Household();
    const broker = await home.broker();
    const watcher = await home.watch(broker.url);
    const stick = await home.stick();
    const bridge = await running(home, stick, { broker: broker.url });
    await bridge.until(() => readingsOf(watcher).length > 2, 'readings on the broker');
    const sent = stick.heardTimes('SKVER');
    const beganMs = performance.now();
    const { code, stdout, stderr } = await outcome(read(home, bridge, '--format', 'json'));
    const tookMs = performance.now() - beganMs;
    process.stdout.write(`read from the bridge: ${Math.round(tookMs)} ms, start of the program included\n`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(tookMs).toBeLessThan(10_000); // the machine may be busy; the figure is printed
    const reading = JSON.parse(stdout) as Reading;
    const published = await bridge.until(
      () => readingsOf(watcher).find(({ time }) => time === reading.time),
      'the same on the broker',
    );
    const { run: _run, seq: _seq, ...rest } = published;
    expect(reading).toEqual(rest);
    expect(stick.heardTimes('SKVER')).toBe(sent);
    expect(bridge.phases()).toEqual(['opening', 'scanning', 'joining', 'connected']);
    expect(statSync(join(bridge.folder, 'state/broute2mqtt.sock')).mode & 0o777).toBe(0o600);

    const mackerel = await outcome(read(home, bridge, '--format', 'mackerel'));
    expect(mackerel.stdout.split('\n').map((line) => line.split('\t')[0])).toEqual([
      'smartmeter.power.value',
      'smartmeter.current.r',
      'smartmeter.current.t',
      'smartmeter.energy.import',
      'smartmeter.energy.export',
      '',
    ]);
    expect(mackerel.stdout).toMatch(/^smartmeter\.power\.value\t-?\d+\t\d{10}$/m);
    const text = await outcome(read(home, bridge, '--meter', 'home'));
    expect(text.stdout).toMatch(/^home {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}power -?\d+ W {2}R /);
  },
);

test.concurrent('without a bridge: reads the stick, leaves the session warm, and the next read finds it', async () => {
  await using home = new Household();
  const stick = await home.stick();
  const bridge = await stopped(home, stick);
  const first = await outcome(read(home, bridge, '--format', 'json'));
  expect(first).toMatchObject({ code: 0, stderr: '' });
  const reading = JSON.parse(first.stdout) as Reading;
  const powers = stick.truth().filter(({ epc }) => epc === 'E7');
  expect(powers.map(({ edt }) => edt.readInt32BE())).toContain(reading.power);
  expect(reading).toMatchObject({ meter: 'home', import: expect.any(Number) as number });
  expect([joins(stick), stick.heardTimes('SKTERM')]).toEqual([1, 0]);
  const scans = stick.heardTimes('SKSCAN');

  const second = await outcome(read(home, bridge));
  expect(second).toMatchObject({ code: 0, stderr: '' });
  expect([joins(stick), stick.heardTimes('SKTERM'), stick.heardTimes('SKSCAN')]).toEqual([1, 0, scans]);

  bridge.restart(); // the service, too, finds the session warm
  await bridge.until(() => bridge.readings() > 0, 'a reading');
  expect([joins(stick), bridge.phases()]).toEqual([1, ['opening', 'joining', 'connected']]);
});

test.concurrent('two reads at once take turns', async () => {
  await using home = new Household();
  const stick = await home.stick();
  const bridge = await stopped(home, stick);
  await outcome(read(home, bridge));
  const both = await Promise.all([outcome(read(home, bridge)), outcome(read(home, bridge))]);
  for (const one of both) expect(one).toMatchObject({ code: 0, stderr: '', stdout: /^home / as unknown as string });
  expect(joins(stick)).toBe(1);
});

test.concurrent(
  'a bridge with nothing current: a reason, nothing on standard output, exit code 69, the port untouched',
  async () => {
    await using home = new Household();
    const stick = await home.stick();
    const bridge = await running(home, stick);
    await stick.unplug();
    await bridge.fails('PORT_LOST');
    await bridge.until(() => bridge.phase() === 'waiting' || bridge.phase() === 'opening', 'it waits');
    // 3 × 2 s + 5 s after the last answer
    const late = async (): Promise<string> => {
      for (;;) {
        const { code, stdout, stderr } = await outcome(read(home, bridge, '--format', 'json'));
        if (code === 0) continue;
        expect({ code, stdout }).toEqual({ code: 69, stdout: '' });
        return stderr;
      }
    };
    expect(await late()).toMatch(/^meter home: last reading is \d+ s old \(\w+\): .* \[PORT_\w+\]\n.+\n$/);
  },
);

test.concurrent('a bridge that hangs keeps its port: exit code 69 within seconds', async () => {
  await using home = new Household();
  const stick = await home.stick();
  const bridge = await running(home, stick);
  const sent = stick.heardTimes('SKVER');
  const asked = await bridge.frozenWhile(() => outcome(read(home, bridge)));
  expect(asked).toMatchObject({ code: 69, stdout: '' });
  expect(asked.stderr).toContain('no answer within 1 s [BRIDGE_SILENT]');
  expect(stick.heardTimes('SKVER')).toBe(sent);
});

test.concurrent(
  'a killed bridge leaves a socket nobody listens on: read opens the port, the next bridge replaces it',
  async () => {
    await using home = new Household();
    const stick = await home.stick();
    const bridge = await running(home, stick);
    await bridge.end('SIGKILL');
    expect(statSync(join(bridge.folder, 'state/broute2mqtt.sock')).isSocket()).toBe(true);
    expect(await outcome(read(home, bridge))).toMatchObject({ code: 0, stderr: '' });
    bridge.restart();
    await bridge.until(() => bridge.readings() > 0, 'a reading');
    expect(await outcome(read(home, bridge))).toMatchObject({ code: 0, stderr: '' });
    expect(bridge.lines.filter(({ msg }) => msg.includes('socket'))).toEqual([]);
  },
);

test.concurrent('another program has the port: it is named, and nobody is disturbed', async () => {
  await using home = new Household();
  const stick = await home.stick();
  const theirs = await running(home, stick);
  const ours = await stopped(home, stick); // a configuration of its own: nobody can be asked
  const { code, stdout, stderr } = await outcome(read(home, ours));
  expect({ code, stdout }).toEqual({ code: 69, stdout: '' });
  expect(stderr).toContain(`(pid ${theirs.pid}) [PORT_BUSY]`);
  const count = theirs.readings();
  await theirs.until(() => theirs.readings() > count + 1, 'readings go on');
  expect(theirs.phases()).toEqual(['opening', 'scanning', 'joining', 'connected']);
});

test.concurrent('a meter that does not answer in time: what failed last, exit code 69, within --timeout', async () => {
  await using home = new Household();
  const stick = await home.stick({
    args: ['--time-factor', '100'],
    script: [{ fault: 'pan-not-found', times: 999 }],
  });
  const bridge = await stopped(home, stick);
  const beganMs = performance.now();
  const { code, stdout, stderr } = await outcome(read(home, bridge, '--timeout', '30'));
  expect({ code, stdout }).toEqual({ code: 69, stdout: '' });
  expect(stderr).toMatch(/^meter home: no reading within 30 s; last failure: .* \[PAN_NOT_FOUND\]\nNo meter answered/);
  expect(performance.now() - beganMs).toBeLessThan(90_000);
});

test.concurrent('Ctrl-C while it looks for the meter: a word, exit code 69', async () => {
  await using home = new Household();
  const stick = await home.stick({ args: ['--time-factor', '1'] });
  const program = read(home, await stopped(home, stick));
  await program.until(() => stick.heardTimes('SKSCAN') > 0, 'the scan');
  const { code, ms } = await program.end('SIGINT');
  expect({ code, stdout: program.stdout, stderr: program.stderr }).toEqual({
    code: 69,
    stdout: '',
    stderr: 'interrupted before a reading came\n',
  });
  expect(ms).toBeLessThan(5000);
});

const lines = (program: Program): Reading[] =>
  program.stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Reading);

test.concurrent(
  '--watch prints each new reading of the bridge once, also after a restart of it; Ctrl-C ends it with 0',
  async () => {
    await using home = new Household();
    const stick = await home.stick();
    const bridge = await running(home, stick);
    const program = read(home, bridge, '--watch', '--format', 'json');
    await program.until(() => lines(program).length > 2, 'three readings');
    await bridge.end();
    await program.until(() => program.stderr.includes('the bridge has ended'), 'the end is told');
    const count = lines(program).length;
    bridge.restart();
    await program.until(() => lines(program).length > count + 1, 'more readings');
    const times = lines(program).map(({ time }) => time);
    expect(times).toEqual([...new Set(times)].sort());
    expect(await program.end('SIGINT')).toMatchObject({ code: 0 });
    expect(joins(stick)).toBe(1);
  },
);

test.concurrent(
  '--watch without a bridge holds the session itself, and makes way for a bridge that starts',
  async () => {
    await using home = new Household();
    const stick = await home.stick();
    const bridge = await stopped(home, stick);
    const program = read(home, bridge, '--watch', '--format', 'json');
    await program.until(() => lines(program).length > 3, 'four readings');
    bridge.restart();
    await bridge.until(() => bridge.readings() > 1, 'readings of the bridge');
    const count = lines(program).length;
    await program.until(() => lines(program).length > count + 1, 'readings go on');
    expect(await program.end('SIGINT')).toMatchObject({ code: 0 });
    expect([joins(stick), stick.heardTimes('SKTERM')]).toEqual([1, 0]);
  },
);

test.concurrent('two bridges on one state_dir: the second says so and goes on without the socket', async () => {
  await using home = new Household();
  const [one, other] = [await home.stick(), await home.stick()];
  const first = await running(home, one);
  const second = await home.bridge({
    meters: [{ id: 'other', device: other.path }],
    config: { http, state_dir: join(first.folder, 'state') },
  });
  await second.until(() => second.readings('other') > 0, 'a reading');
  expect(second.lines.find(({ msg }) => msg.includes('another bridge runs with this state_dir'))).toMatchObject({
    level: 'error',
  });
  const { code, stdout } = await outcome(read(home, first));
  expect({ code, home: stdout.startsWith('home') }).toEqual({ code: 0, home: true });
});

test.concurrent('a state_dir too long for a socket: a warning, and read asks over HTTP, with the token', async () => {
  await using home = new Household();
  const stick = await home.stick();
  const token = 'let-me-in-let-me-in';
  const listen = `127.0.0.1:${await freePort()}`;
  const bridge = await running(home, stick, {
    config: { http: { listen, token }, state_dir: `./${'x'.repeat(100)}` },
  });
  expect(bridge.lines.find(({ msg }) => msg.includes('no status socket'))).toMatchObject({ level: 'warn' });
  const sent = stick.heardTimes('SKVER');
  expect(await outcome(read(home, bridge))).toMatchObject({ code: 0, stderr: '' });
  expect(stick.heardTimes('SKVER')).toBe(sent);
});

test.concurrent('several meters: an array, a line each; what one of them lacks is told', async () => {
  await using home = new Household();
  const [one, other] = [await home.stick(), await home.absentStick()];
  const bridge = await home.bridge({
    meters: [
      { id: 'one', device: one.path },
      { id: 'two', device: other.path },
    ],
    config: { http },
  });
  await bridge.until(() => bridge.readings('one') > 0, 'a reading');
  const { code, stdout, stderr } = await outcome(read(home, bridge, '--format', 'json'));
  expect({ code, readings: (JSON.parse(stdout) as Reading[]).map(({ meter }) => meter) }).toEqual({
    code: 69,
    readings: ['one'],
  });
  expect(stderr).toContain('meter two: no reading yet');
  await other.plug();
  await bridge.until(() => bridge.readings('two') > 0, 'the other too');
  const both = await outcome(read(home, bridge, '--format', 'json'));
  expect(both.code).toBe(0);
  expect((JSON.parse(both.stdout) as Reading[]).map(({ meter }) => meter)).toEqual(['one', 'two']);
});

test.runIf(isRoot).concurrent('another user is told whose the socket is, and does not get at the port', async () => {
  await using home = new Household();
  const stick = await home.stick();
  const bridge = await running(home, stick);
  const settings = { cwd: '/', env: { ...english, BROUTE2MQTT_STATE_DIR: join(bridge.folder, 'state') }, uid: NOBODY };
  const meter = {
    BROUTE2MQTT_METERS_0_ID: 'home',
    BROUTE2MQTT_METERS_0_DEVICE: stick.path,
    BROUTE2MQTT_METERS_0_ROUTE_B_ID: canaries.routeBId,
    BROUTE2MQTT_METERS_0_ROUTE_B_PASSWORD: canaries.routeBPassword,
    BROUTE2MQTT_HTTP_LISTEN: '127.0.0.1:0',
  };
  const program = home.cli(['read'], { ...settings, env: { ...settings.env, ...meter } });
  const { code, stdout, stderr } = await outcome(program);
  expect({ code, stdout }).toEqual({ code: 69, stdout: '' });
  expect(stderr).toContain(`permission denied; it belongs to uid 0, we are uid ${NOBODY} [BRIDGE_SILENT]`);
  expect(stderr).toContain("sudo -u '#0'");
  expect(sightings({ stderr })).toEqual([]);
});

test.concurrent('the socket tells no secret, whatever went wrong', async () => {
  await using home = new Household();
  const stick = await home.stick({
    script: [
      { fault: 'fail-code', on: 'SKSETPWD', code: 6, times: 2 },
      { fault: 'garbage', on: 'SKSETRBID', skip: 1 },
    ],
  });
  const bridge = await home.bridge({
    meters: [{ device: stick.path, route_b_id: canaries.routeBId, route_b_password: canaries.routeBPassword }],
    config: { mqtt: { url: 'mqtt://127.0.0.1:1', username: 'meter', password: canaries.mqttPassword }, http },
  });
  const documents: string[] = [];
  const ask = (): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect(join(bridge.folder, 'state/broute2mqtt.sock'));
      socket.setEncoding('utf8').on('data', (piece: string) => documents.push(piece));
      socket.once('error', () => resolve()).once('close', () => resolve());
    });
  await bridge.fails('COMMAND_REFUSED');
  await ask();
  await bridge.until(() => bridge.readings() > 1, 'readings');
  await ask();
  expect(documents.join('')).toContain('COMMAND_REFUSED');
  expect(documents.join('')).toContain('"last_answer"');
  expect(sightings({ socket: documents.join('') })).toEqual([]);
});
