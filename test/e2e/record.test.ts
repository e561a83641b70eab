import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { frameOf } from '../../src/transcript/wire-units.ts';
import { readingsOf } from '../support/bridge.ts';
import { formsOf } from '../support/canary.ts';
import { Household } from '../support/household.ts';
import { mainScript } from '../support/program.ts';
import type { Stick, Truth } from '../support/stick.ts';
import { parseTranscript } from '../support/transcript.ts';

const secrets = { routeBId: 'CA7A0001DEADC0DE0BADF00D5EC2E7AA', routeBPassword: 'CANARYROUTEB' };

/** A configuration of its own for `record`, and the file it writes. */
async function recordSetup(
  home: Household,
  stick: Stick,
  config: object = {},
): Promise<{ args: string[]; file: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'record-'));
  home.keep({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) });
  const meter = {
    id: 'home',
    device: stick.path,
    route_b_id: secrets.routeBId,
    route_b_password: secrets.routeBPassword,
    interval_s: 2,
    energy_interval_s: 10,
  };
  const path = join(folder, 'config.yaml');
  await writeFile(path, JSON.stringify({ meters: [meter], http: { listen: '127.0.0.1:0' }, ...config }), {
    mode: 0o600,
  });
  const file = join(folder, 'recording.txt');
  return { args: ['record', file, '--config', path], file };
}

const powers = (truth: readonly Truth[]): number[] =>
  truth.filter(({ epc }) => epc === 'E7').map(({ edt }) => edt.readInt32BE());

test.concurrent.for([
  ['dse', 'binary'],
  ['dse', 'ascii'],
  ['se', 'binary'],
  ['se', 'ascii'],
] as const)('%s, %s: what was recorded is read from its replay, to the last digit', async ([edition, payload]) => {
  await using home = new Household();
  const stick = await home.stick({ args: ['--edition', edition, '--payload', payload, '--solar'] });
  const { args, file } = await recordSetup(home, stick);
  const recorder = home.cli([...args, '--duration', '120']);
  const told = (): number => recorder.stderr.split(' W\n').length - 1;
  await recorder.until(() => told() >= 4, 'four readings');
  expect((await recorder.end('SIGINT')).code).toBe(0);
  const truth = stick.truth();
  await stick.unplug();

  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const text = await readFile(file, 'latin1');
  const leaks = Object.entries({
    ...secrets,
    pairingId: secrets.routeBId.slice(-8),
    meter: '001C6400030C12A4',
    pan: 'Pan ID:12A4',
  }).filter(([, value]) => formsOf(value).some((form) => text.toLowerCase().includes(form)));
  expect(leaks).toEqual([]);
  const { header, lines } = parseTranscript('recording', text);
  expect(header.get('edition')).toEqual([edition.toUpperCase()]);
  expect(header.get('date')).toEqual([expect.stringMatching(/^\d{4}-\d\d-\d\d$/)]);
  const frames = lines.flatMap(({ from, bytes }) =>
    from === 'module' ? (frameOf({ from, text: Buffer.from(bytes).toString('latin1') })?.frame ?? []) : [],
  );
  const recorded = frames.flatMap(({ properties }) =>
    properties
      .filter(({ epc, edt }) => epc === 0xe7 && edt.length === 4)
      .map(({ edt }) => Buffer.from(edt).readInt32BE()),
  );
  expect(recorded).toEqual(powers(truth).slice(0, recorded.length));
  expect(recorded.length).toBeGreaterThanOrEqual(4);

  const replayed = await home.stick({ command: [process.execPath, mainScript, 'replay', file, '--time-factor', '4'] });
  const broker = await home.broker();
  const watcher = await home.watch(broker.url);
  const bridge = await home.bridge({ broker: broker.url, meters: [{ device: replayed.path, energy_interval_s: 10 }] });
  const shown = (): number[] => readingsOf(watcher).flatMap(({ power }) => power ?? []);
  await bridge.until(() => shown().length >= 4, 'four readings', 60_000);
  expect(bridge.phases()).toEqual(['opening', 'scanning', 'joining', 'connected']);
  expect(shown().slice(0, 4)).toEqual(recorded.slice(0, 4));
  const [first] = readingsOf(watcher).filter((reading) => reading.import !== undefined);
  const bought = truth.find(({ epc }) => epc === 'E0')?.edt.readUInt32BE() ?? NaN;
  expect(first?.import).toBeCloseTo(bought / 10, 6);
});

test.for(['asked', 'not asked'] as const)(
  'while the bridge runs (%s) it says so, ends with 69 and writes nothing',
  async (way) => {
    await using home = new Household();
    const stick = await home.stick();
    const bridge = await home.bridge({ meters: [{ device: stick.path }], config: { http: { listen: '127.0.0.1:0' } } });
    await bridge.until(() => bridge.readings() > 0, 'a reading');
    const state = way === 'asked' ? { state_dir: join(bridge.folder, 'state') } : {};
    const { args, file } = await recordSetup(home, stick, state);
    const recorder = home.cli(args);
    expect(await recorder.ended).toBe(69);
    const who = way === 'asked' ? 'the running bridge' : 'another program';
    expect(recorder.stderr).toContain(`${who} uses the stick [PORT_BUSY]\nStop the bridge`);
    await expect(stat(file)).rejects.toThrow('ENOENT');
    expect(bridge.phase()).toBe('connected');
  },
);

test('a meter that is not heard: the file tells how far it came, and the end is 69', async () => {
  await using home = new Household();
  const stick = await home.stick({ script: [{ fault: 'pan-not-found', times: 99 }] });
  const { args, file } = await recordSetup(home, stick);
  const recorder = home.cli([...args, '--duration', '5']);
  expect(await recorder.ended).toBe(69);
  const { lines } = parseTranscript('recording', await readFile(file, 'utf8'));
  expect(lines.some(({ text }) => text.startsWith('SKSCAN'))).toBe(true);
});

test('a J11 stick is told and not recorded: nothing would make it anonymous', async () => {
  await using home = new Household();
  const stick = await home.stick({ args: ['--edition', 'j11'] });
  const { args, file } = await recordSetup(home, stick);
  const recorder = home.cli([...args, '--duration', '60']);
  expect(await recorder.ended).toBe(64);
  expect(recorder.stderr).toMatch(/J11 module \[USAGE\]\n.*nothing was written/);
  await expect(stat(file)).rejects.toThrow('ENOENT');
});
