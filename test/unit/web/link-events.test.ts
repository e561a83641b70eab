import { beforeEach, expect, test } from 'vitest';
import { BridgeError } from '../../../src/kernel/errors.ts';
import type { LinkStatus } from '../../../src/model/status.ts';
import { LinkEvents } from '../../../src/web/api/link-events.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { pan, WebRig } from '../../support/web-rig.ts';

const lost = new BridgeError('SESSION_LOST', { en: 'the session ended', ja: 'セッションが終了しました' });
const notFound = new BridgeError('PAN_NOT_FOUND', { en: 'no meter answered', ja: '応答がありません' });
const refused = new BridgeError('JOIN_REFUSED', 'EVENT 24');

let clock: VirtualClock;
let events: LinkEvents;
beforeEach(() => {
  clock = new VirtualClock();
  events = new LinkEvents(clock);
});
const tell = async (status: Partial<LinkStatus>, thenMs = 1000): Promise<void> => {
  events.accept({ phase: 'connected', sinceMs: clock.now(), reconnects: 0, ...status });
  await clock.advance(thenMs);
};
const told = (): unknown[][] => events.now('en').map(({ kind, text, code, lasted_s: s }) => [kind, text, code, s]);

test('a start, a loss and its end, as a person would tell it', async () => {
  await tell({ phase: 'opening' });
  await tell({ phase: 'scanning' });
  await tell({ phase: 'joining', pan });
  await tell({ pan, progress: { expectedMs: 5000 } }); // nobody has answered yet
  expect(told()).toEqual([['started', 'broute2mqtt started', undefined, undefined]]);
  await tell({ pan }, 60_000);
  await tell({ phase: 'waiting', error: lost, pan }, 20_000);
  await tell({ phase: 'joining', error: lost, pan }, 5000);
  await tell({ error: lost, pan, progress: { expectedMs: 5000 } }, 5000);
  expect(told()[0]).toEqual(['lost', 'Connection lost: the session ended', 'SESSION_LOST', undefined]);
  await tell({ pan });
  expect(told()).toEqual([
    ['connected', 'Connected to the meter (channel 57)', undefined, undefined],
    ['lost', 'Connection lost: the session ended', 'SESSION_LOST', 30],
    ['connected', 'Connected to the meter (channel 57)', undefined, undefined],
    ['started', 'broute2mqtt started', undefined, undefined],
  ]);
  expect(events.now('ja')[1]).toMatchObject({
    time: expect.stringMatching(/^2026-01-15T/),
    text: '接続が切れました: セッションが終了しました',
    hint: lost.hint('ja'),
  });
});

test('a night of trying is one line for each kind of failure', async () => {
  await tell({ phase: 'opening' });
  for (let n = 0; n < 500; n++) {
    await tell({ phase: 'waiting', error: n % 2 === 0 ? notFound : refused }, 10_000);
    await tell({ phase: 'scanning', error: n % 2 === 0 ? notFound : refused }, 10_000);
  }
  expect(told()).toEqual([
    ['failed', 'No connection yet: EVENT 24', 'JOIN_REFUSED', undefined],
    ['failed', 'No connection yet: no meter answered', 'PAN_NOT_FOUND', undefined],
    ['started', 'broute2mqtt started', undefined, undefined],
  ]);
  await tell({ pan });
  expect(told().map(([kind, , , s]) => [kind, s])).toEqual([
    ['connected', undefined],
    ['failed', 9980],
    ['failed', 10_000],
    ['started', undefined],
  ]);
});

test('a pause and a restart that was asked for are no failures', async () => {
  await tell({ pan });
  await tell({ phase: 'paused', pan }, 600_000);
  await tell({ pan });
  await tell({ phase: 'waiting', pan }, 1000);
  await tell({ phase: 'joining', pan }, 4000);
  await tell({ pan });
  expect(told().map(([kind, , code, s]) => [kind, code, s])).toEqual([
    ['connected', undefined, undefined],
    ['waiting', undefined, 5],
    ['paused', undefined, 600],
    ['connected', undefined, undefined],
    ['started', undefined, undefined],
  ]);
});

test('a day of it, at most a hundred', async () => {
  await tell({ pan });
  for (let n = 0; n < 100; n++) {
    await tell({ phase: 'waiting', error: lost }, 1000);
    await tell({ pan }, 1000);
  }
  expect(told()).toHaveLength(100);
  expect(told().at(-1)?.[0]).toBe('lost');
  await clock.advance(86_400_000);
  expect(told()).toEqual([]);
});

test('/api/links: of each meter, without secrets; progress is in the status until the first answer', async () => {
  await using rig = await WebRig.start({ language: 'ja' });
  rig.redactor.add('himitsu');
  const progress = { expectedMs: 8400, scan: { channels: 14, dwellMs: 300, afterMs: 1000 } };
  rig.status({ phase: 'scanning', progress });
  await rig.clock.advance(2500);
  expect((await rig.json('/api/status')).meters[0]?.progress).toEqual({
    step: 2,
    channels: { at: 6, of: 14 },
    elapsed_s: 2.5,
    expected_s: 8.4,
  });
  await rig.clock.advance(60_000);
  expect(rig.home().progress).toMatchObject({ channels: { at: 14, of: 14 }, elapsed_s: 62.5 });
  rig.status({ phase: 'joining', pan, progress: { expectedMs: 5000 } });
  expect(rig.home().progress).toEqual({ step: 3, elapsed_s: 0, expected_s: 5 });
  rig.status({ phase: 'waiting', error: new BridgeError('JOIN_REFUSED', 'himitsu') });
  expect(rig.home().progress).toBeUndefined();
  const answer = await (await rig.get('/api/links?meter=home&lang=en')).json();
  expect(answer).toMatchObject({
    meter: 'home',
    events: [{ kind: 'failed', text: 'No connection yet: [redacted]', code: 'JOIN_REFUSED' }, { kind: 'started' }],
  });
  expect((await rig.get('/api/links?meter=attic')).status).toBe(400);
});
