import { expect, test } from 'vitest';
import { momentOf } from '../../../../src/app/setup/meter-trial.ts';
import type { TrialProgress } from '../../../../src/app/setup/meter-trial.ts';
import { momentText } from '../../../../src/app/setup/trial-texts.ts';
import { channelsOfMask, FULL_SCAN } from '../../../../src/model/scan-plan.ts';
import { scanTimeMs } from '../../../../src/skstack/commands.ts';

const [, second] = FULL_SCAN;
const scan = (): TrialProgress => {
  if (!second) throw new Error('no second scan');
  const { mask, duration } = second;
  return {
    step: 'scan',
    startedMs: 1000,
    expectedMs: scanTimeMs(mask, duration),
    scan: { at: 2, of: FULL_SCAN.length, channels: channelsOfMask(mask) },
    refusals: 0,
  };
};

test('a scan says which channel it is on, from the time it takes', () => {
  const progress = scan();
  expect(momentOf(progress, 1000)).toMatchObject({ at: 2, channel: 33, scan: { at: 2, of: 4 }, elapsedS: 0 });
  expect(momentOf(progress, 1000 + progress.expectedMs / 2)).toMatchObject({ channel: 47 });
  expect(momentOf(progress, 1000 + 2 * progress.expectedMs)).toMatchObject({ channel: 59, leftS: 0 });
});

test('in words of one language each', () => {
  const text = momentText(momentOf(scan(), 3000));
  expect(text.en).toMatch(/^\[2\/4\] looking for the meter: channel \d\d \(33–60\), scan 2 of 4, about \d+ s$/);
  expect(text.ja).toMatch(/^\[2\/4\] メーターを探しています：チャネル\d\d（33–60）、2\/4回目、あと約\d+秒$/);
  const again = momentText(momentOf({ step: 'join', startedMs: 0, expectedMs: 8000, refusals: 1 }, 9000));
  expect(again.en).toBe('[3/4] joining with ID and password (refused once, again), a little longer');
});
