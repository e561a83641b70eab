import { expect, test } from 'vitest';
import type { SimulatorOptions } from '../../src/simulator/options.ts';
import { createRig } from '../support/rig.ts';

const modules: readonly (readonly [name: string, simulator: SimulatorOptions])[] = [
  ['SE in ascii mode', { edition: 'SE', payload: 'ascii' }],
  ['SE in binary mode', { edition: 'SE', payload: 'binary' }],
  ['DSE in ascii mode', { edition: 'DSE', payload: 'ascii' }],
  ['DSE in binary mode', { edition: 'DSE', payload: 'binary' }],
  ['J11', { edition: 'J11' }],
];
test.each(modules)('%s: scans, joins and reads without being told anything', async (_name, simulator) => {
  const rig = await createRig({ simulator });
  await rig.untilReadings(3);
  expect(rig.phases()).toEqual(['opening', 'scanning', 'joining', 'connected']);
  expect(rig.errors()).toEqual([]);
  await rig.stop();
  expect(rig.phases().at(-1)).toBe('stopped');
});

test('J11: the received power is in dBm as the module tells it', async () => {
  const rig = await createRig({ simulator: { edition: 'J11' } });
  await rig.untilReadings(3);
  const status = rig.statuses().at(-1);
  expect(status).toMatchObject({
    rssiDbm: -49,
    module: { edition: 'J11', stackVersion: '1.3.5514' },
    pan: { channel: 0x33, panId: 0x12a4, macAddress: '001C6400030C12A4' },
  });
  expect(status).not.toHaveProperty('lqi');
  await rig.stop();
});
