import { expect, test } from 'vitest';
import { AirtimeLimit } from '../../../src/module/airtime-limit.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const MINUTE = 60_000;
const { signal } = new AbortController();

test('a module that says for ever that it may not send gets one try in 65 minutes', async () => {
  const clock = new VirtualClock();
  const limit = new AirtimeLimit(clock, () => Promise.resolve(true));
  expect(await limit.check(signal)).toBe(true);
  let over = false;
  void limit.over(signal).then(() => (over = true));
  await clock.advance(64 * MINUTE);
  expect(over).toBe(false);
  await clock.advance(2 * MINUTE);
  expect([over, clock.sleepers]).toEqual([true, 0]);
  expect(await limit.check(signal)).toBe(true); // the try failed
});

test('it is asked once a minute while it lasts, and never while it sends', async () => {
  const clock = new VirtualClock();
  let asked = 0;
  let isLimited = true;
  const limit = new AirtimeLimit(clock, () => Promise.resolve((asked++, isLimited)));
  limit.report(true);
  const over = limit.over(signal);
  await clock.advance(10 * MINUTE + 1);
  expect(asked).toBe(10);
  isLimited = false;
  await clock.advance(MINUTE);
  await over;
  limit.sent();
  expect([await limit.check(signal), asked]).toEqual([false, 11]);
  limit.sent();
  limit.unsent();
  expect([await limit.check(signal), asked]).toEqual([false, 12]);
});

test('what is only shown is put to the proof every five minutes, and forgotten after an hour and some', async () => {
  const clock = new VirtualClock();
  const limit = new AirtimeLimit(clock);
  limit.shown();
  for (let minutes = 5; minutes <= 65; minutes += 5) {
    expect(limit.isOn).toBe(true);
    const over = limit.over(signal);
    await clock.advance(5 * MINUTE);
    await over;
    limit.tryFailed();
  }
  expect(limit.isOn).toBe(false);
  limit.tryFailed();
  expect(limit.isOn).toBe(false);
});

test('what can be asked is not guessed; what was told is not doubted by a send under way', async () => {
  const limit = new AirtimeLimit(new VirtualClock(), () => Promise.resolve(false));
  limit.shown();
  expect(limit.isOn).toBe(false);
  limit.report(true);
  limit.sent();
  limit.insist();
  expect(limit.isOn).toBe(true);
});

test('who listens hears at once of a limit there is, and of its end', () => {
  const limit = new AirtimeLimit(new VirtualClock());
  const heard: boolean[] = [];
  limit.report(true);
  const stop = limit.listen((isOn) => heard.push(isOn));
  limit.report(false);
  stop();
  limit.report(true);
  expect(heard).toEqual([true, false]);
});

test('a module that is lost is waited for by nobody', async () => {
  const clock = new VirtualClock();
  const limit = new AirtimeLimit(clock);
  limit.report(true);
  const over = limit.over(signal);
  limit.fail(new Error('unplugged'));
  await expect(over).rejects.toThrow('unplugged');
  expect(clock.sleepers).toBe(0);
});
