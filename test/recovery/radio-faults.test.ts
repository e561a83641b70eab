import { expect } from 'vitest';
import { all, catalogue, isOwnMeter, ownMeterOnly } from '../support/fault-catalogue.ts';
import type { Hazard } from '../support/fault-catalogue.ts';
import type { World } from '../support/world.ts';

const lost = ['waiting', 'joining', 'connected'] as const;
const first = ['scanning', 'joining', 'connected'] as const;
const HOME = { channel: 0x33, panId: 0x12a4 };
/** No channel of a scan: the meter has lost its power, or a lorry stands before it. */
const away = (world: World): void => world.simulator.moveMeter({ channel: 99 });

const endings: readonly Hazard[] = [
  { name: 'the meter ends the session (EVENT 26)', editions: all, fault: { fault: 'event-26' } },
  { name: 'the session ends in order (EVENT 27)', editions: all, fault: { fault: 'event-27' } },
  { name: 'the end times out (EVENT 28)', editions: all, fault: { fault: 'event-28' } },
  { name: 'a renewal is refused (EVENT 24)', editions: all, fault: { fault: 'event-24' } },
  { name: 'the module forgets the session without a word', editions: all, fault: { fault: 'session-lost' } },
].map((hazard) => ({ ...hazard, phases: lost, error: 'SESSION_LOST', withinMs: 20_000 }) as Hazard);

const airtime: readonly Hazard[] = [1, 5, 20, 60].map((minutes) => ({
  name: `the airtime is used up for ${minutes} min (EVENT 32, then 33)`,
  editions: all,
  fault: { fault: 'event-32', for_s: minutes * 60 },
  lastsMs: minutes * 60_000,
  phases: ['paused', 'connected'],
  withinMs: 15_000,
}));

const refusedJoins: readonly Hazard[] = [1, 2, 5, 12].map((times) => ({
  name: `the join is refused ${times} times, then accepted (EVENT 24, then 25)`,
  editions: all,
  fault: { fault: 'join-refused', times },
  atStart: true,
  passes: ['waiting', 'connected'],
  error: 'JOIN_REFUSED',
  withinMs: 60_000 + times * 75_000,
}));

const outages: readonly Hazard[] = [30, 120, 1800].map((s) => ({
  name: `the meter is out of reach for ${s} s`,
  editions: all,
  fault: away,
  lastsMs: s * 1000,
  heal: (world) => world.simulator.moveMeter(HOME),
  error: 'any',
  withinMs: 240_000,
}));

catalogue('radio and PANA', [
  ...endings,
  ...airtime,
  ...refusedJoins,
  ...outages,
  {
    name: 'two scans find nothing, the third does',
    editions: all,
    fault: { fault: 'pan-not-found', times: 2 },
    atStart: true,
    world: ownMeterOnly,
    phases: first,
    withinMs: 60_000,
    also: isOwnMeter,
  },
  {
    name: 'forty scans find nothing',
    editions: all,
    fault: { fault: 'pan-not-found', times: 40 },
    atStart: true,
    passes: ['waiting', 'connected'],
    error: 'PAN_NOT_FOUND',
    withinMs: 3_600_000,
  },
  ...(
    [
      ['a stronger neighbour answers too (two PANs)', { fault: 'two-pans' }],
      ['EPANDESC comes without EVENT 22', { fault: 'pandesc-without-22' }],
      ['EPANDESC comes after EVENT 22', { fault: 'late-pandesc', after_s: 0.5 }],
    ] as const
  ).map(([name, fault]): Hazard => ({
    name,
    fault,
    atStart: true,
    world: ownMeterOnly,
    phases: first,
    withinMs: 60_000,
    also: isOwnMeter,
  })),
  {
    name: 'the join is not answered at all',
    editions: all,
    fault: { fault: 'join-silent' },
    atStart: true,
    passes: ['waiting', 'connected'],
    error: 'any',
    withinMs: 180_000,
  },
  {
    name: 'the lifetime runs out and is renewed (EVENT 29, then 25)',
    fault: { fault: 'event-29' },
    phases: [],
    withinMs: 30_000,
  },
  {
    name: 'the lifetime runs out and is not renewed (EVENT 29 alone)',
    fault: { fault: 'event-29', recovers: false },
    phases: lost,
    error: 'SESSION_LOST',
    withinMs: 120_000,
  },
  {
    name: 'the session is authenticated anew in between (EVENT 25)',
    editions: all,
    fault: { fault: 'event-25' },
    phases: [],
    withinMs: 20_000,
  },
  {
    name: 'the airtime is used up and EVENT 33 gets lost',
    fault: (world) => {
      world.inject({ fault: 'event-32', for_s: 600 });
      world.tap.pieces = (bytes) => [
        Buffer.from(bytes.toString('latin1').replace(/EVENT 33 [^\r]*\r\n/, ''), 'latin1'),
      ];
    },
    lastsMs: 600_000,
    heal: (world) => void (world.tap.pieces = undefined),
    passes: ['paused', 'connected'],
    error: 'any',
    withinMs: 65 * 60_000,
  },
  {
    name: 'the airtime is used up and EVENT 32 gets lost',
    fault: (world) => {
      world.tap.pieces = (bytes) => [
        Buffer.from(bytes.toString('latin1').replace(/EVENT 32 [^\r]*\r\n/, ''), 'latin1'),
      ];
      world.inject({ fault: 'event-32', for_s: 600 });
    },
    lastsMs: 600_000,
    heal: (world) => void (world.tap.pieces = undefined),
    phases: ['paused', 'connected'],
    withinMs: 75_000,
  },
  {
    name: 'the module restarts while its airtime is used up',
    editions: all,
    fault: [{ fault: 'event-32', for_s: 600 }, { fault: 'module-reset' }],
    lastsMs: 600_000,
    error: 'any',
    withinMs: 120_000,
  },
  ...(
    [
      [['SE', 'DSE'], 75_000], // SKTERM comes first, and a meter that has forgotten us does not confirm it: 10 s
      [['J11'], 60_000],
    ] as const
  ).map(([editions, withinMs]): Hazard => ({
    name: 'answers stop without any EVENT',
    editions,
    fault: { fault: 'silent-session' },
    phases: lost,
    error: 'METER_SILENT',
    withinMs,
  })),
  {
    name: 'the meter moves to another channel',
    editions: all,
    fault: [{ fault: 'meter-moved', channel: '2F', pan_id: '9E08' }, { fault: 'event-26' }],
    passes: ['scanning', 'connected'],
    error: 'any',
    withinMs: 240_000,
    also: (world) => expect(world.status?.pan).toMatchObject({ channel: 0x2f, panId: 0x9e08 }),
  },
  {
    name: 'the meter moves without a word',
    editions: all,
    fault: { fault: 'meter-moved', channel: '25', pan_id: '0001' },
    passes: ['scanning', 'connected'],
    error: 'any',
    withinMs: 300_000,
    also: (world) => expect(world.status?.pan).toMatchObject({ channel: 0x25, panId: 1 }),
  },
  {
    name: 'the meter takes another PAN ID on its channel',
    fault: [{ fault: 'meter-moved', channel: '33', pan_id: '0777' }, { fault: 'event-26' }],
    passes: ['scanning', 'connected'],
    error: 'any',
    withinMs: 240_000,
  },
  {
    name: 'the meter is replaced: other MAC, other serial number, registers from zero',
    fault: [{ fault: 'meter-replaced' }, { fault: 'event-26' }],
    passes: ['scanning', 'connected'],
    error: 'any',
    withinMs: 300_000,
    also: async (world) => {
      expect(world.status?.pan?.macAddress).toBe('001C640003DD6393');
      await world.until(() => Number(world.oracle.shown('state/energy')?.['import']) < 10, 180_000);
      expect(world.logged('another meter')).toBe(true);
    },
  },
  {
    name: 'the meter is replaced while the stick is pulled out',
    fault: [{ fault: 'port-lost', for_s: 60 }, { fault: 'meter-replaced' }],
    lastsMs: 60_000,
    passes: ['scanning', 'connected'],
    error: 'any',
    withinMs: 300_000,
  },
  {
    name: 'the meter is replaced on its channel: J11 connects to whoever has our Pairing ID, without a scan',
    editions: ['J11'],
    fault: [{ fault: 'meter-replaced' }, { fault: 'event-26' }],
    phases: lost,
    error: 'SESSION_LOST',
    withinMs: 60_000,
    also: (world) => expect(world.status?.pan?.macAddress).toBe('001C640003DD6393'),
  },
  ...(['0001', '006B', '005F', '0054', '0051', '0053', '0005', '0056', '0008'] as const).flatMap((on): Hazard[] => [
    {
      name: `${on} gives another result than 01 once`,
      editions: ['J11'],
      fault: { fault: 'fail-code', on },
      atStart: true,
      passes: ['connected'],
      error: 'any',
      withinMs: 120_000,
    },
    {
      name: `${on} is not answered`,
      editions: ['J11'],
      fault: { fault: 'no-answer', on },
      atStart: true,
      passes: ['connected'],
      error: 'any',
      withinMs: 180_000,
    },
  ]),
]);
