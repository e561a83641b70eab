import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Stop } from '../../../src/app/context.ts';
import type { ProcessEnvironment } from '../../../src/app/context.ts';
import { exporterConfig, plainValue } from '../../../src/app/exporter-mode.ts';
import { collector } from '../cli/run.ts';

const ID = '0123456789ABCDEF0123456789ABCDEF';
const PASSWORD = 'ABCDEFGHIJKL';
const login = { SMARTMETER_ID: ID, SMARTMETER_PASSWORD: PASSWORD };
let folder = '';
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'exporter-'))));
afterAll(() => rm(folder, { recursive: true }));

/** Nothing is there but the environment. */
async function start(env: ProcessEnvironment, language: 'en' | 'ja' = 'en') {
  const { context, err } = collector({ env, language });
  const config = { path: join(folder, 'config.yaml'), pathGiven: false };
  try {
    return { found: await exporterConfig(config, context), err: err.join(''), context };
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return { exitCode: error.exitCode, err: err.join(''), context };
  }
}

test('two variables are enough', async () => {
  const { found, err, context } = await start(login);
  expect(err).toBe('');
  expect(found?.config).toMatchObject({
    meters: [{ id: 'home', device: '/dev/ttyUSB0', route_b_id: ID, route_b_password: PASSWORD, interval_s: 10 }],
    http: { listen: '0.0.0.0:8000' },
    log: { level: 'info' },
  });
  expect(found?.config.mqtt).toBeUndefined();
  expect(found?.config.state_dir).toBeUndefined();
  expect(context.redactor.redact(`${ID} ${PASSWORD}`)).toBe('[redacted] [redacted]');
});

test('everything as docker --env-file passes it on, with quotes and comments, in the image', async () => {
  const { found, err } = await start({
    SMARTMETER_ID: `"${ID}"`,
    SMARTMETER_PASSWORD: `'${PASSWORD}' # from the letter`,
    SMARTMETER_DEVICE: '"/dev/ttyACM0"   #the stick',
    SMARTMETER_LOGLEVEL: '10 #10:DEBUG 20:INFO',
    SMARTMETER_GET_INTERVAL: '30 # seconds',
    PORT: '"9100"',
    BROUTE2MQTT_STATE_DIR: '/data',
    BROUTE2MQTT_LANGUAGE: 'en',
  });
  expect(err).toBe('');
  expect(found?.config).toMatchObject({
    meters: [{ device: '/dev/ttyACM0', route_b_id: ID, route_b_password: PASSWORD, interval_s: 30 }],
    http: { listen: '0.0.0.0:9100' },
    log: { level: 'debug' },
    state_dir: '/data',
  });
});

test.each([
  ['x', 'x'],
  [' x ', 'x'],
  ['"a b"', 'a b'],
  [`'a # b' # c`, 'a # b'],
  ['a#b', 'a#b'],
  ['a #b', 'a'],
  [' # only a comment', ''],
  ['"open', '"open'],
  ['""', ''],
  [undefined, ''],
])('%j means %j', (text, value) => expect(plainValue(text)).toBe(value));

test.each([
  ['10', 'debug'],
  ['20', 'info'],
  ['30', 'warn'],
  ['40', 'error'],
  ['50', 'error'],
  ['WARNING', 'warn'],
  ['5', 'debug'],
])('SMARTMETER_LOGLEVEL %s is %s', async (SMARTMETER_LOGLEVEL, level) => {
  expect((await start({ ...login, SMARTMETER_LOGLEVEL })).found?.config.log.level).toBe(level);
});

test.each([
  ['1', 2],
  ['2.5', 3],
  ['7200', 3600],
])('an interval of %s s becomes %d s, and that is said', async (SMARTMETER_GET_INTERVAL, seconds) => {
  const { found, err } = await start({ ...login, SMARTMETER_GET_INTERVAL });
  expect(found?.config.meters[0]?.interval_s).toBe(seconds);
  expect(err).toContain(`asking every ${seconds} s`);
});

test('every problem at once, by the names the user gave, without a value', async () => {
  const env = {
    SMARTMETER_ID: '"0123"',
    SMARTMETER_DEVICE: 'ttyUSB0',
    SMARTMETER_GET_INTERVAL: 'often',
    SMARTMETER_LOGLEVEL: 'loud',
    PORT: '80000',
  };
  const { exitCode, err } = await start(env);
  expect(exitCode).toBe(78);
  expect(err.trim().split('\n').sort()).toEqual([
    'PORT: must be a number from 1 to 65535',
    expect.stringMatching(/^SMARTMETER_DEVICE: must be an absolute path/),
    expect.stringMatching(/^SMARTMETER_GET_INTERVAL: must be a/),
    expect.stringMatching(/^SMARTMETER_ID: must be 32 hexadecimal digits/),
    expect.stringMatching(/^SMARTMETER_LOGLEVEL: must be 10/),
    expect.stringMatching(/^SMARTMETER_PASSWORD: is missing/),
  ]);
  expect(err).not.toContain('0123');
  expect((await start(env, 'ja')).err).toMatch(/^SMARTMETER_PASSWORD: 指定されていません/);
});

test('our own words win: an address, a log level, a meter', async () => {
  const own = { BROUTE2MQTT_HTTP_LISTEN: '127.0.0.1:7777', BROUTE2MQTT_LOG_LEVEL: 'warn' };
  const { found } = await start({ ...login, ...own, PORT: 'x', SMARTMETER_LOGLEVEL: '10' });
  expect(found?.config).toMatchObject({ http: { listen: '127.0.0.1:7777' }, log: { level: 'warn' } });
  expect((await start({ ...login, BROUTE2MQTT_METERS_0_ID: 'home' })).found).toBeUndefined();
});

test.each<[string, ProcessEnvironment]>([
  ['nothing', {}],
  ['variables that are there but empty', { SMARTMETER_ID: '' }],
  ["another program's port", { PORT: '3000' }],
  ['what Kubernetes sets beside a service of that name', { SMARTMETER_EXPORTER_SERVICE_HOST: '10.0.0.1' }],
])('%s does not mean it', async (_title, env) => {
  expect((await start(env)).found).toBeUndefined();
});

test('a configuration file wins, named or not', async () => {
  const path = join(folder, 'other.yaml');
  await writeFile(path, '');
  const { context } = collector({ env: login });
  expect(await exporterConfig({ path, pathGiven: false }, context)).toBeUndefined();
  expect(await exporterConfig({ path: join(folder, 'none.yaml'), pathGiven: true }, context)).toBeUndefined();
});
