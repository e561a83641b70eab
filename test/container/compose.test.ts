import { readFile, rm, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildImage, engine, plugIn, print, requireEngine, seconds, until } from './harness.ts';
import type { Stick } from './harness.ts';
import { Installation, PAGE_TOKEN } from './installation.ts';

let home: Installation;

beforeAll(async () => {
  await requireEngine();
  home = await Installation.prepare();
  await buildImage(home.folder);
});
afterAll(async () => {
  await home?.[Symbol.asyncDispose]();
});

const readings = 'broute2mqtt/home/readings';
const powerOf = (line: string): unknown =>
  (JSON.parse(line.slice(line.indexOf('{'))) as Record<string, unknown>)['power'];

describe('docker-compose.yml as it is', () => {
  let stick: Stick;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'broute2mqtt-truth-'));
    stick = await plugIn({ args: ['--edition', 'dse', '--truth', join(folder, 'truth.jsonl')] });
    await home.up({ pty: stick.pty });
    await home.brokerReady();
  });
  afterAll(async () => {
    await home.down();
    await stick[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  test('readings arrive at the broker, and they are what the meter answered', async () => {
    const started = performance.now();
    const [first = ''] = await home.messages(readings, 1, 60);
    expect(first, await home.logs()).toContain('"meter":"home"');
    print(`first reading ${seconds(performance.now() - started)} after compose up`);
    const truth = (await readFile(join(folder, 'truth.jsonl'), 'utf8')).trim().split('\n');
    const watts = truth
      .map((line) => JSON.parse(line) as { epc: string; edt: string })
      .filter(({ epc }) => epc === 'E7')
      .map(({ edt }) => Buffer.from(edt, 'hex').readInt32BE());
    expect(watts).toContain(powerOf(first));
  });

  test('Home Assistant finds its device document and both availability topics', async () => {
    const [document = ''] = await home.messages('homeassistant/device/broute2mqtt_home/config', 1, 20);
    expect(document).toContain('broute2mqtt_home');
    const availability = await until('both availabilities online', 30_000, async () => {
      const lines = await home.messages('broute2mqtt/home/+/availability', 2, 2);
      return lines.every((line) => line.endsWith(' online')) && lines.length === 2 ? lines : undefined;
    });
    expect(availability).toHaveLength(2);
  });

  test('the broker refuses whoever has no login', async () => {
    expect((await home.publish([], 'broute2mqtt/home/x', '1')).text).toMatch(/not authori[sz]ed/i);
    expect((await home.publish(['-u', 'broute2mqtt', '-P', 'wrong'], 'broute2mqtt/home/x', '1')).code).not.toBe(0);
  });

  test("the bridge's login writes to its own topics and nowhere else", async () => {
    const login = ['-u', 'broute2mqtt', '-P', await home.password('broute2mqtt')];
    const seen = home.messages('test/#', 9, 4);
    const foreign = home.messages('homeassistant/device/other/#', 1, 4);
    const status = home.messages('homeassistant/status', 1, 4);
    const own = home.messages('broute2mqtt/acl', 1, 4);
    await new Promise((resolve) => setTimeout(resolve, 1000)); // the three have subscribed
    for (const topic of ['test/x', 'homeassistant/status', 'homeassistant/device/other/config', 'broute2mqtt/acl'])
      await home.publish(login, topic, '1');
    expect(await seen).toEqual([]);
    expect(await status).toEqual([]);
    expect(await foreign).toEqual([]);
    expect(await own).toEqual(['broute2mqtt/acl 1']);
  });

  test('the bridge has no rights but the stick: plain user, dialout, no capability, nothing to write to', async () => {
    const { stdout } = await home.inside('broute2mqtt', 'id -u; id -G; cat /proc/1/status');
    expect(stdout.split('\n').slice(0, 2)).toEqual(['1000', '1000 20']);
    expect(stdout).toMatch(/CapEff:\s+0000000000000000/);
    expect(stdout).toMatch(/CapBnd:\s+0000000000000000/);
    expect(stdout).toMatch(/NoNewPrivs:\s+1/);
    for (const path of ['/x', '/app/x', '/config/config.yaml', '/etc/x', '/run/broker/login/broute2mqtt']) {
      expect((await home.inside('broute2mqtt', `echo 1 > ${path}`)).text, path).toMatch(/read-only|denied/i);
    }
    expect((await home.inside('broute2mqtt', 'test -w /data && test -w /config')).code).toBe(0); // state, and set-up
    expect((await home.inside('broute2mqtt', 'cat /run/broker/login/homeassistant')).text).toMatch(/denied/i);
  });

  test('the broker runs without rights too, and keeps its password file to itself', async () => {
    const { stdout } = await home.inside('mosquitto', 'id -u; stat -c "%a %u" /tmp/passwords; cat /tmp/passwords');
    expect(stdout.split('\n').slice(0, 2)).toEqual(['1883', '600 1883']);
    expect(stdout).toMatch(/^broute2mqtt:\$/m);
    expect(stdout).not.toContain(await home.password('broute2mqtt'));
  });

  test("the image's health check passes, and so do /livez and /healthz on the published port", async () => {
    const { code, text } = await engine(['podman', 'healthcheck', 'run', home.container('broute2mqtt')]);
    expect(code, text).toBe(0);
    expect(await home.http('/livez')).toBe(200);
    expect(await home.http('/healthz')).toBe(200);
  });

  test('the page asks for the token of the configuration', async () => {
    expect(await home.http('/api/status')).toBe(401);
    expect(await home.http(`/api/status?token=${PAGE_TOKEN}`)).toBe(200);
  });

  test('memory, processes and core files are limited', async () => {
    const format = '{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}';
    const { stdout } = await engine(['podman', 'inspect', '-f', format, home.container('broute2mqtt')]);
    expect(stdout.trim()).toBe(`${256 * 1024 * 1024} 64`);
    expect((await home.inside('broute2mqtt', 'ulimit -c')).stdout.trim()).toBe('0');
  });

  test('no secret stands in the log or in the environment', async () => {
    const text = (await home.logs()) + (await home.inside('broute2mqtt', 'env')).stdout;
    for (const secret of [
      '5EC4E7001122334455667788DEADBEEF',
      'Q7RS8TUV9WXY',
      PAGE_TOKEN,
      await home.password('broute2mqtt'),
    ]) {
      expect(text).not.toContain(secret);
    }
  });

  test('it stops at once, and says so', async () => {
    const started = performance.now();
    await engine(['podman', 'stop', home.container('broute2mqtt')]);
    const took = performance.now() - started;
    print(`stopped in ${seconds(took)}`);
    expect(took).toBeLessThan(4000); // 2 s is the promise; the rest is Podman on a busy machine
    const format = '{{.State.ExitCode}}';
    const { stdout } = await engine(['podman', 'inspect', '-f', format, home.container('broute2mqtt')]);
    expect(stdout.trim()).toBe('0');
    const [availability] = await home.messages('broute2mqtt/home/bridge/availability', 1, 5);
    expect(availability).toBe('broute2mqtt/home/bridge/availability offline');
  });

  test('started again, it publishes again', async () => {
    const started = performance.now();
    await engine(['podman', 'start', home.container('broute2mqtt')]);
    expect(await home.messages(readings, 1, 60)).toHaveLength(1);
    print(`first reading ${seconds(performance.now() - started)} after a restart`);
  });
});

describe('a stick that may not be opened', () => {
  test('is told with path, owner and the lines to add, and the container stays up', async () => {
    await using stick = await plugIn({ denied: true });
    await home.up({ pty: stick.pty });
    try {
      const log = await until('the message', 20_000, async () => {
        const text = await home.logs();
        return text.includes('permission denied') ? text : undefined;
      });
      expect(log).toContain('/dev/ttyUSB0');
      expect(log).toContain('mode 0600');
      expect(log).toContain('uid 1000');
      expect(log).toContain('group_add');
      expect(await home.isRunning()).toBe(true);
      expect((await engine(['podman', 'healthcheck', 'run', home.container('broute2mqtt')])).code).toBe(0);
      expect(await home.http('/healthz')).toBe(503);
    } finally {
      await home.down();
    }
  });
});

describe('after git clone and nothing else', () => {
  test('the log says where set-up is, and the link with its code opens it', async () => {
    await using stick = await plugIn();
    await home.up({ pty: stick.pty, unconfigured: true });
    try {
      const [, code = ''] = await until(
        'the link',
        30_000,
        async () => /http:\/\/127\.0\.0\.1:8080\/\?code=(\S+)/.exec(await home.logs()) ?? undefined,
      );
      expect(await home.http('/')).toBe(401);
      expect(await home.http(`/?code=${code}`)).toBe(200);
      expect(await home.isRunning()).toBe(true);
    } finally {
      await home.down();
    }
  });
});
