import { pino } from 'pino';
import { expect, test } from 'vitest';
import { exitCodeOf } from '../../../src/cli/doctor.ts';
import { heldSteps } from '../../../src/cli/doctor/bridge-checks.ts';
import { resultText, reportText } from '../../../src/cli/doctor/check.ts';
import type { CheckFinding, CheckId, CheckResult } from '../../../src/cli/doctor/check.ts';
import { clockFinding, devicesFinding, nodeFinding } from '../../../src/cli/doctor/host-checks.ts';
import { radioSteps } from '../../../src/cli/doctor/radio-checks.ts';
import { sequence } from '../../../src/cli/doctor/sequence.ts';
import type { DoctorWorld, Sequence, SequenceDeps } from '../../../src/cli/doctor/sequence.ts';
import type { MeterSettings } from '../../../src/model/settings.ts';
import { BridgeError } from '../../../src/kernel/errors.ts';
import type { Holder } from '../../../src/wire/port-holder.ts';
import { openModule } from '../../../src/module/open-module.ts';
import type { SimulatorOptions } from '../../../src/simulator/options.ts';
import { Simulator } from '../../../src/simulator/sim.ts';
import type { MeterSnapshot } from '../../../src/web/status-snapshot.ts';
import { credentials } from '../../support/meter-run.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { simulatorWire } from '../../support/wires.ts';

const { signal } = new AbortController();
const meter = {
  id: 'home',
  name: 'x',
  device: 'auto',
  ...credentials,
  intervalS: 10,
  energyIntervalS: 60,
} satisfies MeterSettings;

interface Bench {
  readonly clock: VirtualClock;
  readonly world: DoctorWorld;
  readonly simulator: Simulator;
}

function bench(options: SimulatorOptions = {}, world: Partial<DoctorWorld> = {}, startMs?: number): Bench {
  const clock = new VirtualClock(startMs);
  const simulator = new Simulator({ seed: 1, ...options }, { clock });
  const log = pino({ level: 'silent' });
  return {
    clock,
    simulator,
    world: {
      clock,
      log,
      nodeVersion: 'v20.19.0',
      wireOf: () => Promise.resolve(simulatorWire(clock, simulator)),
      openModule: (wire, given, inner) => openModule(wire, given, { clock, log }, inner),
      askBridge: () => Promise.resolve({ kind: 'none' }),
      othersOn: () => Promise.resolve(undefined),
      isClockSynchronized: () => Promise.resolve(undefined),
      ports: () => Promise.resolve([]),
      ...world,
    },
  };
}

/** Virtual time runs until all is said. */
async function settled<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  let over = false;
  const end = (): void => void (over = true);
  work.then(end, end);
  await clock.until(() => over, 3_600_000);
  return await work;
}

/** What these steps find. */
async function examined(
  deps: SequenceDeps & { readonly clock: VirtualClock },
  steps: (all: Sequence) => Promise<void>,
): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = [];
  await settled(deps.clock, steps(sequence(deps, results, signal)));
  return results;
}

const radio = ({ clock, world }: Bench, onResult?: SequenceDeps['onResult']): Promise<readonly CheckResult[]> =>
  examined({ clock, ...(onResult && { onResult }) }, (all) => radioSteps(meter, false, world, all.branch(meter.id)));

const marks = (results: readonly CheckResult[]): string[] => results.map(({ id, mark }) => `${id} ${mark}`);
const of = (results: readonly CheckResult[], id: CheckId): CheckResult => {
  const found = results.find((result) => result.id === id);
  if (!found) throw new Error(`no ${id}`);
  return found;
};

test('a stick that is well, from the port to the meter’s clock; its session stays', async () => {
  const one = bench();
  const results = await radio(one);
  expect(marks(results)).toEqual(['port', 'module', 'scan', 'join', 'reading', 'meter_clock'].map((id) => `${id} ok`));
  expect(exitCodeOf(results)).toBe(0);
});

test.each([
  [202, 'ok', 'strong', '強い'],
  [90, 'ok', 'good', '良好'],
  [50, 'warning', 'weak: answers get lost now and then', '弱い（応答がときどき失われます）'],
  [20, 'warning', 'very weak: the session will break often', '非常に弱い（接続がよく切れます）'],
] as const)('LQI %i is judged: %s, %s', async (lqi, mark, en, ja) => {
  const results = await radio(bench({ lqi }));
  const scan = of(results, 'scan');
  expect(scan.mark).toBe(mark);
  expect(scan.detail.en).toMatch(new RegExp(`LQI ${lqi}, -\\d+ dBm, ${en}$`));
  expect(scan.detail.ja).toMatch(new RegExp(`LQI ${lqi}、-\\d+ dBm、${ja}$`));
  if (mark === 'warning') {
    expect(scan.advice?.en).toContain('Move the stick closer to the meter');
    expect(scan.advice?.ja).toContain('スティックをメーターに近づけ');
  }
  expect(of(results, 'reading').mark).toBe('ok');
  expect(exitCodeOf(results)).toBe(0);
});

test('the stick is pulled out between two checks: the next one says so, nothing is left behind', async () => {
  const one = bench();
  const results = await radio(one, ({ id }) => (id === 'port' ? one.simulator.unplug() : undefined));
  expect(of(results, 'module')).toMatchObject({ mark: 'failed', code: 'PORT_LOST' });
  expect(exitCodeOf(results)).toBe(69);
});

test.each([
  ['a clock of 1970', 0, undefined, 'warning', 'never set', '時計が合っていません'],
  ['a clock that NTP does not keep', undefined, false, 'warning', 'not synchronised', '同期されていません'],
  ['a clock that NTP keeps', undefined, true, 'ok', 'synchronised by NTP', 'NTPで同期済み'],
  ['a clock nobody can ask', undefined, undefined, 'ok', 'cannot be seen', '不明'],
] as const)('%s', async (_title, startMs, isSynchronized, mark, en, ja) => {
  const { clock, world } = bench({}, { isClockSynchronized: () => Promise.resolve(isSynchronized) }, startMs);
  const results = await examined({ clock }, ({ step }) => step('clock', 5000, (inner) => clockFinding(world, inner)));
  const [found] = results;
  expect(found?.mark).toBe(mark);
  expect(found?.detail.en).toContain(en);
  expect(found?.detail.ja).toContain(ja);
  if (mark === 'warning') expect(found?.advice?.en).toContain('timedatectl set-ntp true');
  if (mark === 'warning') expect(found?.advice?.ja).toContain('timedatectl set-ntp true');
  expect(exitCodeOf(results)).toBe(0);
});

test.each([
  ['v20.19.0', 'ok'],
  ['v22.1.0', 'ok'],
  ['v20.18.9', 'warning'],
  ['v18.20.0', 'warning'],
] as const)('Node.js %s: %s', async (nodeVersion, mark) => {
  expect(nodeFinding(nodeVersion).mark).toBe(mark);
});

const fine: CheckFinding = { mark: 'ok', detail: { en: 'fine', ja: '良い' } };

test('what needs a link that is down is not reached, however far; the rest is looked at', async () => {
  const { clock } = bench();
  const told: string[] = [];
  const results = await examined({ clock, onResult: (result) => told.push(resultText(result, 'ja')) }, async (all) => {
    const { step } = all.branch();
    await step('port', 10_000, () => Promise.reject(new BridgeError('PORT_MISSING', '/dev/x: there is no such port')));
    await step('module', 10_000, () => Promise.reject(new Error('must not run')));
    await step('scan', 10_000, () => Promise.reject(new Error('must not run')));
    await all.step('broker', 10_000, () => fine);
  });
  expect(marks(results)).toEqual(['port failed', 'module not_reached', 'scan not_reached', 'broker ok']);
  expect(told[0]).toBe(
    '✗ 異常    ポート: /dev/x: there is no such port [PORT_MISSING]\n    → Wi-SUNスティックを挿し、`device` を確認してください。接続中のものは /dev/serial/by-id にあります。\n',
  );
  expect(told[1]).toBe('- 未確認  モジュール: 先に必要: ポート\n');
  expect(resultText(results[1] as CheckResult, 'en')).toBe('- not reached  module: needs: port\n');
  expect(reportText(results, 'en')).toMatch(/^1 failed, 0 warning\(s\), 2 not reached\.\n\n✗ FAILED/);
});

test('one meter’s stick says nothing about another’s', async () => {
  const { clock } = bench();
  const results = await examined({ clock }, async (all) => {
    await all.branch('one').step('port', 10_000, () => Promise.reject(new BridgeError('PORT_BUSY', 'x')));
    await all.branch('two').step('module', 10_000, () => Promise.resolve(fine));
  });
  expect(marks(results)).toEqual(['port failed', 'module ok']);
});

test('a check that never ends is given up, and the next one runs', async () => {
  const clock = new VirtualClock();
  const endless = (inner: AbortSignal): Promise<never> =>
    new Promise((_, reject) => inner.addEventListener('abort', () => reject(inner.reason as Error)));
  const results = await examined({ clock }, async (all) => {
    await all.branch().step('port', 10_000, endless);
    await all.branch().step('broker', 10_000, () => Promise.resolve(fine));
  });
  expect(marks(results)).toEqual(['port failed', 'broker ok']);
  expect(results[0]?.detail).toEqual({ en: 'no outcome within 10 s', ja: '10 秒以内に結果が出ませんでした' });
  expect(clock.sleepers).toBe(0);
});

test('a defect is not mistaken for a failure of the outside world', async () => {
  const { clock } = bench();
  const steps = ({ step }: Sequence): Promise<void> =>
    step('port', 10_000, () => Promise.reject(new TypeError('oops')));
  await expect(examined({ clock }, steps)).rejects.toThrow('oops');
});

const snapshot: MeterSnapshot = {
  id: 'home',
  name: 'x',
  phase: 'waiting',
  phase_age_s: 3,
  fresh: false,
  connected: false,
  interval_s: 10,
  reason: 'last reading is 60 s old',
  stale_after_s: 35,
  reconnects: 2,
};
const held = async (partial: Partial<MeterSnapshot>, holder?: Holder): Promise<readonly CheckResult[]> => {
  const othersOn: DoctorWorld['othersOn'] = (device, pid) =>
    Promise.resolve(
      device === meter.device && pid === 812 ? { ...(holder ? { holder } : {}), isPartial: true } : undefined,
    );
  const { clock, world } = bench({}, { othersOn });
  const status = { version: '0', pid: 812, time: '', uptime_s: 1, meters: [{ ...snapshot, ...partial }] };
  return await examined({ clock }, (all) => heldSteps(meter, status, world, all.branch(meter.id)));
};
const seen = {
  module: { edition: 'DSE', stack_version: '1.5.2' },
  pan: { channel: 51, pan_id: '12A4', mac: '0011223344556677' },
  lqi: 202,
} as const;

test.each([
  ['PORT_LOST', 'port', {}],
  ['MODULE_SILENT', 'module', {}],
  ['PAN_NOT_FOUND', 'scan', { module: seen.module }],
  ['JOIN_REFUSED', 'join', seen],
  ['SESSION_LOST', 'join', seen],
  ['METER_SILENT', 'join', seen],
] as const)('a running bridge with %s: %s failed, the hint in the user’s language', async (code, id, known) => {
  const own = new BridgeError(code, 'x');
  for (const language of ['en', 'ja'] as const) {
    const results = await held({ ...known, error: { code, message: `x [${code}]`, hint: own.hint(language) } });
    const failed = results.filter(({ mark }) => mark === 'failed');
    expect(failed).toMatchObject([{ id, code, advice: { en: own.hint('en'), ja: own.hint('ja') } }]);
    expect(exitCodeOf(results)).toBe(69);
  }
});

test('a program that has the port open beside the running bridge is named, and how to stop it', async () => {
  const alone = of(await held({ ...seen, phase: 'connected' }), 'port');
  expect(alone).toMatchObject({ mark: 'ok', detail: { en: 'held by the bridge' } });
  const { mark, detail, advice } = of(
    await held({ ...seen, phase: 'connected' }, { pid: 99, name: 'momonga' }),
    'port',
  );
  expect(mark).toBe('warning');
  expect(detail.en).toContain('momonga (pid 99) has it open too');
  expect(detail.ja).toContain('momonga（pid 99）');
  for (const language of ['en', 'ja'] as const) expect(advice?.[language]).toContain('kill 99');
});

test('where other users’ programs cannot be looked at, the port’s line says so', async () => {
  const partial = of(await radio(bench({}, { othersOn: () => Promise.resolve({ isPartial: true }) })), 'port');
  expect(partial.mark).toBe('ok');
  expect(partial.detail.en).toContain('cannot be seen from here');
  expect(partial.detail.ja).toContain('ここからは分かりません');
  expect(of(await radio(bench()), 'port').detail.en).toBe('simulator opened');
});

test('the signal of a running bridge is told with its age when it is old', async () => {
  const detail = async (ageS: number): Promise<string> =>
    of(await held({ ...seen, signal_age_s: ageS }), 'scan').detail.en;
  expect(await detail(299)).toMatch(/LQI 202, -49 dBm, strong$/);
  expect(await detail(3600)).toMatch(/strong \(60 minutes ago\)$/);
});

test('a session whose meter does not answer is not called connected', async () => {
  const silent = await held({ ...seen, phase: 'connected', age_s: 60 });
  expect(of(silent, 'join').detail.en).toBe('no answer from the meter, 2 reconnect(s)');
  const there = await held({ ...seen, phase: 'connected', age_s: 6, fresh: true, connected: true });
  expect(of(there, 'join').detail.en).toBe('connected, 2 reconnect(s)');
});

test('a running bridge that has just started is no failure of the port; one that does not know the meter is', async () => {
  const starting = await held({ phase: 'opening' });
  expect(of(starting, 'port').mark).toBe('warning');
  const { clock, world } = bench();
  const status = { version: '0', time: '', uptime_s: 1, meters: [] };
  const results = await examined({ clock }, (all) => heldSteps(meter, status, world, all.branch(meter.id)));
  expect(of(results, 'port')).toMatchObject({
    mark: 'failed',
    advice: { en: expect.stringContaining('Restart') as string },
  });
});

test('faults come first, then warnings, then the rest in its order', () => {
  const results: CheckResult[] = [
    { id: 'configuration', mark: 'ok', detail: { en: 'a', ja: 'a' } },
    { id: 'state_dir', mark: 'warning', detail: { en: 'b', ja: 'b' } },
    { id: 'port', mark: 'failed', detail: { en: 'c', ja: 'c' }, advice: { en: 'plug it in', ja: '挿す' } },
    { id: 'module', mark: 'not_reached', detail: { en: 'd', ja: 'd' } },
    { id: 'clock', mark: 'ok', detail: { en: 'e', ja: 'e' } },
  ];
  expect(reportText(results, 'en').split('\n')).toEqual([
    '1 failed, 1 warning(s), 1 not reached.',
    '',
    '✗ FAILED       port: c',
    '    → plug it in',
    '! warning      state_dir: b',
    '',
    '✓ ok           configuration: a',
    '- not reached  module: d',
    '✓ ok           clock: e',
    '',
  ]);
  expect(reportText(results.slice(0, 1), 'ja').split('\n').slice(0, 2)).toEqual(['すべて正常です。', '']);
});

test('the serial devices that are there are listed, with what they may be', async () => {
  const ports = (): Promise<Awaited<ReturnType<DoctorWorld['ports']>>> =>
    Promise.resolve([
      { device: '/dev/ttyUSB0', usb: '0403:6015', words: 'FTDI FT230X Basic UART' },
      { device: '/dev/ttyACM0', usb: '1cf1:0030', words: 'dresden elektronik ConBee II' },
    ]);
  expect((await devicesFinding({ ports })).detail).toEqual({
    en: '/dev/ttyUSB0 (FTDI FT230X Basic UART, may be a Wi-SUN stick), /dev/ttyACM0 (dresden elektronik ConBee II)',
    ja: '/dev/ttyUSB0 (FTDI FT230X Basic UART、Wi-SUNスティックの可能性), /dev/ttyACM0 (dresden elektronik ConBee II)',
  });
  expect(await devicesFinding({ ports: () => Promise.resolve([]) })).toMatchObject({
    mark: 'ok',
    detail: { ja: 'なし' },
  });
});
