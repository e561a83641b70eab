import { expect, test } from 'vitest';
import { loaded, minimal, problems } from './load-text.ts';

const TOKEN = 'CANARY.eyJhbGciOiJIUzI1NiJ9';
const section = (keys: string, rest = 'state_dir: s'): string => minimal('', `home_assistant: {${keys}}\n${rest}`);

test('nothing is imported unless asked for', async () => {
  const { settings } = await loaded(minimal());
  expect(settings.homeAssistant).toEqual({
    discovery: true,
    prefix: 'homeassistant',
    statusTopic: 'homeassistant/status',
    importStatistics: 'off',
  });
});

test('on, off and dry_run need no quotes; the token is a secret, from the file, another one or the environment', async () => {
  const url = 'url: "https://ha.example.com/base/"';
  for (const mode of ['on', 'off', 'dry_run']) {
    const { settings, secrets } = await loaded(section(`${url}, token: ${TOKEN}, import_statistics: ${mode}`));
    expect(settings.homeAssistant).toMatchObject({ url: 'https://ha.example.com/base/', importStatistics: mode });
    expect(secrets).toContain(TOKEN);
  }
  const files = { '/c/ha-token': `${TOKEN}\n` };
  const fromFile = await loaded(section(`${url}, token_file: ha-token`), { files, path: '/c/config.yaml' });
  expect(fromFile.settings.homeAssistant.token).toBe(TOKEN);
  expect(fromFile.secretFiles).toContain('/c/ha-token');
  const env = {
    BROUTE2MQTT_HOME_ASSISTANT_URL: 'http://supervisor/core',
    BROUTE2MQTT_HOME_ASSISTANT_TOKEN_FILE: '/c/ha-token',
    BROUTE2MQTT_HOME_ASSISTANT_IMPORT_STATISTICS: 'on',
    BROUTE2MQTT_STATE_DIR: '/s',
  };
  const fromEnvironment = await loaded(minimal(), { env, files });
  expect(fromEnvironment.settings.homeAssistant).toMatchObject({ token: TOKEN, importStatistics: 'on' });
  expect(fromEnvironment.secrets).toContain(TOKEN);
});

const HA = 'url: "http://ha.local:8123", token: t';
const URL_FORM = 'home_assistant.url: must be a URL such as http://homeassistant.local:8123';
const NO_URL =
  'home_assistant.url: is required: the address of Home Assistant’s page, such as http://homeassistant.local:8123';
const NO_TOKEN =
  'home_assistant.token: is required, or token_file: a long-lived access token of an administrator (Home Assistant: your profile, Security)';

test.each([
  [
    'a mode that is none',
    section(`${HA}, import_statistics: true`),
    'home_assistant.import_statistics: must be one of off, dry_run, on',
  ],
  [
    'no mode of that name',
    section(`${HA}, import_statistics: yes`),
    'home_assistant.import_statistics: must be one of off, dry_run, on',
  ],
  ['an address of the broker', section('url: "mqtt://ha.local", token: t'), URL_FORM],
  ['no scheme', section('url: "ha.local:8123", token: t'), URL_FORM],
  ['no host', section('url: "http:///x", token: t'), URL_FORM],
  ['a query', section('url: "http://ha.local?x=1", token: t'), URL_FORM],
  [
    'a login in the address',
    section('url: "http://user:CANARY@ha.local", token: t'),
    'home_assistant.url: must not hold a user name or password: use home_assistant.token',
  ],
  ['an address alone', section('url: "http://ha.local"'), NO_TOKEN],
  ['a token alone', section('token: CANARY'), NO_URL],
  [
    'blanks in the token',
    section('url: "http://ha.local", token: "CANARY b"'),
    'home_assistant.token: must be ASCII without spaces: paste the long-lived access token as it is',
  ],
  [
    'nowhere to keep what was replaced',
    section(`${HA}, import_statistics: on`, ''),
    'home_assistant.import_statistics: needs state_dir: what is replaced is kept there, so that it can be undone',
  ],
])('%s', async (_, yaml, problem) => {
  expect((await problems(yaml)).map((line) => line.replace(/^config\.yaml:\d+: /, ''))).toEqual([problem]);
});

test('an import without address and token says both', async () => {
  expect(
    (await problems(section('import_statistics: on'))).map((line) => line.replace(/^config\.yaml:\d+: /, '')),
  ).toEqual([NO_URL, NO_TOKEN]);
});
