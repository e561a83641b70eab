import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { APP_OPTIONS } from '../../../../src/app/home-assistant-app/app-options.ts';
import { loadApp, readOptions, settingsOfApp } from '../../../../src/app/home-assistant-app/app-settings.ts';
import { homeAssistantApp } from '../../../../src/app/home-assistant-app/home-assistant-app.ts';
import { Stop } from '../../../../src/app/context.ts';
import { BridgeError } from '../../../../src/kernel/errors.ts';
import { StandInSupervisor } from '../../../support/stand-in-supervisor.ts';
import { collector } from '../../cli/run.ts';

const ID = '0123456789ABCDEF0123456789ABCDEF';
const PASSWORD = 'ABCDEFGHIJKL';
/** What the Supervisor writes for a user who gave the least. */
const least = {
  device: '/dev/serial/by-id/usb-FTDI_FT230X-if00-port0',
  route_b_id: ID,
  route_b_password: PASSWORD,
  interval_s: 10,
  energy_interval_s: 60,
  language: 'en',
  log_level: 'info',
  import_statistics: 'off',
};
/** As the app's Dockerfile sets them. */
const image = {
  BROUTE2MQTT_STATE_DIR: '/data',
  BROUTE2MQTT_HTTP_LISTEN: '0.0.0.0:8099',
  BROUTE2MQTT_LOG_FORMAT: 'pretty',
};
let folder = '';
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'app-options-'))));
afterAll(() => rm(folder, { recursive: true }));

async function load(options: unknown, broker?: Readonly<Record<string, string>>) {
  const file = join(folder, 'options.json');
  await writeFile(file, typeof options === 'string' ? options : JSON.stringify(options));
  const env = { ...image, BROUTE2MQTT_APP_OPTIONS: file, SUPERVISOR_TOKEN: 'a'.repeat(48) };
  const { context, err } = collector({ env });
  const app = homeAssistantApp(env);
  if (!app) throw new Error('no app');
  const read = await readOptions(app);
  const found = await settingsOfApp(read, broker, context).catch((error: unknown) => {
    if (error instanceof Stop) return error.exitCode;
    throw error;
  });
  return { found, err: err.join('').trim().split('\n'), context, read, app };
}

/** What is said of wrong options, without the line that says where to correct them. */
async function told(change: Readonly<Record<string, unknown>>): Promise<string[]> {
  const { found, err } = await load({ ...least, ...change });
  expect(found).toBe(78);
  return err.slice(0, -1);
}

test('the program knows the options of config.yaml, and no others', () => {
  const file = new URL('../../../../deploy/home-assistant-app/config.yaml', import.meta.url);
  const { schema } = parse(readFileSync(file, 'utf8')) as { schema: object };
  expect(APP_OPTIONS).toEqual(Object.keys(schema));
});

test('the least a user gives is enough; the broker is the one that is named', async () => {
  const { found, err, context } = await load(least, {
    BROUTE2MQTT_MQTT_URL: 'mqtt://core-mosquitto:1883',
    BROUTE2MQTT_MQTT_USERNAME: 'addons',
    BROUTE2MQTT_MQTT_PASSWORD: 'secret of the broker',
  });
  expect(err).toEqual(['']);
  expect(found).toMatchObject({
    config: {
      meters: [{ id: 'home', device: least.device, route_b_id: ID, route_b_password: PASSWORD, interval_s: 10 }],
      mqtt: { url: 'mqtt://core-mosquitto:1883', username: 'addons', password: 'secret of the broker' },
      http: { listen: '0.0.0.0:8099' },
      log: { level: 'info', format: 'pretty' },
      language: 'en',
      state_dir: '/data',
    },
  });
  expect(context.redactor.redact(`${ID} ${PASSWORD} secret of the broker`)).toBe('[redacted] [redacted] [redacted]');
});

test('everything a user can give', async () => {
  const { found, read } = await load({
    ...least,
    device: '',
    serial_server: ' tcp://192.168.1.20:2000 ',
    route_b_id: ' 01234567 89ABCDEF 01234567 89abcdef ',
    contract_ampere: 40,
    interval_s: 5,
    energy_interval_s: 30,
    price_buy: 31.5,
    price_sell: 16,
    language: 'ja',
    log_level: 'debug',
    mqtt_url: 'mqtt://192.168.1.5:1883',
    mqtt_username: 'me',
    mqtt_password: ' with blanks ',
    of_an_older_version: true,
  });
  expect(read.hasBroker).toBe(true);
  expect(found).toMatchObject({
    config: {
      meters: [
        {
          device: 'tcp://192.168.1.20:2000',
          route_b_id: ID,
          contract_ampere: 40,
          interval_s: 5,
          energy_interval_s: 30,
        },
      ],
      mqtt: { url: 'mqtt://192.168.1.5:1883', username: 'me', password: ' with blanks ' },
      prices: { buy: 31.5, sell: 16 },
      log: { level: 'debug' },
      language: 'ja',
    },
  });
});

test('with nothing filled in, each gap is told once, in the chosen language, and where to fill it', async () => {
  const { found, err } = await load({ language: 'ja', route_b_id: null });
  expect(found).toBe(78);
  expect(err).toEqual([
    'route_b_id: 指定されていません。送配電会社から届いた値を指定してください',
    'route_b_password: 指定されていません。送配電会社から届いた値を指定してください',
    'アプリの「構成」タブで直してから、起動し直してください。',
  ]);
});

test('a stick that nobody chose is looked for', async () => {
  const { found } = await load({ ...least, device: undefined });
  expect(found).toMatchObject({ config: { meters: [{ device: 'auto' }] } });
});

test.for([
  [{ route_b_id: '0123' }, 'route_b_id: must be 32 hexadecimal digits (0-9, A-F), without spaces'],
  [{ price_buy: -1 }, 'price_buy: must be at least 0'],
  [{ interval_s: 1 }, 'interval_s: must be at least 2'],
  [
    { device: undefined, serial_server: 'tcp://nowhere' },
    /^serial_server: must be an absolute path .* tcp:\/\/host:port$/,
  ],
  [{ serial_server: 'tcp://a:1' }, 'serial_server: a stick is chosen in device too: give one of them'],
  [{ mqtt_url: '192.168.1.5' }, /^mqtt_url: must /],
  [{ mqtt_username: 'me' }, /^mqtt_url: is missing: .* leave all three empty/],
  [{ mqtt_url: 'mqtt://a', mqtt_password: 'x' }, 'mqtt_username: is missing: mqtt_password is given'],
  [{ language: 'fr' }, 'language: 次のいずれかを指定してください：ja, en'],
  [{ contract_ampere: { a: 1 } }, 'contract_ampere: must be a text or a number'],
  [{ interval_s: true }, 'interval_s: must be a text or a number'],
  [{ import_statistics: true }, /^home_assistant_token: is missing: import_statistics needs/],
] as const)('a wrong option is told by its own name: %j', async ([change, text]) => {
  const lines = await told(change);
  expect(lines).toContainEqual(typeof text === 'string' ? text : expect.stringMatching(text));
  for (const line of lines) expect(line).not.toContain('BROUTE2MQTT_M');
});

test('token and address of Home Assistant go nowhere while nothing is imported', async () => {
  const { read } = await load({
    ...least,
    home_assistant_url: 'http://x',
    home_assistant_token: 'y',
    import_statistics: false,
  });
  expect(Object.keys(read.variables).filter((name) => name.includes('HOME_ASSISTANT'))).toEqual([]);
});

test('for the import Home Assistant has its usual address among the apps', async () => {
  const token = 'eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl';
  const { found, err, context } = await load({
    ...least,
    home_assistant_token: ` ${token}\n`,
    import_statistics: 'dry_run',
  });
  expect(err).toEqual(['']);
  expect(found).toMatchObject({
    config: { home_assistant: { url: 'http://homeassistant:8123', token, import_statistics: 'dry_run' } },
  });
  expect(context.redactor.redact(token)).toBe('[redacted]');
  expect(await told({ home_assistant_url: 'nowhere', home_assistant_token: token, import_statistics: 'on' })).toEqual([
    expect.stringMatching(/^home_assistant_url: must /),
  ]);
});

test.for([['{"route_b_id": "0123'], ['null'], ['[']])(
  'options that cannot be read are no defect, and are not repeated: %s',
  async ([text]) => {
    const error = await load(text).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BridgeError);
    expect((error as BridgeError).code).toBe('CONFIG_INVALID');
    for (const language of ['en', 'ja'] as const) {
      expect((error as BridgeError).text(language)).toContain('options.json');
      expect((error as BridgeError).text(language)).not.toContain('0123');
    }
  },
);

test('who is no app is none, and only the Supervisor is answered by who is one', () => {
  expect(homeAssistantApp({ SUPERVISOR_TOKEN: 'x' })).toBeUndefined();
  expect(homeAssistantApp({ BROUTE2MQTT_APP_OPTIONS: '/data/options.json' })).toMatchObject({
    supervisor: { url: 'http://supervisor' },
    ingressFrom: '172.30.32.2',
  });
});

test('a one-shot command asks for the broker once, and keeps the token to itself', async () => {
  await using supervisor = await StandInSupervisor.start();
  const file = join(folder, 'one-shot.json');
  await writeFile(file, JSON.stringify(least));
  const env = {
    ...image,
    BROUTE2MQTT_APP_OPTIONS: file,
    BROUTE2MQTT_APP_SUPERVISOR: supervisor.url,
    SUPERVISOR_TOKEN: supervisor.token,
  };
  const app = homeAssistantApp(env);
  if (!app) throw new Error('no app');
  const { context } = collector({ env });
  expect((await loadApp(app, context)).settings.mqtt).toBeUndefined();
  supervisor.mqtt = { host: 'core-mosquitto', port: 1883, username: 'addons', password: 'pass word' };
  expect((await loadApp(app, context)).settings.mqtt).toMatchObject({ url: 'mqtt://core-mosquitto:1883' });
  expect(supervisor.asked).toBe(2);
  expect(context.redactor.redact(supervisor.token)).toBe('[redacted]');
});
