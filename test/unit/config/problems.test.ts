import { expect, test } from 'vitest';
import { ID, lines, load, loaded, minimal, PASSWORD, problems } from './load-text.ts';

const meter = (line: string): string => minimal(`    ${line}\n`);
/** The minimal configuration with one line replaced. */
const instead = (from: string, to: string): string => minimal().replace(from, to);
const quoted = 'must be text: put it in quotes';

test.each<[name: string, yaml: string, problem: string]>([
  ['below the range', meter('interval_s: 1'), '6: meters[0].interval_s: must be at least 2'],
  ['above the range', meter('interval_s: 3601'), '6: meters[0].interval_s: must be at most 3600'],
  ['no whole number', meter('interval_s: 2.5'), '6: meters[0].interval_s: must be a whole number'],
  [
    'a number in quotes',
    meter('interval_s: "10"'),
    '6: meters[0].interval_s: must be a number, without quotes or unit',
  ],
  [
    'a unit',
    meter('energy_interval_s: 60s'),
    '6: meters[0].energy_interval_s: must be a number, without quotes or unit',
  ],
  ['energy too often', meter('energy_interval_s: 9'), '6: meters[0].energy_interval_s: must be at least 10'],
  ['reply time-out', meter('reply_timeout_s: 121'), '6: meters[0].reply_timeout_s: must be at most 120'],
  ['unknown key', meter('intervall_s: 5'), '6: meters[0].intervall_s: unknown key; did you mean "interval_s"?'],
  [
    'camel case',
    meter('contractAmpere: 5'),
    '6: meters[0].contractAmpere: unknown key; did you mean "contract_ampere"?',
  ],
  [
    'half a name',
    minimal().replace('route_b_password:', 'password:'),
    '5: meters[0].password: unknown key; did you mean "route_b_password"?',
  ],
  ['a key elsewhere', minimal('', 'interval_s: 5'), '8: interval_s: unknown key; did you mean "meters[].interval_s"?'],
  ['nothing near', minimal('', 'zzz: 5'), '8: zzz: unknown key'],
  ['a wrong word', minimal('', 'language: de'), '8: language: must be one of ja, en'],
  [
    'no boolean',
    minimal('', 'home_assistant: {discovery: "on"}'),
    '8: home_assistant.discovery: must be true or false',
  ],
  ['an empty section', minimal('', 'http:'), '8: http: has no value: give one or remove the line'],
  [
    'a text for a section',
    instead('mqtt:\n  url: mqtt://localhost', 'mqtt:\n  url:mqtt'),
    '6: mqtt: must hold keys and values, one `key: value` a line (is the space after a colon missing?)',
  ],
  ['a list for a text', instead('/dev/ttyUSB0', '[a]'), '3: meters[0].device: must be text, not a list or map'],
  ['a required key', instead('    device: /dev/ttyUSB0\n', ''), '2: meters[0].device: is required'],
  ['no meters', 'meters: []\nhttp: {}', '1: meters: must have at least one item'],
  ['no target', minimal('', 'mackerel: {api_key: k}'), '8: mackerel.service: is required, or host_id'],
  ['no output', minimal().replace(/mqtt:\n.*\n/, ''), '1: mqtt: give at least one of `mqtt`, `http` and `mackerel`'],
  ['id', instead('id: home', 'id: Home'), '2: meters[0].id: must consist of a-z, 0-9, _ and - (at most 64)'],
  [
    'device',
    instead('/dev/ttyUSB0', 'ttyUSB0'),
    '3: meters[0].device: must be an absolute path such as /dev/ttyUSB0, `auto`, or tcp://host:port',
  ],
  [
    'serial server without port',
    instead('/dev/ttyUSB0', 'tcp://host'),
    '3: meters[0].device: must be an absolute path such as /dev/ttyUSB0, `auto`, or tcp://host:port',
  ],
  [
    'short ID',
    instead(ID, '0123'),
    '4: meters[0].route_b_id: must be 32 hexadecimal digits (0-9, A-F), without spaces',
  ],
  ['short password', instead(PASSWORD, 'ABC'), '5: meters[0].route_b_password: must be 12 characters, 0-9 and A-Z'],
  ['unquoted digits as ID', instead(`"${ID}"`, '1'.repeat(32)), `4: meters[0].route_b_id: ${quoted}`],
  [
    'unquoted digits around an E as ID',
    instead(`"${ID}"`, '0123456789012345E890123456789012'),
    `4: meters[0].route_b_id: ${quoted}`,
  ],
  [
    'unquoted E with few digits',
    instead(`"${ID}"`, '00000000000000000000000000001E12'),
    `4: meters[0].route_b_id: ${quoted}`,
  ],
  ['unquoted digits as password', instead(`"${PASSWORD}"`, '123456789012'), `5: meters[0].route_b_password: ${quoted}`],
  [
    'a broker password that is a word of YAML',
    minimal('', '  username: u\n  password: true\n'),
    `9: mqtt.password: ${quoted}`,
  ],
  ['a token of digits', minimal('', 'http: {token: 12345678}'), `8: http.token: ${quoted}`],
  ...['x', '123456789012345', 'sixteen is spaced'].map((token): [string, string, string] => [
    `a token like ${token}`,
    minimal('', `http: {token: "${token}"}`),
    '8: http.token: must be at least 16 characters, ASCII without spaces; make one up: openssl rand -hex 16',
  ]),
  [
    'a host with its port',
    minimal('', 'http: {hosts: ["meter.example.com:8080"]}'),
    '8: http.hosts[0]: must be a host name such as meter.example.com, without http:// and port',
  ],
  ['url', instead('mqtt://localhost', 'localhost'), '7: mqtt.url: must be a URL such as mqtt://localhost:1883'],
  [
    'url protocol',
    instead('mqtt://localhost', 'http://localhost'),
    '7: mqtt.url: must begin with mqtt://, mqtts://, ws:// or wss://',
  ],
  [
    'url with login',
    instead('mqtt://localhost', 'mqtt://u:p@localhost'),
    '7: mqtt.url: must not hold a user name or password: use mqtt.username and mqtt.password',
  ],
  ['password without user', minimal('', '  password: abc'), '8: mqtt.password: needs mqtt.username too'],
  [
    'wildcard topic',
    minimal('', '  base_topic: a/#'),
    '8: mqtt.base_topic: must be an MQTT topic without wildcards (+ #) and without a slash at either end',
  ],
  [
    'slash at the end',
    minimal('', 'home_assistant: {prefix: ha/}'),
    '8: home_assistant.prefix: must be an MQTT topic without wildcards (+ #) and without a slash at either end',
  ],
  [
    'topic inside the prefix',
    minimal('', '  base_topic: homeassistant/b'),
    '8: mqtt.base_topic: must not be inside home_assistant.prefix',
  ],
  ['listen', minimal('', 'http: {listen: 8080}'), `8: http.listen: ${quoted}`],
  [
    'listen without port',
    minimal('', 'http: {listen: localhost}'),
    '8: http.listen: must be HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080',
  ],
  [
    'port out of range',
    minimal('', 'http: {listen: "a:65536"}'),
    '8: http.listen: must be HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080',
  ],
])('%s', async (_name, yaml, problem) => {
  expect(await problems(yaml)).toContain(`config.yaml:${problem}`);
});

test.each<[name: string, yaml: string]>([
  ['a serial server', instead('/dev/ttyUSB0', 'tcp://10.0.0.2:4001')],
  ['automatic choice', instead('/dev/ttyUSB0', 'auto')],
  ['IPv6', minimal('', 'http: {listen: "[::1]:8080"}')],
  ['every address without a token', minimal('', 'http: {listen: 0.0.0.0:8080}')],
  ['websockets with a path', instead('mqtt://localhost', 'wss://broker.example:8084/mqtt')],
  ['a topic beside the prefix', minimal('', '  base_topic: homeassistant2/a')],
  ['HTTP without MQTT', minimal('', 'http: {}').replace(/mqtt:\n.*\n/, '')],
  [
    'shared settings by alias and merge',
    'meters:\n  - &a {id: a, device: /a, route_b_id: &i "' +
      ID +
      '", route_b_password: "' +
      PASSWORD +
      '"}\n  - <<: *a\n    id: b\n    device: /b\n    route_b_id: *i\nhttp: {}',
  ],
])('accepted: %s', async (_name, yaml) => {
  expect(await problems(yaml)).toEqual([]);
});

test('ID and password become upper case, names get a default', async () => {
  const { config, secrets } = await loaded(minimal().replace(ID, ID.toLowerCase()).replace(PASSWORD, 'abcdefghijkl'));
  expect(config.meters[0]).toEqual({
    id: 'home',
    name: 'スマートメーター',
    device: '/dev/ttyUSB0',
    route_b_id: ID,
    route_b_password: PASSWORD,
    interval_s: 10,
    energy_interval_s: 60,
    minute_history: false,
  });
  expect(secrets).toEqual([ID, PASSWORD]);
});

test('two meters share neither id nor device, however it is spelt', async () => {
  const second = (id: string, device: string): string =>
    minimal(`  - id: ${id}\n    device: ${device}\n    route_b_id: "${ID}"\n    route_b_password: "${PASSWORD}"\n`);
  expect(await problems(second('home', '/dev/ttyUSB1'))).toEqual([
    'config.yaml:6: meters[1].id: meters[0] has the same id',
  ]);
  expect(await problems(second('b', '/dev//ttyUSB0'))).toEqual([
    'config.yaml:7: meters[1].device: meters[0] uses the same device: each meter needs its own stick',
  ]);
  const { config } = await loaded(second('b', '/dev/ttyUSB1'));
  expect(config.meters.map(({ name }) => name)).toEqual(['スマートメーター home', 'スマートメーター b']);
});

test('certificates: together, only with TLS, and readable', async () => {
  const tls = (url: string, keys: string): string => `${instead('mqtt://localhost', url)}  tls: {${keys}}\n`;
  const files = { '/c/a.pem': 'x', '/c/b.pem': 'x' };
  const at = { path: '/c/config.yaml', files };
  expect(await problems(tls('mqtts://h', 'cert_file: a.pem'), at)).toEqual([
    '/c/config.yaml:8: mqtt.tls.cert_file: needs mqtt.tls.key_file too',
  ]);
  expect(await problems(tls('mqtt://h', 'ca_file: a.pem'), at)).toEqual([
    '/c/config.yaml:8: mqtt.tls.ca_file: needs a mqtt.url with mqtts:// or wss://',
  ]);
  expect(await problems(tls('wss://h', 'ca_file: no.pem'), at)).toEqual([
    '/c/config.yaml:8: mqtt.tls.ca_file: file /c/no.pem does not exist',
  ]);
  const { config } = await loaded(tls('wss://h', 'cert_file: a.pem, key_file: b.pem'), at);
  expect(config.mqtt?.tls).toEqual({ cert_file: '/c/a.pem', key_file: '/c/b.pem', insecure: false });
});

test('every problem at once, in the order of the file, single keys and relations together', async () => {
  const yaml = `meters:
  - id: home
    device: tty
    route_b_id: 11111111111111111111111111111111
    interval_s: 1
  - id: home
    device: /dev/b
    route_b_id: "${ID}"
    route_b_password_file: gone
    colour: red
mqtt:
  url: http://x
  password: abc
language: fr
`;
  expect(
    (await problems(yaml, { env: { BROUTE2MQTT_MQTT_URI: 'x' } })).map((line) =>
      line.replace(/: (must|needs|is|file|unknown|meters\[0\] has) .*/, ''),
    ),
  ).toEqual([
    'config.yaml:2: meters[0].route_b_password',
    'config.yaml:3: meters[0].device',
    'config.yaml:4: meters[0].route_b_id',
    'config.yaml:5: meters[0].interval_s',
    'config.yaml:6: meters[1].id',
    'config.yaml:9: meters[1].route_b_password_file',
    'config.yaml:10: meters[1].colour',
    'config.yaml:12: mqtt.url',
    'config.yaml:13: mqtt.password',
    'config.yaml:14: language',
    'BROUTE2MQTT_MQTT_URI',
  ]);
});

test('every problem exists in Japanese', async () => {
  const result = await load(meter('interval_s: 1'));
  expect(lines(result, 'ja')).toEqual(['config.yaml:6: meters[0].interval_s: 2 以上にしてください']);
});
