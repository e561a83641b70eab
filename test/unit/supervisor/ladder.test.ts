import { expect, test } from 'vitest';
import { channelScan, channelsOfMask, FULL_SCAN } from '../../../src/model/scan-plan.ts';
import { BridgeError } from '../../../src/kernel/errors.ts';
import type { ErrorCode } from '../../../src/kernel/errors.ts';
import { Ladder, rungs, wasDelivered } from '../../../src/supervisor/ladder.ts';

const climb = (ladder: Ladder, steps: number, panKnown: boolean): string[] =>
  Array.from({ length: steps }, () => ladder.next(panKnown).rung);

test('the gentlest rung comes first, and the last leads to the first again', () => {
  expect(rungs).toEqual(['join', 'scan-channel', 'scan', 'terminate', 'reset', 'scan', 'reopen']);
  expect(climb(new Ladder(), 14, true)).toEqual([...rungs, ...rungs]);
});

test('where the meter is looked for before each join', () => {
  const ladder = new Ladder();
  expect(rungs.map(() => ladder.next(true))).toEqual([
    { rung: 'join', search: 'nowhere' },
    { rung: 'scan-channel', search: 'channel' },
    { rung: 'scan', search: 'everywhere' },
    { rung: 'terminate', search: 'channel' },
    { rung: 'reset', search: 'channel' },
    { rung: 'scan', search: 'everywhere' },
    { rung: 'reopen', search: 'everywhere' },
  ]);
});

const failure = (code: ErrorCode, cause?: unknown): BridgeError => new BridgeError(code, code, { cause });

test.each([
  ['three requests whose answers never came', failure('METER_SILENT', failure('REPLY_TIMEOUT')), true],
  ['three requests the radio could not deliver', failure('METER_SILENT', failure('SEND_FAILED')), false],
  ['silence for another reason', failure('METER_SILENT', new Error('REPLY_TIMEOUT')), false],
  ['silence for none', failure('METER_SILENT'), false],
  ['a session lost after a time-out', failure('SESSION_LOST', failure('REPLY_TIMEOUT')), false],
  ['a defect', new Error('METER_SILENT', { cause: failure('REPLY_TIMEOUT') }), false],
])('%s: whether the meter got the request', (_, error, delivered) => {
  expect(wasDelivered(error)).toBe(delivered);
});

test('without a PAN the rungs that need one are left out', () => {
  expect(climb(new Ladder(), 6, false)).toEqual(['scan', 'scan', 'reopen', 'scan', 'scan', 'reopen']);
});

test('a good answer leads back to the first rung', () => {
  const ladder = new Ladder();
  climb(ladder, 3, true);
  ladder.reset();
  expect(climb(ladder, 2, true)).toEqual(['join', 'scan-channel']);
});

test('after silence the old session is ended before anything else, and once', () => {
  const ladder = new Ladder();
  ladder.fellSilent();
  expect(ladder.next(true)).toEqual({ rung: 'terminate', search: 'nowhere' });
  expect(climb(ladder, 7, true)).toEqual([...rungs.slice(1), 'join']);
  ladder.reset();
  ladder.fellSilent();
  expect(climb(ladder, 2, false)).toEqual(['scan', 'scan']);
});

test('silence further up the ladder changes nothing', () => {
  const ladder = new Ladder();
  climb(ladder, 2, true);
  ladder.fellSilent();
  expect(climb(ladder, 5, true)).toEqual(rungs.slice(2));
});

test('a PAN forgotten on the way makes the next rung a scan', () => {
  const ladder = new Ladder();
  climb(ladder, 2, true);
  expect(climb(ladder, 3, false)).toEqual(['scan', 'scan', 'reopen']);
});

test('scans rise in duration and end with every channel', () => {
  const durations = FULL_SCAN.map(({ duration }) => duration);
  expect(durations).toEqual(durations.toSorted((a, b) => a - b));
  expect(channelsOfMask(FULL_SCAN.at(-1)?.mask ?? 0)).toHaveLength(28);
});

for (const channel of [33, 47, 60]) {
  test(`the scan of channel ${channel} is of that channel alone`, () => {
    expect(channelScan(channel).map(({ mask }) => channelsOfMask(mask))).toEqual([[channel], [channel]]);
  });
}
