import { z } from 'zod';
import { parse } from 'yaml';
import { expect, test } from 'vitest';
import { exampleText } from '../../../src/config/example.ts';
import { configJsonSchema } from '../../../src/config/json-schema.ts';
import { leaves, valueAt } from '../../../src/config/keys.ts';
import { loaded, problems } from './load-text.ts';

const SAMPLE_ID = 'FFEEDDCCBBAA99887766554433221100';
/** As its user leaves it. */
const filledIn = async (): Promise<string> =>
  (await exampleText()).replace(SAMPLE_ID, '0123456789ABCDEF0123456789ABCDEF');
/** `#key: value` is a key that is switched off; `# text` is prose. */
const withEveryKey = async (): Promise<string> =>
  (await filledIn()).replace(/^(\s*)#(?=[a-z_]+:)/gm, '$1').replace('mqtt://', 'mqtts://');
const certificates = { '/etc/b/ca.pem': 'ca', '/etc/b/client.pem': 'cert', '/etc/b/client-key.pem': 'key' };

test('the example as it stands is refused for its sample ID alone, with what to do', async () => {
  expect(await problems(await exampleText())).toEqual([
    expect.stringMatching(/^config\.yaml:\d+: meters\[0\]\.route_b_id: this is the ID of the example: write your own/),
  ]);
  expect(await problems((await exampleText()).replace(SAMPLE_ID, SAMPLE_ID.toLowerCase()))).toHaveLength(1);
});

test('the example is a valid configuration once the ID is one’s own', async () => {
  const { config, secrets } = await loaded(await filledIn());
  expect(config.meters.map(({ id, name }) => ({ id, name }))).toEqual([{ id: 'home', name: 'スマートメーター' }]);
  expect(config.mqtt?.url).toBe('mqtt://localhost:1883');
  expect(config.http?.listen).toBe('127.0.0.1:8080');
  expect(secrets).toHaveLength(2);
});

test('the example is valid with every key switched on', async () => {
  const { config } = await loaded(await withEveryKey(), { path: '/etc/b/config.yaml', files: certificates });
  expect(config.meters[0]).toMatchObject({ contract_ampere: 40, reply_timeout_s: 20 });
  expect(config.mqtt?.tls).toEqual({
    ca_file: '/etc/b/ca.pem',
    cert_file: '/etc/b/client.pem',
    key_file: '/etc/b/client-key.pem',
    insecure: false,
  });
  expect(config.state_dir).toBe('/etc/b/state');
});

test('the example holds every key there is', async () => {
  const tree: unknown = parse(await withEveryKey());
  const missing = leaves
    .map(({ pattern }) => pattern.map((part) => (part === '*' ? 0 : part)))
    .filter((path) => valueAt(tree, path) === undefined);
  expect(missing).toEqual([]);
});

test('what the example shows as the value of a default is the default', async () => {
  const bare = await loaded(
    'meters: [{id: home, device: /d, route_b_id: 0123456789ABCDEF0123456789ABCDEF, route_b_password: ABCDEFGHIJKL}]\nhttp: {}\nmqtt: {url: "mqtt://localhost:1883"}\nstate_dir: ./state',
  );
  const example = await loaded(await filledIn());
  expect({ ...bare.config, meters: 0 }).toEqual({ ...example.config, meters: 0 });
  expect({ ...bare.config.meters[0], device: 0 }).toEqual({ ...example.config.meters[0], device: 0 });
});

/** zod reads no `required` on its own; the tests below look at those rules. */
const withoutRules = (): Parameters<typeof z.fromJSONSchema>[0] =>
  JSON.parse(
    JSON.stringify(configJsonSchema(), (key, value: unknown) => (['allOf', 'anyOf'].includes(key) ? undefined : value)),
  );

test('the JSON schema accepts the example and the _file forms, and refuses what is unknown', async () => {
  const schema = z.fromJSONSchema(withoutRules());
  const example = parse(await withEveryKey());
  expect(schema.safeParse(example).error).toBeUndefined();
  const [meter] = example.meters;
  const { route_b_id: _id, ...rest } = meter;
  expect(schema.safeParse({ ...example, meters: [{ ...rest, route_b_id_file: 'id' }] }).error).toBeUndefined();
  expect(schema.safeParse({ ...example, meters: [{ ...meter, interval: 3 }] }).success).toBe(false);
  expect(schema.safeParse({ ...example, meters: [{ ...meter, interval_s: 1 }] }).success).toBe(false);
});

test('the JSON schema says what it is, and explains every key in both languages', () => {
  const schema = configJsonSchema();
  expect(schema['$schema']).toBe('https://json-schema.org/draft/2020-12/schema');
  expect(schema['anyOf']).toEqual([{ required: ['mqtt'] }, { required: ['http'] }, { required: ['mackerel'] }]);
  const properties: { title?: string; description?: string }[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if ('properties' in node) properties.push(...Object.values(node.properties as Record<string, object>));
    for (const inner of Object.values(node)) visit(inner);
  };
  visit(schema);
  expect(properties.length).toBeGreaterThan(leaves.length);
  expect(properties.filter(({ title, description }) => !title || !description)).toEqual([]);
});

test('the JSON schema wants one of value and file for each required secret', () => {
  const meter = valueAt(configJsonSchema(), ['properties', 'meters', 'items']);
  expect(valueAt(meter, ['required'])).toEqual(['id', 'device']);
  expect(valueAt(meter, ['allOf'])).toEqual([
    { oneOf: [{ required: ['route_b_id'] }, { required: ['route_b_id_file'] }] },
    { oneOf: [{ required: ['route_b_password'] }, { required: ['route_b_password_file'] }] },
  ]);
});
