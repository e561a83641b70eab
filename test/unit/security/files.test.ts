import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { formatProblem } from '../../../src/config/problems.ts';
import { meterMemory, panMemory } from '../../../src/meter/meter-memory.ts';
import { StateFile } from '../../../src/store/state-file.ts';
import { airtimeMemory } from '../../../src/module/airtime-limit.ts';
import { logLines } from '../../support/log-lines.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hostile-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
const pipe = (name: string): string => {
  execFileSync('sh', ['-c', `mkfifo '${at(name)}'`]);
  return at(name);
};
const huge = (name: string): string => {
  writeFileSync(at(name), '');
  truncateSync(at(name), 100_000_000);
  return at(name);
};
const good = {
  BROUTE2MQTT_METERS_0_ID: 'home',
  BROUTE2MQTT_METERS_0_DEVICE: '/dev/ttyUSB0',
  BROUTE2MQTT_METERS_0_ROUTE_B_ID: '0123456789ABCDEF0123456789ABCDEF',
  BROUTE2MQTT_METERS_0_ROUTE_B_PASSWORD: 'ABCDEFGHIJKL',
  BROUTE2MQTT_MQTT_URL: 'mqtt://localhost',
};
/** What is told; nothing when all is well. */
const problems = async (path: string, env: Record<string, string> = {}, pathGiven = true): Promise<string> => {
  const result = await loadConfig({ path, pathGiven, env });
  return result.ok ? '' : result.problems.map((problem) => formatProblem(problem, 'en')).join('\n');
};

const strange: readonly (readonly [string, () => string, RegExp])[] = [
  ['a file of 100 MB', () => huge('huge'), /larger than 1 MB/],
  ['a device without end', () => '/dev/zero', /larger than 1 MB/],
  ['a folder', () => folder, /is a folder/],
  [
    'a link to itself',
    () => {
      symlinkSync(at('loop'), at('loop'));
      return at('loop');
    },
    /cannot be read \(ELOOP\)/,
  ],
  ['a name with NUL', () => `${folder}/a\0b`, /cannot be read \(ERR_INVALID_ARG_VALUE\)/],
];

describe('whatever a name stands for, reading it ends', () => {
  test.each(strange)('%s as the configuration', async (_title, make, expected) => {
    expect(await problems(make())).toMatch(expected);
  });

  test.each(strange)('%s as a secret’s file', async (_title, make, expected) => {
    const { BROUTE2MQTT_METERS_0_ROUTE_B_PASSWORD: _, ...rest } = good;
    expect(await problems('none', { ...rest, BROUTE2MQTT_METERS_0_ROUTE_B_PASSWORD_FILE: make() }, false)).toMatch(
      expected,
    );
  });

  test.each(strange)('%s as a certificate', async (_title, make, expected) => {
    const env = { ...good, BROUTE2MQTT_MQTT_URL: 'mqtts://localhost', BROUTE2MQTT_MQTT_TLS_CA_FILE: make() };
    expect(await problems('none', env, false)).toMatch(expected);
  });

  test('a pipe without a writer, and one whose writer says nothing', async () => {
    expect(await problems(pipe('nobody'))).toContain('is empty');
    const silent = pipe('silent');
    const writer = spawn('sh', ['-c', `exec sleep 30 > '${silent}'`]);
    const reader = spawn('sh', ['-c', `exec sleep 30 < '${silent}'`]);
    try {
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(await problems(silent)).toContain('a pipe that nobody writes to');
    } finally {
      writer.kill('SIGKILL');
      reader.kill('SIGKILL');
    }
  }, 20_000);

  test('a pipe with a slow writer is read to its end: secrets need not touch the disk', async () => {
    const slow = pipe('slow');
    writeFileSync(
      at('text'),
      JSON.stringify({ meters: [{ id: 'home', device: '/dev/x' }], mqtt: { url: 'mqtt://h' } }),
    );
    const reader = spawn('sh', ['-c', `exec sleep 30 < '${slow}'`]); // as the shell holds one of its own
    const writer = spawn('sh', [
      '-c',
      `exec > '${slow}'; head -c 40 '${at('text')}'; sleep 0.5; tail -c +41 '${at('text')}'`,
    ]);
    try {
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(await problems(slow)).toMatch(/^[^\n]*route_b_id: is required\n[^\n]*route_b_password: is required$/);
    } finally {
      writer.kill('SIGKILL');
      reader.kill('SIGKILL');
    }
  }, 20_000);
});

describe('keys that JavaScript objects have by themselves', () => {
  const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'];
  test.each(names)('%s in YAML is an unknown key, and changes no object', async (name) => {
    for (const yaml of [
      `${name}: { polluted: yes }`,
      `mqtt: { url: mqtt://h, ${name}: { polluted: yes } }`,
      `mqtt: { url: mqtt://h, tls: { ${name}: { insecure: true } } }`,
      `x: &x { ${name}: { polluted: yes } }\nmqtt: { <<: *x, url: mqtt://h }`,
      `"\\u005f\\u005fproto\\u005f\\u005f": { polluted: yes }`,
    ]) {
      writeFileSync(at('config.yaml'), yaml);
      expect(await problems(at('config.yaml'), good)).toMatch(/unknown key/);
    }
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(({} as Record<string, unknown>)['insecure']).toBeUndefined();
  });

  test.each(names)('%s in a variable’s name is an unknown variable', async (name) => {
    for (const variable of [`BROUTE2MQTT_${name}`, `BROUTE2MQTT_MQTT_${name}_X`, `BROUTE2MQTT_METERS_${name}_ID`])
      expect(await problems('none', { ...good, [variable]: 'x' }, false)).toContain('unknown variable');
  });
});

describe('state that somebody else wrote', () => {
  const deep = '['.repeat(200_000) + ']'.repeat(200_000);
  const register = { kwh: 1, atMs: 1 };
  const profile = { getMap: [0x80], hasTPhase: true, hasExport: true };
  const scale = { coefficient: 1, exponent: -1, digits: 6 };
  const contents: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['binary', '\0\x01\xff'],
    ['a number', '7'],
    ['null', 'null'],
    ['a list', '[]'],
    ['text', '"text"'],
    ['depth', deep],
    ['depth inside', `{"profile":${deep}}`],
    ['a scale no number can have', JSON.stringify({ profile: { ...profile, energyScale: { ...scale, digits: 1e9 } } })],
    ['an exponent', JSON.stringify({ profile: { ...profile, energyScale: { ...scale, exponent: -400 } } })],
    ['a coefficient', JSON.stringify({ profile: { ...profile, energyScale: { ...scale, coefficient: 0.5 } } })],
    ['a map', JSON.stringify({ profile: { ...profile, getMap: Array.from({ length: 5000 }, () => 0x80) } })],
    ['a map of what is no property', JSON.stringify({ profile: { ...profile, getMap: [-1] } })],
    ['a maker', JSON.stringify({ profile: { ...profile, makerCode: { toString: 'x' } } })],
    ['a serial number', JSON.stringify({ profile: { ...profile, serialNumber: 'x'.repeat(9999) } })],
    ['an address', JSON.stringify({ macAddress: 7 })],
    ['a register', JSON.stringify({ import: { ...register, kwh: -1e300 } })],
    ['a date', JSON.stringify({ export: { ...register, atMs: 1e300 } })],
  ];

  test.each(contents)('%s is set aside, told once, and written anew', async (_title, content) => {
    const { log, lines } = logLines();
    for (const [name, memory] of [
      ['meter.json', meterMemory(folder, log)],
      ['pan.json', panMemory(folder, log)],
      ['airtime.json', airtimeMemory(folder, log)],
    ] as const) {
      writeFileSync(at(name), content, 'latin1');
      expect(await memory.load()).toBeUndefined();
      expect(existsSync(at(name))).toBe(false);
      expect(existsSync(at(`${name}.corrupt`))).toBe(true);
    }
    expect(lines.map(({ msg }) => msg)).toEqual(Array.from({ length: 3 }, () => 'state file is damaged: set aside'));
    expect(JSON.stringify(lines).length).toBeLessThan(2000);
  });

  test('keys of objects themselves pollute nothing', async () => {
    const { log } = logLines();
    writeFileSync(at('meter.json'), '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}');
    await meterMemory(folder, log).load();
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test.each([
    ['a pipe', () => pipe('x.json')],
    ['a file of 100 MB', () => huge('x.json')],
    [
      'a device',
      () => {
        symlinkSync('/dev/zero', at('x.json'));
        return at('x.json');
      },
    ],
  ] as const)('%s in its place is moved away at once', async (_title, make) => {
    const { log, lines } = logLines();
    make();
    const file = new StateFile(folder, 'x.json', (value) => value, log);
    expect(await file.load()).toBeUndefined();
    await file.save({ fine: true });
    expect(await readFile(at('x.json'), 'utf8')).toBe('{"fine":true}\n');
    expect(lines).toHaveLength(1);
  });
});

describe('modes', () => {
  test.each([0o000, 0o022, 0o077])('folder 0700 and files 0600, umask %o', async (umask) => {
    // a process of its own: the umask belongs to all threads
    const program = `
      import { StateFile } from ${JSON.stringify(new URL('../../../src/store/state-file.ts', import.meta.url).pathname)};
      process.umask(${umask});
      await new StateFile(${JSON.stringify(at('state/home'))}, 'x.json', (value) => value, undefined).save({ x: 1 });`;
    writeFileSync(at('run.mts'), program);
    const cwd = new URL('../../../', import.meta.url).pathname;
    execFileSync(process.execPath, ['--import', 'tsx', at('run.mts')], { cwd });
    const mode = (path: string): number => statSync(path).mode & 0o777;
    expect([mode(at('state')), mode(at('state/home')), mode(at('state/home/x.json'))]).toEqual([0o700, 0o700, 0o600]);
    expect(readdirSync(at('state/home'))).toEqual(['x.json']);
  });

  test('a rest that others could write to is not written into, nor is a link followed', async () => {
    const { log } = logLines();
    const file = new StateFile(folder, 'x.json', (value) => value, log);
    writeFileSync(at('x.json.new'), 'old');
    chmodSync(at('x.json.new'), 0o666);
    await file.save({ x: 1 });
    expect(statSync(at('x.json')).mode & 0o777).toBe(0o600);
    writeFileSync(at('victim'), 'precious');
    symlinkSync(at('victim'), at('x.json.new'));
    await file.save({ x: 2 });
    expect(await readFile(at('victim'), 'utf8')).toBe('precious');
    expect(await readFile(at('x.json'), 'utf8')).toBe('{"x":2}\n');
  });
});
