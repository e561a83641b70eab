import { expect, test } from 'vitest';
import { linkStates, readingsOf } from '../support/bridge.ts';
import { Household } from '../support/household.ts';
import type { ScriptLine } from '../support/stick.ts';

async function firstReading(home: Household, script: readonly ScriptLine[]) {
  const broker = await home.broker();
  const watcher = await home.watch(broker.url);
  const stick = await home.stick({ script, args: ['--time-factor', '50'] });
  const bridge = await home.bridge({ broker: broker.url, meters: [{ device: stick.path }] });
  await bridge.until(() => readingsOf(watcher).length > 1, 'readings', 80_000);
  return { bridge, stick, watcher };
}

test.concurrent('a meter that refuses the join three times is joined at the fourth', async () => {
  await using home = new Household();
  const { bridge, stick, watcher } = await firstReading(home, [{ fault: 'join-refused', times: 3 }]);
  const phases = bridge.phases();
  expect(phases.filter((phase) => phase === 'joining')).toHaveLength(4);
  expect(phases.filter((phase) => phase === 'waiting')).toHaveLength(3);
  expect(phases.at(-1)).toBe('connected');
  expect(stick.heardTimes('SKJOIN')).toBe(4);
  const told = linkStates(watcher);
  expect(told).toEqual(phases.slice(-told.length));
  const { message, hint } = await bridge.fails('JOIN_REFUSED');
  expect(message).toContain('EVENT 24');
  expect(hint).toContain('route_b_password');
});

test.concurrent('a meter that no scan finds twice is found at the third', async () => {
  const scansOfOneSearch = 4;
  await using home = new Household();
  const { bridge } = await firstReading(home, [{ fault: 'pan-not-found', times: 2 * scansOfOneSearch }]);
  const { hint } = await bridge.fails('PAN_NOT_FOUND');
  expect(hint).toContain('closer to the meter');
  const search = ['scanning', 'waiting']; // without a known PAN every third rung is to open the port anew
  expect(bridge.phases()).toEqual(['opening', ...search, ...search, 'opening', 'scanning', 'joining', 'connected']);
});
