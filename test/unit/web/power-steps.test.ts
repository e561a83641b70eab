import { expect, test } from 'vitest';
import { PowerSteps } from '../../../src/web/api/power-steps.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { WebRig } from '../../support/web-rig.ts';

/** Asks every `everyS` for so long; the power is the second. */
async function filled(clock: VirtualClock, everyS: number, forS: number): Promise<PowerSteps> {
  const steps = new PowerSteps(clock);
  for (let s = 0; s < forS; s += everyS) {
    steps.add(s);
    await clock.advance(everyS * 1000);
  }
  return steps;
}

test('a span has its steps and no more, however often the meter answers', () => {
  const clock = new VirtualClock();
  const full = new PowerSteps(clock);
  for (let s = 0; s < 90_000; s += 2) {
    full.add(s);
    clock.stall(2000); // nobody waits: as quick as can be
  }
  const counts = (['10m', '1h', '24h'] as const).map((span) => full.over(span, 2, 11_000).points.length);
  expect(counts).toEqual([299, 359, 719]); // the step that begins now has no answer yet
});

test('mean, lowest and highest of each step, by wall clock, oldest first', async () => {
  const clock = new VirtualClock();
  const from = clock.now();
  const steps = await filled(clock, 2, 40);
  const { points, step_s: stepS, gap_s: gapS } = steps.over('1h', 2, 11_000);
  expect([stepS, gapS]).toEqual([10, 20]);
  expect(points.length).toBeGreaterThanOrEqual(4);
  const [first] = points;
  const values = points.flatMap(([, mean, min, max]) => [min, mean, max]);
  expect(values).toEqual([...values].sort((a, b) => a - b));
  expect(first?.[2]).toBe(0);
  for (const [at, mean] of points) expect(Math.abs(at - from / 1000 - mean)).toBeLessThanOrEqual(1);
});

test('a clock that is set back leaves nothing ahead of it', async () => {
  const clock = new VirtualClock();
  const steps = await filled(clock, 10, 60);
  clock.jumpWall(-25_000);
  steps.add(7);
  const { points } = steps.over('10m', 10, 35_000);
  const times = points.map(([at]) => at);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect([points.at(-1), points.length]).toEqual([[clock.now() / 1000, 7, 7, 7], 5]);
  await clock.advance(30_000); // past where it was before
  steps.add(8);
  expect(steps.over('10m', 10, 35_000).points.map(([, mean]) => mean)).toEqual([0, 10, 20, 30, 7, 8]);
});

test('in a house whose day takes minutes the distances are the house’s, and no gaps', async () => {
  const clock = new VirtualClock();
  const steps = new PowerSteps(clock);
  for (let n = 0; n < 40; n++) {
    steps.add(n);
    clock.jumpWall(89_750);
    await clock.advance(250);
  }
  const { points, gap_s: gapS } = steps.over('1h', 2, 11_000);
  expect([points.length, gapS]).toEqual([39, 180]);
});

test('what nobody measured is not there; a meter that is asked seldom has no gaps', async () => {
  const clock = new VirtualClock();
  const steps = await filled(clock, 60, 600);
  const { points, step_s: stepS, gap_s: gapS } = steps.over('10m', 60, 185_000);
  expect([points.length, stepS, gapS]).toEqual([9, 60, 185]); // the tenth is ten minutes old
  await clock.advance(700_000);
  expect(steps.over('10m', 60, 185_000).points).toEqual([]);
});

test('/api/power: of each meter, a bad question is answered with what is allowed', async () => {
  const meters = [
    { id: 'home', name: 'Home' },
    { id: 'shop', name: 'Shop' },
  ];
  await using rig = await WebRig.start({ meters, language: 'ja' });
  rig.reading({ powerW: 423 });
  rig.reading({ powerW: -7 }, 'shop');
  const at = Math.round(rig.clock.now() / 100) / 10;
  const ask = async (query: string): Promise<unknown> => (await rig.get(`/api/power?${query}`)).json();
  const facts = { span: '1h', step_s: 10, gap_s: 35 };
  expect(await ask('meter=home&span=1h')).toEqual({ meter: 'home', ...facts, points: [[at, 423, 423, 423]] });
  expect(await ask('meter=shop&span=1h')).toEqual({ meter: 'shop', ...facts, points: [[at, -7, -7, -7]] });
  for (const [query, sentence] of [
    ['meter=attic', 'meter には home、shop のいずれかを指定してください\n'],
    ['meter=home&span=2h&lang=en', 'span: one of 10m, 1h, 24h\n'],
    ['meter=home&meter=shop&lang=en', 'meter: one of home, shop\n'],
  ]) {
    const answer = await rig.get(`/api/power?${query}`);
    expect([answer.status, await answer.text()]).toEqual([400, sentence]);
  }
});
