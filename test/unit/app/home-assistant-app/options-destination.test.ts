import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkApp } from '../../../../src/app/home-assistant-app/app-settings.ts';
import { translateOptions } from '../../../../src/app/home-assistant-app/app-options.ts';
import type { AppOptions } from '../../../../src/app/home-assistant-app/app-options.ts';
import { OptionsDestination } from '../../../../src/app/home-assistant-app/options-destination.ts';
import { canMend } from '../../../../src/app/home-assistant-app/set-up-options.ts';
import { StandInSupervisor } from '../../../support/stand-in-supervisor.ts';
import { collector } from '../../cli/run.ts';

const ID = '5EC4E7001122334455667788DEADBEEF';
const PASSWORD = 'Q7RS8TUV9WXY';
const USB0 = '/dev/ttyUSB0';
const defaults = { interval_s: 10, language: 'ja' };
const schema = {
  device: 'device(subsystem=tty)?',
  serial_server: 'str?',
  route_b_id: 'match(^[0-9A-F]{32}$)?',
  route_b_password: 'password?',
  contract_ampere: 'int(1,10000)?',
  interval_s: 'int(2,3600)',
  price_buy: 'float(0,1000)?',
  language: 'list(ja|en)',
  mqtt_url: 'str?',
  mqtt_username: 'str?',
  mqtt_password: 'password?',
};
const letter = { language: 'en', routeBId: ID, routeBPassword: PASSWORD } as const;
const never = new AbortController().signal;

let supervisor: StandInSupervisor;
beforeEach(async () => {
  supervisor = await StandInSupervisor.start();
  supervisor.installed = { schema, options: defaults, devices: [USB0] };
});
afterEach(() => supervisor[Symbol.asyncDispose]());

/** @param read what the Supervisor wrote for this start. */
async function destination(read: AppOptions) {
  const env = { BROUTE2MQTT_HTTP_LISTEN: '0.0.0.0:8099', BROUTE2MQTT_STATE_DIR: '/data' };
  const { context } = collector({ env });
  const { url, token } = supervisor;
  const app = { optionsFile: '', ingressFrom: '', supervisor: { url, token } };
  const checked = await checkApp(translateOptions(read), undefined, context);
  const problems = checked.ok ? [] : checked.problems;
  return { to: new OptionsDestination(app, read, problems, context), problems };
}

test.for([
  [{}, { credentials: false }, []],
  [{ device: USB0 }, { device: USB0, credentials: false }, []],
  [{ serial_server: 'tcp://a:1' }, { device: 'tcp://a:1', credentials: false }, []],
  [{ device: USB0, serial_server: 'tcp://a:1' }, { credentials: false }, ['serial_server']],
  [{ route_b_id: ID, route_b_password: 'short' }, { credentials: false }, ['route_b_password']],
  [{ device: USB0, route_b_id: ID, route_b_password: PASSWORD }, { device: USB0, credentials: true }, []],
  [{ mqtt_url: 'mqtt://a:1883' }, { broker: 'mqtt://a:1883', credentials: false }, []],
] as const)('what is there and right is not asked, what is wrong is told: %j', async ([read, given, wrong]) => {
  const { to, problems } = await destination({ ...defaults, ...read });
  expect(to.given).toEqual({ ...given, listen: '0.0.0.0:8099', language: false, token: true, stateDir: true });
  expect(to.wrong.map(({ where }) => where)).toEqual(wrong);
  expect(canMend(problems)).toBe(true);
});

test.for([{ interval_s: 1 }, { mqtt_username: 'me' }, { contract_ampere: -1 }, { import_statistics: true }])(
  'what set-up does not begin with is shown, and corrected on the Configuration tab: %j',
  async (wrong) => expect(canMend((await destination({ ...defaults, ...wrong })).problems)).toBe(false),
);

test.for([
  ['a stick', { device: USB0 }, { device: USB0 }],
  ['a serial server in its place', { device: 'tcp://a:1' }, { serial_server: 'tcp://a:1' }],
  ['whatever is plugged in', { device: 'auto' }, {}],
  [
    'a broker, without the login of the one before',
    { broker: { url: 'mqtt://b:1883' } },
    { mqtt_url: 'mqtt://b:1883' },
  ],
  ['contract and price', { contractAmpere: 40, buyYenPerKwh: 31 }, { contract_ampere: 40, price_buy: 31 }],
] as const)('written is %s, and what else was saved stays', async ([, answers, options]) => {
  supervisor.saved = { interval_s: 3, serial_server: 'tcp://old:1', mqtt_url: 'mqtt://a', mqtt_username: 'me' };
  const { to } = await destination({ ...defaults, interval_s: 5 }); // as it was before that was saved
  expect(await to.write({ ...letter, ...answers }, never)).toMatchObject({ ok: true });
  const kept = {
    ...(!('device' in answers) && { serial_server: 'tcp://old:1' }),
    ...(!('broker' in answers) && { mqtt_url: 'mqtt://a', mqtt_username: 'me' }),
  };
  const own = { language: 'en', interval_s: 3, route_b_id: ID, route_b_password: PASSWORD };
  expect(supervisor.saved).toEqual({ ...own, ...kept, ...options });
  expect(to.written?.options).toEqual(supervisor.options);
});

test('a name of a secret stays one in the options; its value is what counts', async () => {
  supervisor.saved = { mqtt_url: 'mqtt://a', mqtt_username: 'me', mqtt_password: '!secret broker' };
  const { to } = await destination({ ...defaults, ...supervisor.saved, mqtt_password: 'behind it' });
  expect(await to.write(letter, never)).toMatchObject({ ok: true, settings: { mqtt: { password: 'behind it' } } });
  expect(supervisor.saved).toMatchObject({ mqtt_password: '!secret broker' });
});

test('options that are wrong together are told before anything is sent', async () => {
  const { to } = await destination(defaults);
  const outcome = await to.write({ ...letter, contractAmpere: 0.5 }, never);
  expect(outcome).toMatchObject({ ok: false, problems: [{ where: 'contract_ampere' }] });
  expect(supervisor.saved).toEqual({});
});

test('a refusal is told in its own words, without the options that it quotes; then all goes on', async () => {
  const { to } = await destination({ ...defaults });
  const stick = { ...letter, device: '/dev/ttyUSB7' };
  const refused = await to.write(stick, never).catch(String);
  expect(refused).toContain("Device '/dev/ttyUSB7' does not exist in broute2mqtt (local_broute2mqtt)");
  expect(refused).not.toMatch(new RegExp(`Got|${ID}|${PASSWORD}`));
  expect([to.written, supervisor.saved]).toEqual([undefined, {}]);
  expect(await to.write({ ...stick, device: USB0 }, never)).toMatchObject({ ok: true });
});

test('a Supervisor that does not answer, or not as it should, is told', async () => {
  const { to } = await destination(defaults);
  supervisor.instead = (response) => response.writeHead(502).end('Bad Gateway');
  await expect(to.write(letter, never)).rejects.toThrow('did not take the options: HTTP 502');
  supervisor.instead = (response) => response.destroy();
  await expect(to.write(letter, never)).rejects.toThrow('did not take the options: socket hang up');
});

test('a secret that stands where a refusal is cut shows no beginning', async () => {
  const { to } = await destination(defaults);
  expect(await to.load(letter)).toMatchObject({ ok: true }); // as set-up does for the join
  const message = `${'x'.repeat(195)} ${PASSWORD}`;
  supervisor.instead = (response) => response.writeHead(400).end(JSON.stringify({ result: 'error', message }));
  const refused = await to.write(letter, never).catch(String);
  expect(refused).toContain('xxx');
  expect(refused).not.toContain(PASSWORD.slice(0, 3));
});

test('the broker app is given as soon as it is there, and nothing of it is written', async () => {
  const { to } = await destination(defaults);
  await to.refresh(never);
  expect(to.given.broker).toBeUndefined();
  supervisor.mqtt = { host: 'core-mosquitto', port: 1883, username: 'addons', password: 'of the broker' };
  await to.refresh(never);
  expect(to.given.broker).toBe('mqtt://core-mosquitto:1883');
  expect(await to.load(letter)).toMatchObject({ ok: true, settings: { mqtt: { username: 'addons' } } });
  expect(to.shown({ ...letter, device: USB0 })).toBe(
    'device: /dev/ttyUSB0\nroute_b_id: ●●●●\nroute_b_password: ●●●●\ninterval_s: 10\nlanguage: en\n',
  );
});
