import { expect, test } from 'vitest';
import { lines, load } from './load-text.ts';

/** Each is wrong for its key in some way, and recognisable. */
const canaries = [
  'CANARY-1234',
  'CANARY0123456789CANARY0123456789',
  '98765432101234',
  '987654321E123456',
  'c:CANARY',
  '"CANARY',
];
const keys = [
  'route_b_id',
  'route_b_password',
  'username',
  'password',
  'token',
  'url',
  'device',
  'name',
  'id',
] as const;

const file = (key: string, value: string): string => {
  const line = (name: string, other: string): string => `${name}: ${name === key ? value : other}`;
  return [
    'meters:',
    `  - ${line('id', 'Home!')}`,
    `    ${line('device', 'x')}`,
    `    ${line('name', '[]')}`,
    `    ${line('route_b_id', '1')}`,
    `    ${line('route_b_password', '2')}`,
    'mqtt:',
    `  ${line('url', 'x')}`,
    `  ${line('username', '3')}`,
    `  ${line('password', '4')}`,
    'http:',
    `  ${line('token', '5')}`,
    'home_assistant:',
    `  ${line('url', 'x')}`,
    `  ${line('token', 'a b')}`,
  ].join('\n');
};

const leaks = (text: string): boolean => /CANARY|98765432/i.test(text);

for (const key of keys) {
  test.each(canaries)(`${key}: %s never appears in a problem`, async (canary) => {
    for (const value of [
      canary,
      `mqtt://user:${canary}@host`,
      `[${canary}]`,
      `{${canary}: 1}`,
      `!${canary} x`,
      `*${canary}`,
      `"${canary}`,
      `@${canary}`,
    ]) {
      const result = await load(file(key, value));
      expect(result.ok).toBe(false);
      for (const language of ['en', 'ja'] as const) expect(lines(result, language).filter(leaks)).toEqual([]);
    }
  });
}

test.each(['ROUTE_B_ID', 'ROUTE_B_PASSWORD', 'DEVICE', 'INTERVAL_S'])('nor one of the environment: %s', async (key) => {
  const result = await load(undefined, { env: { [`BROUTE2MQTT_METERS_0_${key}`]: 'CANARY!' } });
  expect(lines(result).filter(leaks)).toEqual([]);
});

test('nor the content of a secret’s file', async () => {
  const result = await load(file('x', ''), {
    env: { BROUTE2MQTT_METERS_0_ROUTE_B_ID_FILE: '/s' },
    files: { '/s': 'CANARY' },
  });
  expect(lines(result).filter(leaks)).toEqual([]);
  expect(lines(result).join()).toContain('BROUTE2MQTT_METERS_0_ROUTE_B_ID_FILE: must be 32');
});

test.each(['0123456789ABCDEF0123456789ABCDEF', 'ABCDEFGHIJKL', 'pass word', 'パスワード'])(
  'a key that may be a value is not repeated: %s',
  async (key) => {
    const found = lines(await load(`mqtt:\n  ${key}: 1\n`));
    expect(found.join('\n')).toContain('config.yaml:2: mqtt.…: unknown key (not shown)');
    expect(found.join()).not.toContain(key);
  },
);
