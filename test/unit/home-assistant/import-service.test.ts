import { afterEach, beforeEach, expect, test } from 'vitest';
import { HOUR_MS } from '../../../src/home-assistant/hour-rows.ts';
import { ImportService } from '../../../src/home-assistant/import-service.ts';
import { HA_TOKEN } from '../../support/fake-home-assistant.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { at, filledRows, gapRows, IMPORT, ImportRig } from './import-rig.ts';

let rig: ImportRig;
let clock: VirtualClock;
let service: ImportService;
let stop: AbortController;
let running: Promise<void>;
const beats: string[] = [];

function start(mode: 'on' | 'dry_run', token = HA_TOKEN): void {
  service = new ImportService(
    { account: { url: rig.ha.url, token }, mode, meters: () => [rig.meter] },
    { clock, log: rig.log, random: () => 0.5, beat: (loop) => () => void beats.push(loop) },
  );
  stop = new AbortController();
  running = service.run(stop.signal);
}

beforeEach(async () => {
  rig = await ImportRig.create();
  clock = new VirtualClock(at(6.2));
});
afterEach(async () => {
  stop.abort();
  await running;
  expect(clock.sleepers).toBe(0);
  await rig[Symbol.asyncDispose]();
});

const said = (msg: string): ImportRig['lines'] => rig.lines.filter((line) => line['msg'] === msg);
const FILLED = 'hours that Home Assistant missed are in its statistics now';
const DRY = 'dry run: hours that Home Assistant missed would be written';
const FAILED = 'cannot look for hours that Home Assistant missed';
/** So many visits have ended. */
const visits = async (count: number): Promise<void> => {
  await clock.creepUntil(() => rig.ha.connections === count, `visit ${count}`, 5000);
  await clock.creepUntil(() => rig.ha.open === 0, `visit ${count} over`, 20);
};

test('it fills what is missing soon after the start, and looks again once an hour', async () => {
  start('on');
  await clock.advance(89_000);
  expect(rig.ha.connections).toBe(0);
  await visits(1);
  expect(rig.ha.rows(IMPORT)).toEqual(filledRows);
  expect(rig.lines).toMatchObject([
    {
      msg: FILLED,
      meter: 'home',
      statistic_id: IMPORT,
      hours: 3,
      from: '2026-01-15T01:00:00+09:00',
      to: '2026-01-15T04:00:00+09:00',
    },
  ]);
  await visits(2);
  expect(clock.now() % HOUR_MS).toBeGreaterThan(180_000);
  await visits(3);
  expect(clock.now() - at(6.2)).toBeGreaterThan(1.5 * HOUR_MS);
  expect(said(FILLED)).toHaveLength(1);
  expect(new Set(beats)).toEqual(new Set(['deadlines', 'visits']));
});

test('a gap read from the meter’s memory is filled when it has been quiet for two minutes, at most once an hour', async () => {
  start('on');
  await visits(1);
  const tell = (): void =>
    service.accept({ kind: 'history', meter: 'home', halfHour: { markMs: at(1), importKwh: 1 } });
  const began = clock.monotonicMs();
  tell();
  await clock.advance(100_000);
  tell();
  await clock.advance(100_000);
  expect(rig.ha.connections).toBe(1);
  await visits(2);
  expect(clock.monotonicMs() - began).toBeLessThan(400_000);
  tell();
  await clock.advance(300_000);
  expect(rig.ha.connections).toBe(2);
});

test('a memory that is read for hours is not waited for', async () => {
  start('on');
  await visits(1);
  for (let minute = 0; minute < 11; minute++) {
    service.accept({ kind: 'history', meter: 'home', halfHour: { markMs: at(1), importKwh: 1 } });
    await clock.advance(60_000);
  }
  await visits(2);
  expect(clock.now() - at(6.2)).toBeLessThan(15 * 60_000);
});

test('a dry run says it once, and writes nothing', async () => {
  start('dry_run');
  await visits(2);
  expect(rig.ha.rows(IMPORT)).toEqual(gapRows(true));
  expect(said(DRY)).toMatchObject([{ hours: 3 }]);
  expect(said(FILLED)).toEqual([]);
});

test('Home Assistant away: tried again, said once, and that it works again', async () => {
  await rig.ha.down();
  start('on');
  await clock.creepUntil(() => said(FAILED).length > 0, 'a failure', 5000);
  await clock.advance(15 * 60_000);
  expect(said(FAILED)).toMatchObject([{ level: 'info', err: { code: 'HOME_ASSISTANT_UNREACHABLE' } }]);
  await rig.ha.up();
  await visits(1);
  expect(rig.ha.rows(IMPORT)).toEqual(filledRows);
  expect(said('import into Home Assistant’s statistics works again')).toHaveLength(1);
});

test('a token that is refused: one warning, and a day of peace', async () => {
  start('on', 'wrong');
  await clock.creepUntil(() => said(FAILED).length > 0, 'a failure', 5000);
  expect(said(FAILED)).toMatchObject([{ level: 'warn', err: { code: 'HOME_ASSISTANT_DENIED' } }]);
  service.accept({ kind: 'history', meter: 'home', halfHour: { markMs: at(1) } });
  for (let hour = 0; hour < 23; hour++) await clock.advance(HOUR_MS);
  expect(rig.ha.tokens).toHaveLength(1);
  await clock.creepUntil(() => rig.ha.tokens.length === 2, 'another try', 60_000);
  expect(said(FAILED)).toHaveLength(1);
});

test('a user who is no administrator is told so', async () => {
  rig.ha.replies.set('recorder/import_statistics', { error: { code: 'unauthorized', message: 'Unauthorized' } });
  start('on');
  await clock.creepUntil(() => said(FAILED).length > 0, 'a failure', 5000);
  const [{ err } = {}] = said(FAILED);
  expect(err).toMatchObject({ code: 'HOME_ASSISTANT_DENIED' });
  expect(JSON.stringify(err)).toContain('only an administrator');
});

test('a gap that stays is told once, with the reason', async () => {
  const statistic = rig.ha.statistics.get(IMPORT);
  for (const row of statistic?.hours.values() ?? []) if (row.state >= 105) row.sum += 10; // corrected by hand
  start('on');
  await visits(2);
  expect(said('hours that Home Assistant missed are left as they are')).toMatchObject([
    {
      level: 'warn',
      from: '2026-01-15T02:00:00+09:00',
      to: '2026-01-15T04:00:00+09:00',
      reason: expect.stringContaining('do not fit each other') as string,
    },
  ]);
  expect(said(FILLED)).toEqual([]);
});
