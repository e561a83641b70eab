import { expect, test } from 'vitest';
import { createRig } from '../support/rig.ts';

for (const edition of ['SE', 'DSE'] as const) {
  for (const payload of ['ascii', 'binary'] as const) {
    test(`${edition} in ${payload} mode: scans, joins and reads without being told anything`, async () => {
      const rig = await createRig({ simulator: { edition, payload } });
      await rig.untilReadings(3);
      expect(rig.phases()).toEqual(['opening', 'scanning', 'joining', 'connected']);
      expect(rig.errors()).toEqual([]);
      await rig.stop();
      expect(rig.phases().at(-1)).toBe('stopped');
    });
  }
}
