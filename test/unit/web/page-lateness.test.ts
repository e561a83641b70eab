import { afterEach, expect, test, vi } from 'vitest';

interface Judge {
  of(uptimeS: number): number;
  settle(uptimeS: number, askedS: number): boolean;
}

const MODULE = new URL('../../../src/web/static/page-lateness.js', import.meta.url).href;
const { Lateness } = (await import(MODULE)) as { readonly Lateness: new () => Judge };

afterEach(() => void vi.restoreAllMocks());

/** The browser's two clocks, and the bridge's seconds since its start, whole as it tells them. */
class World {
  steadyS = 1000;
  wallS = 1_800_000_000;
  bridgeS = 500;
  readonly judge = new Lateness();

  constructor() {
    vi.spyOn(performance, 'now').mockImplementation(() => this.steadyS * 1000);
    vi.spyOn(Date, 'now').mockImplementation(() => this.wallS * 1000);
  }

  passes(seconds: number): void {
    this.steadyS += seconds;
    this.wallS += seconds;
    this.bridgeS += seconds;
  }

  /** A phone sleeps: its monotonic clock stands still. */
  sleeps(seconds: number): void {
    this.wallS += seconds;
    this.bridgeS += seconds;
  }

  /** Of news that were so long under way. */
  lateS(underWayS: number): number {
    return this.judge.of(Math.floor(this.bridgeS - underWayS));
  }
}

test('news on time are on time, within the bridge’s whole seconds', () => {
  const world = new World();
  for (let i = 0; i < 100; i++) {
    world.passes(0.77);
    expect(world.lateS(0.1)).toBeLessThanOrEqual(1);
  }
  expect(world.lateS(12)).toBeGreaterThanOrEqual(11.5);
  expect(world.lateS(12)).toBeLessThanOrEqual(13);
});

test('what came late at first is found late once something came in time', () => {
  const world = new World();
  expect(world.lateS(20)).toBe(0); // nothing to hold it against
  world.judge.settle(world.bridgeS, 0.1);
  expect(world.lateS(20)).toBeGreaterThanOrEqual(20);
});

test('after a sleep old news are late by either clock, new ones by neither', () => {
  const world = new World();
  world.lateS(0);
  world.sleeps(3600);
  expect(world.lateS(1800)).toBeGreaterThanOrEqual(1800); // what waited in the socket
  expect(world.lateS(0)).toBeLessThanOrEqual(1);
  expect(world.lateS(60)).toBeGreaterThanOrEqual(60);
});

test.for([
  ['the wall clock is set forward', { wallS: 300, bridgeS: 0 }],
  ['the bridge starts anew', { wallS: 0, bridgeS: -500 }],
  ['the machine of the bridge slept', { wallS: 0, bridgeS: -400 }],
] as const)('%s: one question settles it', ([, { wallS, bridgeS }]) => {
  const world = new World();
  world.lateS(0);
  world.wallS += wallS;
  world.bridgeS += bridgeS;
  expect(world.lateS(0)).toBeGreaterThan(200);
  expect(world.judge.settle(world.bridgeS, 0.1)).toBe(true);
  world.passes(5);
  expect(world.lateS(0)).toBeLessThanOrEqual(1);
  expect(world.lateS(10)).toBeGreaterThanOrEqual(9);
});

test('the wall clock is set back: the other one still tells', () => {
  const world = new World();
  world.lateS(0);
  world.wallS -= 300;
  expect(world.lateS(0)).toBeLessThanOrEqual(1);
  expect(world.lateS(30)).toBeGreaterThanOrEqual(30);
});

test('an answer that took long is no sign of anything', () => {
  const world = new World();
  world.lateS(0);
  expect(world.judge.settle(world.bridgeS - 4, 4.5)).toBe(false);
  expect(world.lateS(4)).toBeGreaterThanOrEqual(4);
});
