import { rm } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import { buildImage, engine, freshClone, mustEngine, print, requireEngine } from './harness.ts';
import type { Outcome } from './harness.ts';

const image = 'broute2mqtt';

beforeAll(async () => {
  await requireEngine();
  const clone = await freshClone();
  await buildImage(clone);
  await rm(clone, { recursive: true });
});

/** `docker run --rm --read-only broute2mqtt …`, without a network. */
async function start(options: readonly string[], args: readonly string[] = []): Promise<Outcome> {
  const fixed = ['--rm', '--pull=never', '--read-only', '--network', 'none', '-e', 'BROUTE2MQTT_LANGUAGE=en'];
  return engine(['podman', 'run', ...fixed, ...options, image, ...args]);
}

const meter = {
  BROUTE2MQTT_METERS_0_ID: 'home',
  BROUTE2MQTT_METERS_0_DEVICE: '/dev/ttyUSB0',
  BROUTE2MQTT_METERS_0_ROUTE_B_ID: '0123456789ABCDEF0123456789ABCDEF',
  BROUTE2MQTT_METERS_0_ROUTE_B_PASSWORD: 'ABCDEFGHIJKL',
  BROUTE2MQTT_MQTT_URL: 'mqtt://broker:1883',
};
const asOptions = (env: Readonly<Record<string, string>>): string[] =>
  Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);

test('the linter has nothing to say about the Dockerfile', async () => {
  // DL3066 wants a number for USER; the base image promises the name.
  const { code, text } = await engine(['hadolint', '--no-color', '--ignore', 'DL3066', 'Dockerfile']);
  expect({ code, text }).toEqual({ code: 0, text: '' });
});

test('the image runs as a plain user, stops on SIGTERM and knows whether it lives', async () => {
  const { stdout } = await mustEngine(['podman', 'image', 'inspect', image]);
  const [info] = JSON.parse(stdout) as [{ Size: number; Config: object; Healthcheck: object }];
  expect(info.Config).toMatchObject({
    User: 'node',
    Entrypoint: ['node', '/app/dist/cli/main.js'],
    Cmd: ['run'],
    StopSignal: 'SIGTERM',
    Volumes: { '/data': {} },
    Labels: { 'org.opencontainers.image.title': 'broute2mqtt', 'org.opencontainers.image.licenses': 'MIT' },
  });
  expect(info.Healthcheck).toMatchObject({ Test: ['CMD', 'node', '/app/dist/cli/main.js', 'health'] });
  const base = await mustEngine(['podman', 'image', 'inspect', '-f', '{{.Size}}', 'node:22.21.1-bookworm-slim']);
  print(`image: ${((info.Size - Number(base.stdout)) / 1e6).toFixed(0)} MB on top of its base`);
});

test('the image holds the program and what it needs, and nothing of the workshop', async () => {
  const list = [
    'run',
    '--rm',
    '--pull=never',
    '--entrypoint',
    'ls',
    image,
    '-A',
    '/app',
    '/app/node_modules',
    '/config',
  ];
  const { stdout } = await mustEngine(['podman', ...list]);
  const [app, modules, config] = stdout.split('\n\n').map((part) => part.trim().split('\n').slice(1));
  expect(app).toEqual(['LICENSE', 'config.example.yaml', 'dist', 'node_modules', 'package.json']);
  expect(modules).toEqual(expect.arrayContaining(['mqtt', 'serialport', 'zod']));
  expect(modules?.filter((name) => ['typescript', 'vitest', 'knip', 'oxlint', 'prettier'].includes(name))).toEqual([]);
  expect(config).toEqual([]);
});

test('without any configuration it ends with 78 and names the file and the variables', async () => {
  const { code, text } = await start([]);
  expect(code, text).toBe(78);
  expect(text).toContain('config.yaml');
  expect(text).toContain('BROUTE2MQTT_METERS_0_DEVICE');
});

test('a configuration file that is named must be there', async () => {
  const { code, text } = await start(asOptions(meter), ['run', '--config', '/config/mine.yaml']);
  expect(code, text).toBe(78);
  expect(text).toContain('/config/mine.yaml');
});

test('the environment alone is enough, on a read-only root', async () => {
  const { code, text } = await start(asOptions(meter), ['config', 'check']);
  expect(code, text).toBe(0);
  expect(text).toContain('/data');
});

test('the example configuration can be had from the image', async () => {
  const { code, stdout } = await start([], ['config', 'example']);
  expect(code).toBe(0);
  expect(stdout).toContain('route_b_id');
});
