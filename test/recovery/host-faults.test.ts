import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { LinkPhase } from '../../src/model/status.ts';
import { catalogue } from '../support/fault-catalogue.ts';
import type { Hazard } from '../support/fault-catalogue.ts';
import { World } from '../support/world.ts';

const HOUR_MS = 3_600_000;
const to1970 = (world: World): void => world.clock.jumpWall(-world.clock.now() + 60_000);

const jumps: readonly Hazard[] = (
  [
    ['forward by an hour', HOUR_MS],
    ['back by an hour', -HOUR_MS],
    ['forward by a day', 24 * HOUR_MS],
    ['back by a day', -24 * HOUR_MS],
  ] as const
).map(([name, ms]) => ({
  name: `the wall clock jumps ${name}`,
  fault: (world) => world.clock.jumpWall(ms),
  lastsMs: 60_000,
  phases: [],
  withinMs: 12_000,
}));

catalogue('host', [
  ...jumps,
  { name: 'the wall clock jumps to 1970', fault: to1970, lastsMs: 60_000, phases: [], withinMs: 12_000 },
  {
    name: 'it is 1970 at the start, and NTP comes later',
    atStart: true,
    fault: to1970,
    lastsMs: 120_000,
    heal: (world) => world.clock.jumpWall(Date.UTC(2026, 0, 15, 3, 2) - world.clock.now()),
    phases: ['scanning', 'joining', 'connected'],
    withinMs: 12_000,
  },
  {
    name: 'the event loop stands still for 5 s',
    fault: (world) => world.clock.stall(5000),
    phases: [],
    withinMs: 20_000,
  },
  {
    name: 'the event loop stands still for 5 s in the middle of a request',
    fault: async (world) => {
      await world.until(() => world.oracle.newestMs !== undefined && world.clock.monotonicMs() % 10_000 < 9000, 20_000);
      world.supervisor.command('read_now');
      await world.clock.advance(150);
      world.clock.stall(5000);
    },
    phases: [],
    withinMs: 20_000,
  },
  {
    name: 'the computer sleeps for an hour',
    fault: (world) => world.clock.stall(HOUR_MS),
    error: 'any',
    withinMs: 90_000,
  },
]);

/** Virtual time must not run away while a real file is read. */
const realDisk = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));

const statePlaces: readonly (readonly [name: string, break_: (folder: string) => Promise<string>])[] = [
  [
    'the state folder cannot be made',
    async (folder) => (await writeFile(join(folder, 'file'), ''), join(folder, 'file', 'state')),
  ],
  [
    'the state files cannot be replaced',
    async (folder) => {
      await mkdir(join(folder, 'pan.json.new'), { recursive: true });
      await mkdir(join(folder, 'meter.json.new'), { recursive: true });
      return folder;
    },
  ],
  [
    'the state files are damaged',
    async (folder) => {
      await writeFile(join(folder, 'pan.json'), '{"channel":51,"pan');
      await writeFile(join(folder, 'meter.json'), '\0\0\0\0');
      return folder;
    },
  ],
];
for (const [name, damage] of statePlaces) {
  for (const edition of ['SE', 'DSE'] as const) {
    test(`fault: host: ${name} (${edition})`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'state-'));
      const world = await World.create({ simulator: { edition }, stateDir: await damage(folder) });
      await realDisk();
      await world.until(() => world.healthy && world.readings > 3, 60_000);
      await world.clock.advance(600_000);
      // pan, meter and airtime: each read once, the first two written once
      expect(world.log.filter(({ msg }) => msg.startsWith('state file')).length).toBeLessThanOrEqual(5);
      expect(world.logged('state file')).toBe(true);
      expect(world.errors).toEqual([]);
      await world.restart();
      await realDisk();
      await world.until(() => world.healthy, 60_000);
      expect(world.oracle.violations).toEqual([]);
      expect(await world.end()).toEqual([]);
      await rm(folder, { recursive: true });
    });
  }
}

const stopsAt: readonly LinkPhase[] = ['opening', 'scanning', 'joining', 'connected', 'waiting', 'paused'];
for (const phase of stopsAt) {
  for (const broker of ['up', 'refusing', 'mute'] as const) {
    test(`fault: host: SIGTERM while ${phase}, broker ${broker} (SE, DSE)`, async () => {
      for (const edition of ['SE', 'DSE'] as const) {
        const world = await World.create({
          simulator: { edition, ...(phase === 'waiting' ? { password: 'ZZZZZZZZZZZZ' } : {}) },
          prepare: ({ broker: it }) => {
            if (broker === 'refusing') it.reach = 'refusing';
            it.mute = broker === 'mute';
          },
        });
        if (phase === 'paused') {
          await world.untilReadings(2, 60_000);
          world.inject({ fault: 'event-32', for_s: 600 });
        }
        await world.until(() => world.status?.phase === phase, 60_000);
        expect(await world.stop()).toBeLessThanOrEqual(2000);
        expect(world.status?.phase).toBe('stopped');
        expect(world.oracle.online).toBe(false);
        expect(world.oracle.violations).toEqual([]);
        expect(await world.end()).toEqual([]);
      }
    });
  }
}
