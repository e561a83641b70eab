import { expect, test } from 'vitest';
import { ID, loaded, minimal, minimalEnvironment, PASSWORD, problems } from './load-text.ts';

test('the environment alone is enough', async () => {
  const { config, file, secretFiles } = await loaded(undefined, { env: minimalEnvironment });
  expect(config.meters).toMatchObject([{ id: 'home', route_b_id: ID }]);
  expect(file).toBeUndefined();
  expect(secretFiles).toEqual([]);
});

test('the environment wins over the file, and is typed as the schema wants it', async () => {
  const env = {
    BROUTE2MQTT_METERS_0_INTERVAL_S: ' 30 ',
    BROUTE2MQTT_HOME_ASSISTANT_STATUS_TOPIC: 'ha/status',
    BROUTE2MQTT_HOME_ASSISTANT_DISCOVERY: 'False',
    BROUTE2MQTT_MQTT_TLS_INSECURE: '1',
    BROUTE2MQTT_LOG_LEVEL: 'debug',
    BROUTE2MQTT_METERS_0_NAME: '12',
    BROUTE2MQTT_HTTP_LISTEN: '', // as compose passes on what is not set
    HOME: '/root',
  };
  const { config } = await loaded(minimal('    interval_s: 5\n'), { env });
  expect(config.meters[0]).toMatchObject({ interval_s: 30, name: '12' });
  expect(config.home_assistant).toMatchObject({ status_topic: 'ha/status', discovery: false });
  expect(config.mqtt?.tls.insecure).toBe(true);
  expect(config.log.level).toBe('debug');
  expect(config.http).toBeUndefined();
});

test.each(['BROUTE2MQTT_HTTP_TOKEN', 'BROUTE2MQTT_HTTP_TOKEN_FILE'])(
  '%s that is empty is a mistake: it must not open the page to everybody',
  async (variable) => {
    expect(await problems(minimal('', 'http: {}'), { env: { [variable]: '' } })).toEqual([
      `${variable}: is empty, and nobody would be kept out: give it a value, or unset the variable`,
    ]);
    expect(await problems(minimal('', 'http: {}'), { env: {} })).toEqual([]);
  },
);

test('further host names can be given one by one', async () => {
  const env = { BROUTE2MQTT_HTTP_HOSTS_0: 'meter.example.com' };
  const { config } = await loaded(minimal('', 'http: {}'), { env });
  expect(config.http?.hosts).toEqual(['meter.example.com']);
});

test('a second meter and a section can be added by the environment', async () => {
  const env = Object.fromEntries(
    Object.entries(minimalEnvironment).map(([name, value]) => [name.replace('_0_', '_1_'), value]),
  );
  const { config } = await loaded(minimal('', 'http:\n'), {
    env: {
      ...env,
      BROUTE2MQTT_METERS_1_ID: 'b',
      BROUTE2MQTT_METERS_1_DEVICE: '/dev/b',
      BROUTE2MQTT_HTTP_LISTEN: '[::]:80',
    },
  });
  expect(config.meters.map(({ id }) => id)).toEqual(['home', 'b']);
  expect(config.http?.listen).toBe('[::]:80');
});

test.each<[variable: string, value: string, problem: string]>([
  ['METERS_0_INTERVAL_S', '1', 'must be at least 2'],
  ['METERS_0_INTERVAL_S', 'abc', 'must be a number, without quotes or unit'],
  ['MQTT_TLS_INSECURE', 'maybe', 'must be true or false'],
  ['METERS_0_ROUTE_B_ID', '"x"', 'must be 32 hexadecimal digits (0-9, A-F), without spaces'],
  ['MQTT_PASWORD', 'x', 'unknown variable; did you mean "BROUTE2MQTT_MQTT_PASSWORD"?'],
  ['METERS_3_ROUTE_B_IDD', 'x', 'unknown variable; did you mean "BROUTE2MQTT_METERS_3_ROUTE_B_ID"?'],
  ['METERS_0_DEVICE_FILE', 'x', 'unknown variable; did you mean "BROUTE2MQTT_METERS_0_DEVICE"?'],
  ['METERS_1000_ID', 'x', 'unknown variable'],
  ['__PROTO__', 'x', 'unknown variable'],
])('%s=%s', async (variable, value, problem) => {
  const found = await problems(minimal(), { env: { [`BROUTE2MQTT_${variable}`]: value } });
  expect(found.filter((line) => line.startsWith(`BROUTE2MQTT_${variable}: ${problem}`))).toHaveLength(1);
});

test('of an unknown variable no more is shown than what looks like a name', async () => {
  const env = { [`BROUTE2MQTT_MQTT URL=mqtt://${'h'.repeat(2000)}`]: 'x', [`BROUTE2MQTT_${'X'.repeat(2000)}`]: 'x' };
  expect(await problems(minimal(), { env })).toEqual([
    expect.stringMatching(/^BROUTE2MQTT_MQTT…: unknown variable/),
    `BROUTE2MQTT_${'X'.repeat(88)}…: unknown variable`,
  ]);
});

test('a gap in the list is told once', async () => {
  const env = Object.fromEntries(
    Object.entries(minimalEnvironment).map(([name, value]) => [name.replace('_0_', '_9_'), value]),
  );
  const distinct = { ...env, BROUTE2MQTT_METERS_9_ID: 'x', BROUTE2MQTT_METERS_9_DEVICE: '/dev/x' };
  expect(await problems(minimal(), { env: distinct })).toEqual([
    'config.yaml:1: meters[1]: is missing: meters are numbered from 0 without gaps',
  ]);
});

test('what Kubernetes adds for a service of our name is left alone', async () => {
  const env = {
    BROUTE2MQTT_SERVICE_HOST: '10.0.0.1',
    BROUTE2MQTT_PORT: 'tcp://10.0.0.1:80',
    BROUTE2MQTT_PORT_80_TCP: 'x',
  };
  expect(await problems(minimal(), { env })).toEqual([]);
});

test('no file: one problem that tells how to make one', async () => {
  const how = 'Let it be made: broute2mqtt setup. Or write one and edit it: broute2mqtt config example > config.yaml';
  expect(await problems(undefined)).toEqual([`config.yaml: does not exist. ${how}`]);
  const aside = { BROUTE2MQTT_LANGUAGE: 'en' }; // begins no meter
  expect(await problems(undefined, { env: aside })).toEqual([`config.yaml: does not exist. ${how}`]);
  expect(
    await problems(undefined, {
      env: { BROUTE2MQTT_MQTT_URL: 'mqtt://x', BROUTE2MQTT_METERS_0_ID: 'a', BROUTE2MQTT_METERS_0_DEVICE: '/d' },
    }),
  ).toEqual([
    `config.yaml: does not exist, and the environment lacks BROUTE2MQTT_METERS_0_ROUTE_B_ID, BROUTE2MQTT_METERS_0_ROUTE_B_PASSWORD. ${how}`,
  ]);
});

test('a file that was named has to be there and readable', async () => {
  const env = minimalEnvironment;
  const make = (file: string): string =>
    `Let it be made: broute2mqtt setup --config ${file}. Or write one and edit it: broute2mqtt config example > ${file}`;
  expect(await problems(undefined, { env, path: 'x.yaml', pathGiven: true })).toEqual([
    `x.yaml: file does not exist. ${make('x.yaml')}`,
  ]);
  expect(await problems(undefined, { env, path: "/my x's", pathGiven: true })).toEqual([
    `/my x's: file does not exist. ${make(`'/my x'\\''s'`)}`,
  ]);
  const files = { 'config.yaml': { code: 'EACCES' } };
  expect(await problems(undefined, { env, files })).toEqual(['config.yaml: file cannot be read: permission denied']);
  expect(await problems(undefined, { env, files: { 'config.yaml': { code: 'EISDIR' } } })).toEqual([
    'config.yaml: file is a folder, not a file',
  ]);
});

test('the missing key of a meter that only the environment knows is named as a variable', async () => {
  expect(
    await problems(minimal(), {
      env: { BROUTE2MQTT_METERS_1_ID: 'b', BROUTE2MQTT_METERS_1_DEVICE: '/b', BROUTE2MQTT_METERS_1_ROUTE_B_ID: ID },
    }),
  ).toEqual(['BROUTE2MQTT_METERS_1_ROUTE_B_PASSWORD: is required']);
});

const byFile = minimal('', '  username: u\n  password_file: pw\n').replace(
  /route_b_password: .*/,
  'route_b_password_file: /s/rb',
);
const at = { path: '/etc/b/config.yaml' };

test('secrets come from files, without the newline at their end', async () => {
  const { config, secrets, secretFiles } = await loaded(byFile.replace(`route_b_id: "${ID}"`, 'route_b_id_file: id'), {
    ...at,
    files: { '/s/rb': `${PASSWORD}\n`, '/etc/b/pw': 'geheim \r\n', '/etc/b/id': ID },
  });
  expect(config.meters[0]?.route_b_password).toBe(PASSWORD);
  expect(config.mqtt?.password).toBe('geheim ');
  expect(secrets).toEqual([ID, PASSWORD, 'geheim ']);
  expect(secretFiles).toEqual(['/etc/b/id', '/s/rb', '/etc/b/pw']);
});

test('the configuration file counts as secret when a secret stands in it; what systemd and Docker keep does not', async () => {
  const { secretFiles } = await loaded(byFile, {
    ...at,
    env: { CREDENTIALS_DIRECTORY: '/run/credentials/b', BROUTE2MQTT_METERS_0_ROUTE_B_PASSWORD_FILE: '/run/secrets/rb' },
    files: { '/run/secrets/rb': PASSWORD, '/run/credentials/b/pw': 'geheim' },
  });
  expect(secretFiles).toEqual(['/etc/b/config.yaml']);
});

test('a relative path is a systemd credential first', async () => {
  const files = { '/s/rb': PASSWORD, '/run/c/pw': 'credential', '/etc/b/pw': 'beside' };
  const env = { CREDENTIALS_DIRECTORY: '/run/c' };
  expect((await loaded(byFile, { ...at, env, files })).config.mqtt?.password).toBe('credential');
  expect((await loaded(byFile, { ...at, files })).config.mqtt?.password).toBe('beside');
});

test('the environment replaces value and file of the configuration file alike', async () => {
  const { config } = await loaded(byFile, {
    ...at,
    env: {
      BROUTE2MQTT_MQTT_PASSWORD: 'env',
      BROUTE2MQTT_METERS_0_ROUTE_B_ID_FILE: '/s/id',
      BROUTE2MQTT_METERS_0_ROUTE_B_PASSWORD_FILE: '/s/2',
    },
    files: { '/s/id': 'f'.repeat(32), '/s/2': 'ZZZZZZZZZZZZ' },
  });
  expect(config.mqtt?.password).toBe('env');
  expect(config.meters[0]).toMatchObject({ route_b_id: 'F'.repeat(32), route_b_password: 'ZZZZZZZZZZZZ' });
});

test('value and file together, an unreadable file, a wrong content: each says where', async () => {
  const yaml = minimal('    route_b_id_file: x\n', '  username_file: 5\n  password_file: gone\n');
  const env = {
    BROUTE2MQTT_HTTP_TOKEN: 'a'.repeat(16),
    BROUTE2MQTT_HTTP_TOKEN_FILE: '/s/t',
    BROUTE2MQTT_METERS_0_ROUTE_B_PASSWORD_FILE: '/s/short',
  };
  const files = { '/s/t': 'b'.repeat(16), '/s/short': 'ABC' };
  expect(await problems(yaml, { ...at, env, files })).toEqual([
    '/etc/b/config.yaml:6: meters[0].route_b_id_file: meters[0].route_b_id is given too: give one of them',
    '/etc/b/config.yaml:9: mqtt.username_file: must be text: put it in quotes',
    '/etc/b/config.yaml:10: mqtt.password_file: file /etc/b/gone does not exist',
    'BROUTE2MQTT_HTTP_TOKEN_FILE: BROUTE2MQTT_HTTP_TOKEN is given too: give one of them',
    'BROUTE2MQTT_METERS_0_ROUTE_B_PASSWORD: must be 12 characters, 0-9 and A-Z'.replace('PASSWORD', 'PASSWORD_FILE'),
  ]);
});

test('a secret file that is no text is a problem', async () => {
  const files = { '/s/rb': Uint8Array.of(0xff, 0xfe), '/etc/b/pw': { code: 'EIO' } };
  expect(await problems(byFile, { ...at, files })).toEqual([
    '/etc/b/config.yaml:5: meters[0].route_b_password_file: file /s/rb is no UTF-8 text',
    '/etc/b/config.yaml:9: mqtt.password_file: file /etc/b/pw cannot be read (EIO)',
  ]);
});

test.each([
  ['x/y: 1\\nurl: b', 'a secret in the place of its file, over two lines'],
  ['a\\nb', 'a short one'],
])('the name %j is not shown and the problem is one line: %s', async (name) => {
  const yaml = byFile.replace('password_file: pw', `password_file: "${name}"`);
  const path = `/etc/b/${name.replace('\\n', '\n')}`;
  for (const [content, why] of [
    [Uint8Array.of(0xff, 0xfe), 'file … is no UTF-8 text'],
    [{ code: 'EIO' }, 'file … cannot be read (EIO)'],
  ] as const) {
    const files = { '/s/rb': PASSWORD, [path]: content };
    expect(await problems(yaml, { ...at, files })).toEqual([`/etc/b/config.yaml:9: mqtt.password_file: ${why}`]);
  }
});
