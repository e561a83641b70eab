import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { canaries, formsOf, sightings } from '../support/canary.ts';
import { patient } from '../support/doctor.ts';
import { Household } from '../support/household.ts';
import type { ScriptLine } from '../support/stick.ts';

/** The simulated meter's own; and one that only a state file knows. */
const addresses = ['001C6400030C12A4', '00112233AABBCCDD', 'FE80:0000:0000:0000:021C:6400:030C:12A4'];
const repeating: readonly ScriptLine[] = [
  { fault: 'fail-code', on: 'SKSETPWD', code: 6 },
  { fault: 'garbage', on: 'SKSETRBID' },
];
const secrets = { route_b_id: canaries.routeBId.toLowerCase(), route_b_password: canaries.routeBPassword };

test.for([
  ['all is well', [], 'meter'],
  ['the module refuses what it is told, the broker the login', repeating, 'another'],
] as const)('a report holds no secret, no address, no value and no name: %s', async ([title, script, user]) => {
  await using home = new Household();
  const [broker, stick] = [await home.broker({ login: true }), await home.stick({ script })];
  await broker.setPassword('meter', canaries.mqttPassword);
  const listen = '127.0.0.1:0';
  const { doctor, folder } = await patient(home, {
    device: stick.path,
    meter: { ...secrets, name: 'Yamada-san', on_stuck_command: ['/bin/true', canaries.httpToken] },
    config: {
      mqtt: { url: broker.url, username: user, password: canaries.mqttPassword },
      http: { listen, token: canaries.httpToken },
    },
  });
  await mkdir(join(folder, 'state/home'), { recursive: true, mode: 0o700 });
  const remembered = {
    macAddress: addresses[1],
    profile: { getMap: [0xe7], serialNumber: 'SERIAL-0815', hasTPhase: true, hasExport: false },
    import: { kwh: 98_765.4, atMs: 1_795_000_000_000 },
  };
  await writeFile(join(folder, 'state/home/meter.json'), JSON.stringify(remembered));
  await writeFile(
    join(folder, 'state/home/pan.json'),
    JSON.stringify({ channel: 51, panId: 1, macAddress: addresses[1] }),
  );
  const file = join(folder, 'report.json');
  const told = await doctor('en', ['--report', file]);
  expect(told.code).toBe(title === 'all is well' ? 0 : 69);
  const report = await readFile(file, 'utf8');
  expect(sightings({ report, stdout: told.stdout, stderr: told.stderr })).toEqual([]);
  expect(report.includes(canaries.routeBId.slice(-8))).toBe(false); // the pairing ID
  const low = report.toLowerCase();
  const leaked = [...addresses, 'Yamada-san', 'SERIAL-0815', '98765.4'].filter((text) =>
    formsOf(text).some((form) => low.includes(form)),
  );
  expect(leaked).toEqual([]);
  expect((await stat(file)).mode & 0o777).toBe(0o600);

  const { checks, configuration, host, state, usb, version } = JSON.parse(report) as Record<string, never[]>;
  expect(version).toMatch(/^\d+\.\d+\.\d+/);
  expect(Object.keys(host ?? {})).toEqual(expect.arrayContaining(['os', 'kernel', 'arch', 'container', 'variables']));
  expect(Object.keys(usb ?? {})).toEqual(['ports', 'byId']);
  expect(configuration).toMatchObject({
    meters: [{ id: 'home', name: '[set]', on_stuck_command: '/bin/true and 1 argument(s)' }],
    mqtt: { username: '[set]', password: '[set]' },
    http: { listen, token: '[set]' },
  });
  const memory = (state as readonly { readonly file: string }[]).find((one) => one.file === 'home/meter.json');
  const content = { profile: { getMap: [0xe7], hasTPhase: true }, import: { atMs: 1_795_000_000_000 } };
  expect(memory).toMatchObject({ content });
  expect(checks?.map(({ check }) => check)).toContain('reading');
});

test('a report that cannot be written: said, exit code 64', async () => {
  await using home = new Household();
  const { doctor, configFile } = await patient(home, { yaml: 'meters: []\n' });
  for (const [language, words] of [
    ['en', 'cannot be written'],
    ['ja', 'に書き込めません'],
  ] as const) {
    const told = await doctor(language, ['--report', join(configFile, 'report.json')]);
    expect(told.code).toBe(64);
    expect(told.stderr).toContain(words);
  }
});

test('a report replaces a file only when told to, and never a neighbour called FILE.new', async () => {
  await using home = new Household();
  const { doctor, folder } = await patient(home, { yaml: 'meters: []\n' });
  const [file, neighbour] = [join(folder, 'notes.json'), join(folder, 'notes.json.new')];
  await Promise.all([writeFile(file, 'mine'), writeFile(neighbour, 'mine too')]);
  const refused = await doctor('en', ['--report', file]);
  expect([refused.code, refused.stdout]).toEqual([64, '']);
  expect(refused.stderr).toContain('--force');
  expect(await readFile(file, 'utf8')).toBe('mine');
  expect((await doctor('en', ['--report', file, '--force'])).code).toBe(78);
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ configuration: 'not valid' });
  expect(await readFile(neighbour, 'utf8')).toBe('mine too');
});

test('without a valid configuration there is a report all the same', async () => {
  await using home = new Household();
  const { doctor, folder } = await patient(home, { yaml: `meters:\n  - route_b_id: ${canaries.routeBId}\n` });
  const file = join(folder, 'report.json');
  expect((await doctor('ja', ['--report', file])).code).toBe(78);
  const report = await readFile(file, 'utf8');
  expect(sightings({ report })).toEqual([]);
  expect(JSON.parse(report)).toMatchObject({ configuration: 'not valid' });
});
