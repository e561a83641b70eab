import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BridgeError } from '../../../src/kernel/errors.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import { deferred } from '../../../src/kernel/async.ts';
import type { Language } from '../../../src/kernel/language.ts';
import type { LinkStatus } from '../../../src/model/status.ts';
import { paceOf, systemdNotify, statusLine, SystemdReport } from '../../../src/app/systemd.ts';
import type { Notify } from '../../../src/app/systemd.ts';
import type { StatusBoard } from '../../../src/web/status-board.ts';
import { boardOf } from '../../support/board-rig.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const run = promisify(execFile);

interface RigOptions {
  readonly meters?: readonly string[];
  readonly language?: Language;
  readonly env?: Readonly<Record<string, string>>;
  readonly notify?: Notify;
}

/** A report with a notifier that only writes down, on virtual time. */
class Rig {
  readonly clock = new VirtualClock();
  /** What was told and when, s. */
  readonly told: { readonly atS: number; readonly fields: readonly string[] }[] = [];
  readonly warnings: Record<string, unknown>[] = [];
  late: readonly string[] = [];
  readonly board: StatusBoard;
  readonly report: SystemdReport;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor({ meters = ['home'], language = 'en', env = { WATCHDOG_USEC: '20000000' }, notify }: RigOptions = {}) {
    const { clock } = this;
    this.board = boardOf({
      clock,
      meters: meters.map((id) => ({ id, name: id, intervalS: 10, energyIntervalS: 60 })),
      language,
    });
    const write = (line: string): void => void this.warnings.push(JSON.parse(line) as Record<string, unknown>);
    this.report = new SystemdReport({
      clock,
      log: pino({ level: 'info' }, { write }),
      pid: 4711,
      pulse: { late: () => this.late },
      pace: paceOf(env, 4711),
      board: this.board,
      language,
      notify: async (fields, limitMs, signal) => {
        this.told.push({ atS: clock.monotonicMs() / 1000, fields });
        await notify?.(fields, limitMs, signal);
      },
    });
  }

  start(): void {
    this.#running = this.report.run(this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('SIGTERM'));
    await this.#running;
  }

  status(status: Partial<LinkStatus>, meter = 'home'): void {
    const sinceMs = this.clock.now();
    this.board.accept({ kind: 'status', meter, status: { phase: 'connected', sinceMs, reconnects: 0, ...status } });
  }

  reading(meter = 'home'): void {
    this.board.accept({ kind: 'reading', meter, reading: { atMs: this.clock.now(), powerW: 1234 } });
  }

  times(field: string): number[] {
    return this.told.filter(({ fields }) => fields.includes(field)).map(({ atS }) => atS);
  }

  get lines(): string[] {
    return this.told.flatMap(({ fields }) => fields.filter((field) => field.startsWith('STATUS=')));
  }
}

beforeEach(() => {
  process.env['TZ'] = 'Asia/Tokyo';
});
afterEach(() => {
  delete process.env['TZ'];
});

test('ready with the pid, a status and a beat at half the watchdog’s time, stopping; no sleeper is left', async () => {
  const rig = new Rig();
  rig.start();
  await rig.clock.advance(35_000);
  await rig.stop();
  expect(rig.told[0]?.fields).toEqual([
    'READY=1',
    'MAINPID=4711',
    'STATUS=home: opening the stick, no reading yet',
    'WATCHDOG=1',
  ]);
  expect(rig.times('READY=1')).toEqual([0]);
  expect(rig.times('WATCHDOG=1')).toEqual([0, 10, 20, 30]);
  expect(rig.told.at(-1)?.fields).toEqual(['STOPPING=1', 'STATUS=stopping']);
  expect(rig.clock.sleepers).toBe(0);
});

test('a meter that never answers does not stop the beat', async () => {
  const rig = new Rig();
  rig.start();
  rig.status({ phase: 'waiting', error: new BridgeError('JOIN_REFUSED', 'EVENT 24') });
  await rig.clock.advance(3_600_000);
  expect(rig.times('WATCHDOG=1').length).toBeGreaterThanOrEqual(360);
  expect(rig.lines.at(-1)).toBe('STATUS=home: waiting before the next try, no reading yet, JOIN_REFUSED');
  await rig.stop();
});

test('while somebody is stuck the watchdog is not told, and the log names who', async () => {
  const rig = new Rig();
  rig.start();
  await rig.clock.advance(15_000);
  rig.late = ['mqtt home deadlines: no progress, overdue for 1 s'];
  await rig.clock.advance(40_000);
  expect(rig.times('WATCHDOG=1')).toEqual([0, 10]);
  expect(rig.warnings.some(({ late }) => String(late) === rig.late[0])).toBe(true);
  rig.late = [];
  await rig.clock.advance(10_000);
  expect(rig.times('WATCHDOG=1').length).toBeGreaterThan(2);
  await rig.stop();
});

test('a loop that stands still is silent, and beats again when it turns', async () => {
  const rig = new Rig();
  rig.start();
  await rig.clock.advance(20_000);
  const before = rig.told.length;
  await rig.clock.settle(); // nothing moves but time outside: no timer, no beat
  expect(rig.told).toHaveLength(before);
  await rig.clock.advance(10_000);
  expect(rig.times('WATCHDOG=1').at(-1)).toBe(30);
  await rig.stop();
});

test('a change of phase and the mark of freshness are told within two seconds, everything else with the beat', async () => {
  const rig = new Rig({ env: {} });
  rig.start();
  await rig.clock.advance(1000);
  rig.status({});
  rig.reading();
  await rig.clock.advance(1000);
  expect(rig.told.at(-1)).toEqual({ atS: 2, fields: ['STATUS=home: connected, reading of 12:00:01'] });
  await rig.clock.advance(5000);
  rig.reading();
  await rig.clock.advance(24_000);
  expect(rig.told).toHaveLength(2);
  await rig.clock.advance(1000);
  expect(rig.told.at(-1)?.fields).toEqual(['STATUS=home: connected, reading of 12:00:07']);
  await rig.clock.advance(10_000); // 7 s + 3 × 10 s + 5 s: the mark
  expect(rig.lines.at(-1)).toContain('connected, reading of 12:00:07');
  await rig.clock.advance(2000);
  expect(rig.board.problems()).toHaveLength(1);
  expect(rig.lines.at(-1)).toBe('STATUS=home: no answer from the meter, no current reading, last one 12:00:07');
  expect(rig.told.flatMap(({ fields }) => fields)).not.toContain('WATCHDOG=1');
  await rig.stop();
});

test('what fails is told again sooner, complained of once, and never ends the report', async () => {
  let failures = 3;
  const rig = new Rig({
    notify: async () => {
      if (failures-- > 0) throw new Error('spawn systemd-notify ENOENT');
    },
  });
  rig.start();
  await rig.clock.advance(30_000);
  expect(rig.times('READY=1')).toEqual([0, 2.5, 5, 7.5]);
  expect(rig.warnings).toHaveLength(1);
  expect(rig.warnings[0]).toMatchObject({ reason: 'spawn systemd-notify ENOENT', level: 40 });
  expect(rig.warnings[0]?.['hint']).toContain('NotifyAccess=all');
  await rig.stop();
});

test('one message at a time; the end interrupts the one under way', async () => {
  const hanging = deferred<void>();
  const rig = new Rig({
    notify: (fields, _limitMs, signal) => {
      if (fields.includes('STOPPING=1')) return Promise.resolve();
      signal.addEventListener('abort', () => hanging.reject(signal.reason));
      return hanging.promise;
    },
  });
  rig.start();
  await rig.clock.advance(60_000);
  expect(rig.told).toHaveLength(1);
  await rig.stop();
  expect(rig.told.map(({ fields }) => fields[0])).toEqual(['READY=1', 'STOPPING=1']);
  expect(rig.warnings).toEqual([]);
});

test('the line in Japanese; a reading of another day has its date', async () => {
  const rig = new Rig({ language: 'ja' });
  const line = (): string => statusLine(rig.board.snapshot(), 'ja');
  expect(line()).toBe('home: スティックに接続中、値はまだありません');
  rig.status({});
  rig.reading();
  expect(line()).toBe('home: 接続済み、12:00:00の値');
  await rig.clock.advance(86_400_000);
  rig.status({ phase: 'scanning', error: new BridgeError('PAN_NOT_FOUND', '') });
  expect(line()).toBe('home: メーターを探索中、最新の値なし、最後は2026-01-15 12:00:00、PAN_NOT_FOUND');
});

test('many meters: how many are current, and the first in trouble by name', () => {
  const ids = Array.from({ length: 100 }, (_, i) => `flat-${i}`);
  const rig = new Rig({ meters: ids });
  for (const id of ids.slice(6)) {
    rig.status({}, id);
    rig.reading(id);
  }
  const line = statusLine(rig.board.snapshot(), 'en');
  expect(line).toMatch(/^100 meters, 94 current; flat-0: opening .*flat-3: [^;]*; …$/);
  for (const id of ids.slice(0, 6)) rig.reading(id);
  expect(statusLine(rig.board.snapshot(), 'en')).toBe('100 meters, 100 current');
});

test.for([
  [{}, false, 30_000],
  [{ WATCHDOG_USEC: '20000000' }, true, 10_000],
  [{ WATCHDOG_USEC: '20000000', WATCHDOG_PID: '7' }, true, 10_000],
  [{ WATCHDOG_USEC: '20000000', WATCHDOG_PID: '8' }, false, 30_000],
  [{ WATCHDOG_USEC: '600000000' }, true, 30_000],
  [{ WATCHDOG_USEC: '1' }, true, 100],
  [{ WATCHDOG_USEC: '0' }, false, 30_000],
  [{ WATCHDOG_USEC: '-5' }, false, 30_000],
  [{ WATCHDOG_USEC: 'soon' }, false, 30_000],
] as const)('%j: watched %s, a beat each %d ms', ([env, watched, beatMs]) => {
  expect(paceOf(env, 7)).toEqual({ watched, beatMs });
});

test('a systemd-notify that hangs is killed, one that is not there or fails says so', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'systemd-notify-'));
  const { signal } = new AbortController();
  try {
    const notify = systemdNotify({ NOTIFY_SOCKET: '@nobody', PATH: folder }, systemClock);
    await expect(notify(['READY=1'], 20_000, signal)).rejects.toThrow('ENOENT');
    const program = join(folder, 'systemd-notify');
    await writeFile(program, `#!/bin/sh\necho "no such socket $NOTIFY_SOCKET" >&2\nexit 1\n`);
    await chmod(program, 0o755);
    await expect(notify(['READY=1'], 20_000, signal)).rejects.toThrow('no such socket @nobody');
    await writeFile(program, `#!/bin/sh\necho $$ > ${folder}/pid\nwhile :; do :; done\n`);
    await expect(notify(['READY=1'], 1500, signal)).rejects.toThrow('longer than 1.5 s');
    const pid = Number(await readFile(join(folder, 'pid'), 'utf8'));
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
  } finally {
    await rm(folder, { recursive: true });
  }
}, 60_000);

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const unitFile = new URL('../../../deploy/systemd/broute2mqtt.service', import.meta.url);
const analyze = await run('systemd-analyze', ['--version']).then(
  ({ stdout }) => Number(/systemd (\d+)/.exec(stdout)?.[1]),
  () => 0,
);
const skipped = analyze >= 250 ? '' : ' (skipped: systemd-analyze of systemd 250 or later is not installed)';

test.skipIf(skipped)(
  `the unit is understood by systemd, and its exposure stays below 2.5${skipped}`,
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'systemd-unit-'));
    try {
      const text = await readFile(unitFile, 'utf8');
      const file = join(folder, 'broute2mqtt.service');
      await writeFile(file, text.replace('/usr/bin/node', process.execPath)); // wherever this machine has it
      const verified = await run('systemd-analyze', ['verify', '--man=no', file]);
      const ours = `${verified.stdout}${verified.stderr}`.split('\n').filter((line) => line.includes('broute2mqtt'));
      expect(ours).toEqual([]);
      const { stdout } = await run('systemd-analyze', ['security', '--offline=yes', '--threshold=25', file]);
      const exposure = Number(/Overall exposure level.*: (\d+\.\d)/.exec(stdout)?.[1]);
      expect(exposure).toBeLessThan(2.5);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  60_000,
);

test('the unit does not restart what a restart cannot mend, and beats faster than its watchdog', async () => {
  const text = await readFile(unitFile, 'utf8');
  const value = (key: string): string | undefined => new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1];
  expect(value('RestartPreventExitStatus')).toBe('64 78');
  expect(value('Type')).toBe('notify');
  expect(value('NotifyAccess')).toBe('all');
  expect(value('KillMode')).toBe('mixed');
  expect(Number(value('WatchdogSec'))).toBeGreaterThanOrEqual(30);
  for (const name of ['route_b_id', 'route_b_password', 'mqtt_password'])
    expect(text).toContain(`LoadCredential=${name}:/etc/broute2mqtt/${name}\n`);
});
