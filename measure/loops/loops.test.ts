import { expect, test } from 'vitest';
import { brokerLoop } from './broker-loop.ts';
import { memoryLoop } from './memory-loop.ts';
import { unplugLoop } from './unplug-loop.ts';

// Short forms of `npm run measure -- loops`.

test('a broker killed again and again: everything is there again each time', async () => {
  const { bad, lostDiscovery, duplicateIds } = await brokerLoop(5);
  expect({ bad, lostDiscovery, duplicateIds }).toEqual({ bad: [], lostDiscovery: 0, duplicateIds: 0 });
});

test('a stick pulled out again and again: no descriptor stays open', async () => {
  expect((await unplugLoop(8)).bad).toEqual([]);
});

test('the same in memory: nothing is left waiting', async () => {
  expect((await memoryLoop(60)).bad).toEqual([]);
});
