import { beforeEach, expect, test } from 'vitest';
import { BridgeError } from '../../../src/kernel/errors.ts';
import type { LinkStatus } from '../../../src/model/status.ts';
import { LinkReport } from '../../../src/supervisor/link-report.ts';
import { logLines } from '../../support/log-lines.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const pan = { channel: 47, panId: 1, macAddress: '001C6400030C12A4' };
const lost = new BridgeError('SESSION_LOST', 'EVENT 26');

let clock: VirtualClock;
let told: LinkStatus[];
let written: ReturnType<typeof logLines>;
let report: LinkReport;
beforeEach(() => {
  clock = new VirtualClock();
  told = [];
  written = logLines();
  report = new LinkReport('home', clock, written.log, (event) => {
    if (event.kind === 'status') told.push(event.status);
  });
});
const answer = (quality: { lqi?: number; rssiDbm?: number } = {}) => ({
  payload: new Uint8Array(),
  atMs: clock.now(),
  monotonicMs: clock.monotonicMs(),
  ...quality,
});

test('each phase is told with its beginning; what is unknown is absent', async () => {
  report.enter('opening');
  await clock.advance(5);
  report.module({ stackVersion: '1.2.10', edition: 'SE' });
  report.enter('joining', { pan });
  const start = clock.now() - 5;
  expect(told).toEqual([
    { phase: 'opening', sinceMs: start, reconnects: 0, progress: { expectedMs: 3000 } },
    {
      phase: 'joining',
      sinceMs: start + 5,
      reconnects: 0,
      progress: { expectedMs: 5000 },
      pan,
      module: { stackVersion: '1.2.10', edition: 'SE' },
    },
  ]);
  expect(report.phase).toBe('joining');
});

test('the first answer of a phase is told at once, then quality once a minute', async () => {
  report.enter('connected', { pan });
  for (let i = 0; i < 13; i++) {
    report.success(pan, answer({ lqi: 100 + i }));
    await clock.advance(10_000);
  }
  expect(told.map(({ lqi }) => lqi)).toEqual([undefined, 100, 106, 112]);
});

test('quality is the module’s own where it tells, derived where not, the scan’s before, and absent without any', () => {
  report.enter('connected', { pan });
  report.success(pan, answer());
  expect(told.at(-1)).not.toHaveProperty('rssiDbm');
  report.enter('connected');
  report.success({ ...pan, lqi: 40 }, answer());
  report.enter('connected');
  report.success({ ...pan, lqi: 40 }, answer({ lqi: 225 }));
  report.enter('connected');
  report.success(pan, answer({ lqi: 225, rssiDbm: -50 }));
  expect(told.flatMap(({ lqi, rssiDbm }) => (rssiDbm === undefined ? [] : [[lqi, rssiDbm]]))).toEqual([
    [40, -93],
    [40, -93],
    [225, -42],
    [225, -42],
    [225, -50],
  ]);
});

test('a signal has its time: of the answer, else of the scan before the join; it goes with its session', async () => {
  const seen = (): unknown => told.at(-1)?.signalAtMs;
  report.enter('joining', { pan });
  const joiningMs = clock.now();
  await clock.advance(5000);
  report.enter('connected');
  report.success({ ...pan, lqi: 40 }, answer());
  expect(seen()).toBe(joiningMs);
  report.enter('paused');
  report.enter('connected');
  expect(told.at(-1)).toMatchObject({ lqi: 40, signalAtMs: joiningMs });
  report.failed(lost, 1);
  for (const key of ['lqi', 'rssiDbm', 'signalAtMs']) expect(told.at(-1)).not.toHaveProperty(key);
  report.enter('connected');
  await clock.advance(5);
  report.success({ ...pan, rssiDbm: -60 }, answer({ lqi: 225 }));
  expect(told.at(-1)).toMatchObject({ lqi: 225, rssiDbm: -42, signalAtMs: clock.now() });
  report.enter('opening');
  report.enter('connected');
  report.success(pan, answer());
  expect(told.at(-1)).not.toHaveProperty('signalAtMs');
});

test('a failure is told with its code and the next try, and gone with the next answer', () => {
  report.enter('connected', { pan });
  report.failed(lost, 12_345);
  expect(told.at(-1)).toMatchObject({
    phase: 'waiting',
    retryAtMs: 12_345,
    error: lost,
  });
  report.reconnected();
  report.enter('connected');
  expect(told.at(-1)).toMatchObject({ reconnects: 1, error: { code: 'SESSION_LOST' } });
  expect(told.at(-1)).not.toHaveProperty('retryAtMs');
  report.success(pan, answer());
  expect(told.at(-1)).not.toHaveProperty('error');
});

test('a failure without a next try is kept for the next status', () => {
  report.failed(new TypeError('oops'), undefined);
  report.failed('text', undefined);
  expect(told).toEqual([]);
  report.enter('waiting');
  expect(told[0]?.error?.code).toBe('DEFECT');
  expect(told[0]?.error?.text('ja')).toBe('text');
});

test('each kind of failure is worth one warning until an answer comes', () => {
  const silent = (bytes: number): BridgeError => new BridgeError('MODULE_UNKNOWN', `${bytes} bytes came back`);
  for (const error of [lost, silent(1), lost, silent(2), silent(3), lost]) report.failed(error, 1);
  const warnings = (): unknown[] => written.lines.filter(({ level }) => level === 'warn').map(({ err }) => err?.code);
  expect(warnings()).toEqual(['SESSION_LOST', 'MODULE_UNKNOWN']);
  report.success(pan, answer());
  report.failed(lost, 1);
  expect(warnings()).toEqual(['SESSION_LOST', 'MODULE_UNKNOWN', 'SESSION_LOST']);
});

test('who waits is told how long it may take: of a scan by its channels, and no more after the first answer', async () => {
  report.enter('scanning');
  await clock.advance(300);
  report.scanning(14, 4200);
  await clock.advance(4200);
  report.scanning(28, 17_500);
  report.enter('paused');
  report.enter('joining', { pan, progress: { expectedMs: 5000 } });
  report.enter('connected', { pan, progress: { expectedMs: 6000 } });
  report.success(pan, answer());
  report.enter('waiting');
  expect(told.map(({ phase, progress }) => [phase, progress?.expectedMs, progress?.scan])).toEqual([
    ['scanning', undefined, undefined],
    ['scanning', 4500, { channels: 14, dwellMs: 300, afterMs: 300 }],
    ['scanning', 22_000, { channels: 28, dwellMs: 625, afterMs: 4500 }],
    ['paused', undefined, undefined],
    ['joining', 5000, undefined],
    ['connected', 6000, undefined],
    ['connected', undefined, undefined],
    ['waiting', undefined, undefined],
  ]);
  expect(told[1]?.sinceMs).toBe(told[0]?.sinceMs);
});
