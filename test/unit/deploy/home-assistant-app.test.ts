import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { packageVersion } from '../../../src/app/context.ts';
import { acceptOptions } from '../../support/supervisor-options.ts';
import {
  profilesIn,
  supervisorConfig,
  supervisorFinds,
  supervisorRating,
  supervisorRepository,
  supervisorTranslations,
} from '../../support/supervisor-rules.ts';

const root = join(import.meta.dirname, '../../..');
const folder = join(root, 'deploy/home-assistant-app');
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const raw = parse(read('config.yaml')) as Record<string, unknown>;
const config = supervisorConfig.parse(raw);

test('the Supervisor accepts config.yaml and repository.yaml, and every key in them counts', () => {
  expect(config).toMatchObject({ slug: 'broute2mqtt', arch: ['aarch64', 'amd64'], services: ['mqtt:want'] });
  const repository: unknown = parse(readFileSync(join(root, 'repository.yaml'), 'utf8'));
  expect(supervisorRepository.parse(repository)).toEqual({ name: 'broute2mqtt' });
});

test('its rating is 8 of 8', () => {
  expect(supervisorRating(config, profilesIn(read('apparmor.txt')).length === 1)).toBe(8);
});

test.for([
  [{ ingress: false, ports: { '8099/tcp': 8099 } }, 6],
  [{ ingress: false, ports: { '8099/tcp': null } }, 8],
  [{ apparmor: false }, 6],
  [{ host_network: true }, 7],
  [{ hassio_role: 'manager' }, 7],
  [{ host_pid: true }, 6],
  [{ privileged: ['SYS_RAWIO'] }, 7],
  [{ full_access: true }, 1],
  [{ docker_api: true }, 1],
] as const)('the rule of the rating: %o makes it %d', ([change, rating]) => {
  expect(supervisorRating(supervisorConfig.parse({ ...raw, ...change }), true)).toBe(rating);
});

test('nothing of the machine but its serial ports, among which the stick is looked for', () => {
  expect(raw['uart']).toBe(true);
  for (const key of ['usb', 'udev', 'gpio', 'full_access', 'host_network', 'hassio_api', 'homeassistant_api'])
    expect(raw[key], key).toBeUndefined();
  expect([config.devices, config.privileged, config.ports]).toEqual([[], [], undefined]);
  expect(config.schema['device']).toBe('device(subsystem=tty)?');
});

test('the watchdog asks the port of ingress', () => {
  expect(config.watchdog).toBe(`http://[HOST]:[PORT:${config.ingress_port}]/livez`);
  expect(read('Dockerfile')).toContain(`BROUTE2MQTT_HTTP_LISTEN=0.0.0.0:${config.ingress_port}`);
});

test('the Supervisor finds one app here, in the folder the docs name', () => {
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root });
  const found = supervisorFinds(files.toString().trim().split('\n'));
  const apps = found.filter(
    (file) => supervisorConfig.safeParse(parse(readFileSync(join(root, file), 'utf8'))).success,
  );
  expect(apps).toEqual(['deploy/home-assistant-app/config.yaml']);
  // this one it reads too, and passes over: it is no app's
  expect(found.filter((file) => !apps.includes(file))).toEqual(['config.example.yaml']);
});

test('the versions are the package’s', () => {
  expect(config.version).toBe(packageVersion());
  expect(read('Dockerfile')).toContain(`\nARG BUILD_VERSION=${packageVersion()}\nFROM `);
});

test('the Dockerfile names its base, the labels and the app’s architectures', () => {
  const text = read('Dockerfile');
  expect(existsSync(join(folder, 'build.yaml'))).toBe(false);
  expect(text).not.toContain('BUILD_FROM');
  expect(text.match(/^FROM .*/gm)).toEqual(['FROM ghcr.io/broute2mqtt/broute2mqtt:${BUILD_VERSION}']);
  expect(text).toContain('io.hass.version="${BUILD_VERSION}"');
  expect(text).toContain('io.hass.type="app"');
  expect(text).toContain(`io.hass.arch="${config.arch.join('|')}"`);
});

test('every option is explained in both languages, and nothing else is', () => {
  const names = Object.keys(config.schema);
  expect(readdirSync(join(folder, 'translations')).sort()).toEqual(['en.yaml', 'ja.yaml']);
  for (const language of ['en', 'ja']) {
    const texts = supervisorTranslations.parse(parse(read(`translations/${language}.yaml`)));
    expect(Object.keys(texts.configuration), language).toEqual(names);
  }
});

test('a default belongs to an option that must be given, and no other has one', () => {
  const must = Object.entries(config.schema).flatMap(([name, type]) => (type.endsWith('?') ? [] : [name]));
  expect(Object.keys(config.options).sort()).toEqual(must.sort());
});

test('it can be started as it is installed: set-up asks for what nobody can know', () => {
  const { schema, options } = config;
  const app = { schema, options, devices: [] };
  expect(acceptOptions(app, options)).toEqual({ kept: options });
  expect(acceptOptions(app, { ...options, route_b_id: null })).toHaveProperty('refused'); // as it was once
  for (const wrong of [{ route_b_id: '0123' }, { interval_s: 1 }, { price_buy: 'x' }, { language: 'fr' }])
    expect(acceptOptions(app, { ...options, ...wrong }), JSON.stringify(wrong)).toHaveProperty('refused');
  for (const wrong of [{ device: '/dev/ttyUSB9' }, { mqtt_password: 5 }, { home_assistant_url: 'x' }])
    expect(acceptOptions(app, { ...options, ...wrong }), JSON.stringify(wrong)).toHaveProperty('refused');
  expect(acceptOptions(app, { ...options, of_an_older_version: 1 })).toEqual({ kept: options });
});

test('the pictures are there in Home Assistant’s sizes, and so is what they are made of', () => {
  const sizeOf = (name: string): number[] => {
    const bytes = readFileSync(join(folder, name));
    expect(bytes.subarray(1, 4).toString()).toBe('PNG');
    return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  };
  expect(sizeOf('icon.png')).toEqual([128, 128]);
  expect(sizeOf('logo.png')).toEqual([250, 100]);
  for (const name of ['icon.svg', 'logo.svg']) expect(existsSync(join(folder, name)), name).toBe(true);
});

test('the profile grants no capability, no raw network and no path of the machine', () => {
  const text = read('apparmor.txt').replaceAll(/#.*/g, '');
  expect(profilesIn(read('apparmor.txt'))).toEqual([config.slug]);
  for (const wide of [/\bcapability\b/, /^\s*file,/m, /^\s*network,/m, /\braw,(?<!netlink raw,)/, /\bmount\b/])
    expect(text).not.toMatch(wide);
  expect(text).not.toMatch(/^\s*\/\*\*/m);
});

test('the intro, both parts of the documentation and what is new in this version are there', () => {
  for (const name of ['README.md', 'DOCS.md'])
    for (const word of [/Route B/, /Bルート/]) expect(read(name)).toMatch(word);
  expect(read('CHANGELOG.md')).toContain(`\n## ${config.version}\n`);
});

test('the documentation explains every option in both languages', () => {
  const names = Object.keys(config.schema);
  const tables = read('DOCS.md').split('## English');
  for (const table of tables) expect([...table.matchAll(/^\| `(\w+)` /gm)].map(([, name]) => name)).toEqual(names);
  expect(tables).toHaveLength(2);
});
