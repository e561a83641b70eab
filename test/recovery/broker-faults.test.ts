import { expect } from 'vitest';
import { catalogue } from '../support/fault-catalogue.ts';
import type { Hazard } from '../support/fault-catalogue.ts';
import type { World } from '../support/world.ts';

const topics = ['homeassistant/device/broute2mqtt_home/config', 'broute2mqtt/home/bridge/availability'];

/** A fault of the broker: the radio must not notice. */
const hazard = (part: Omit<Hazard, 'phases' | 'withinMs'> & { readonly withinMs?: number }): Hazard => ({
  withinMs: 15_000,
  ...part,
  ...(part.atStart ? {} : { phases: [] }),
});
const everythingIsThere = (world: World): void => {
  for (const topic of topics) expect(world.broker.retained.get(topic), topic).toBeTruthy();
  expect(world.sink.health().queued).toBe(0);
};
const reached = (reach: World['broker']['reach']) => (world: World) => {
  world.broker.reach = reach;
};
const gone = (world: World, reach: World['broker']['reach'] = 'refusing'): void => {
  world.broker.reach = reach;
  world.broker.cut('ECONNRESET');
};
const up = (world: World): void => {
  world.broker.reach = 'up';
};
const refusingLogin = (code: number) => (world: World) => {
  world.broker.connackCode = () => code;
  world.broker.cut();
};
const accepting = (world: World): void => {
  world.broker.connackCode = () => 0;
};

const logins: readonly Hazard[] = (
  [
    ['bad user name or password', 0x86],
    ['not authorized', 0x87],
    ['server unavailable', 0x88],
    ['server busy', 0x89],
    ['connection rate exceeded', 0x9f],
  ] as const
).map(([name, code]) =>
  hazard({
    name: `CONNACK refuses: ${name} (0x${code.toString(16)})`,
    fault: refusingLogin(code),
    lastsMs: 100_000,
    heal: (world) => {
      expect(world.sink.health().detail).toContain(name);
      accepting(world);
    },
    also: everythingIsThere,
  }),
);

const outages: readonly Hazard[] = (
  [
    ['goes for 5 s', 5, 6],
    ['goes for 10 min', 600, 35],
    ['goes for 3 h', 10_800, 35],
  ] as const
).map(([name, s, backS]) =>
  hazard({
    name: `the broker ${name}, and not one reading is lost`,
    fault: (world) => gone(world),
    lastsMs: s * 1000,
    heal: up,
    withinMs: backS * 1000,
    also: async (world) => {
      await world.clock.advance(60_000);
      everythingIsThere(world);
    },
  }),
);

catalogue(
  'broker',
  [
    ...logins,
    ...outages,
    hazard({
      name: 'absent at the start (connection refused)',
      atStart: true,
      fault: reached('refusing'),
      lastsMs: 60_000,
      heal: up,
      also: everythingIsThere,
    }),
    hazard({
      name: 'its name is not found at the start, and is later (DNS)',
      atStart: true,
      fault: reached('unresolvable'),
      lastsMs: 60_000,
      heal: (world) => {
        expect(world.sink.health().detail).toContain('host name not found');
        up(world);
      },
      also: everythingIsThere,
    }),
    hazard({
      name: 'its name is not found any more for an hour (DNS)',
      fault: (world) => gone(world, 'unresolvable'),
      lastsMs: 3_600_000,
      heal: up,
      withinMs: 35_000,
    }),
    hazard({
      name: 'TCP to it goes nowhere',
      fault: (world) => gone(world, 'black-hole'),
      lastsMs: 120_000,
      heal: up,
      withinMs: 50_000,
    }),
    hazard({
      name: 'CONNACK never comes',
      fault: (world) => {
        world.broker.mute = true;
        world.broker.cut();
      },
      lastsMs: 100_000,
      heal: (world) => {
        expect(world.sink.health().detail).toContain('did not answer');
        world.broker.mute = false;
      },
      withinMs: 25_000,
      also: everythingIsThere,
    }),
    hazard({
      name: 'the connection is reset (RST)',
      fault: (world) => world.broker.cut('ECONNRESET'),
      also: everythingIsThere,
    }),
    hazard({
      name: 'the connection is closed in order',
      fault: (world) => world.broker.cut(),
      also: everythingIsThere,
    }),
    hazard({
      name: 'half-open: the cable is cut and nobody says so',
      fault: (world) => world.broker.freeze(),
      lastsMs: 1,
      withinMs: 60_000,
      also: (world) => expect(world.broker.logins).toBe(2),
    }),
    hazard({
      name: 'it reads nothing for 15 s',
      fault: (world) => world.broker.stall(15_000),
      lastsMs: 15_000,
      also: (world) => expect(world.broker.logins).toBe(1),
    }),
    hazard({
      name: 'it reads nothing for 5 min',
      fault: (world) => world.broker.stall(300_000),
      lastsMs: 300_000,
      withinMs: 30_000,
      also: everythingIsThere,
    }),
    hazard({
      name: 'another client takes the id over, and says so (MQTT 5)',
      fault: (world) => world.broker.takeOver(false),
      withinMs: 60_000,
      also: (world) => {
        expect(world.log.some(({ msg }) => msg === 'no broker connection')).toBe(true);
        everythingIsThere(world);
      },
    }),
    hazard({
      name: 'another client takes the id over without a word, five times',
      fault: async (world) => {
        for (let i = 0; i < 5; i++) {
          world.broker.takeOver(true);
          await world.clock.advance(3000);
        }
      },
      withinMs: 60_000,
      also: everythingIsThere,
    }),
    hazard({
      name: 'it restarts and has forgotten every retained message',
      fault: (world) => {
        world.broker.forget();
        world.oracle.forget();
        world.broker.cut();
      },
      also: everythingIsThere,
    }),
    hazard({
      name: 'it forgets retained messages, and Home Assistant is born',
      fault: (world) => {
        world.broker.forget();
        world.oracle.forget();
        world.broker.say('homeassistant/status', 'online');
      },
      also: everythingIsThere,
    }),
    hazard({
      name: 'it forgets retained messages, and Home Assistant is born with its birth retained',
      fault: (world) => {
        world.broker.forget();
        world.oracle.forget();
        world.broker.say('homeassistant/status', 'online', true);
      },
      also: everythingIsThere,
    }),
    hazard({
      name: 'it keeps a birth of long ago, which is no birth: nothing is said twice for it',
      fault: (world) => {
        world.broker.retained.set('homeassistant/status', 'online');
        world.broker.told.clear();
        world.broker.cut();
      },
      also: (world) => expect(world.broker.told.get(topics[0] ?? '')).toBe(1),
    }),
    hazard({
      name: 'Home Assistant is born over and over',
      fault: async (world) => {
        for (let i = 0; i < 50; i++) world.broker.say('homeassistant/status', 'online');
        const before = world.oracle.messages;
        await world.clock.advance(6000);
        expect(world.oracle.messages - before).toBeLessThan(20);
      },
      also: everythingIsThere,
    }),
    hazard({
      name: 'a small maximum packet: the document stays away, values do not',
      fault: (world) => {
        world.broker.limits = { maximumPacketSize: 1000 };
        world.broker.forget();
        world.broker.cut();
      },
      also: (world) => {
        expect(world.broker.retained.has(topics[0] ?? '')).toBe(false);
        expect(world.logged('discovery document left out')).toBe(true);
        expect(world.sink.health().detail).toContain('maximum packet size is too small');
      },
    }),
    ...(['5', '3.1.1'] as const).map((protocol) =>
      hazard({
        name: `it closes on packets above 4 kB (MQTT ${protocol}): the document is left out, in words, and readings flow`,
        fault: (world) => {
          world.broker.connackCode = (level) => (level === 5 && protocol === '3.1.1' ? 0x84 : 0);
          world.broker.longestPacket = 4096;
          world.broker.forget();
          world.broker.cut();
        },
        withinMs: 10_000,
        also: (world) => {
          expect(world.broker.retained.has(topics[0] ?? '')).toBe(false);
          expect(world.sink.health()).toMatchObject({
            ok: true,
            queued: 0,
            detail: expect.stringContaining('is left out'),
          });
          expect(world.sink.health().unannounced?.hint('en')).toContain('limit for one packet');
          expect(world.logged('discovery document left out')).toBe(true);
          expect(JSON.stringify(world.log)).not.toContain('two bridges');
        },
      }),
    ),
    hazard({
      name: 'QoS is lowered to 0',
      fault: (world) => {
        world.broker.limits = { maximumQos: 0 };
        world.broker.connackCode = () => 0;
        world.broker.cut();
      },
      also: everythingIsThere,
    }),
    hazard({
      name: 'PUBACK is missing for one reading among good ones',
      fault: (world) => {
        let isLost = false;
        world.broker.pubackCode = (topic) => {
          if (isLost || !topic.endsWith('/readings')) return 0;
          isLost = true;
          return undefined;
        };
      },
      lastsMs: 60_000,
      also: (world) => {
        expect(world.log.filter(({ msg }) => msg === 'no broker connection')).toHaveLength(1);
        everythingIsThere(world);
      },
    }),
    ...[1, 2].map((receiveMaximum) =>
      hazard({
        name: `it takes ${receiveMaximum} unacknowledged at a time, and takes its time`,
        fault: (world) => {
          world.broker.limits = { receiveMaximum };
          world.broker.ackAfterMs = 150;
          world.broker.mostUnacknowledged = 0;
          world.broker.forget();
          world.broker.cut();
        },
        also: (world) => {
          expect(world.broker.mostUnacknowledged).toBe(receiveMaximum);
          everythingIsThere(world);
        },
      }),
    ),
    hazard({
      name: 'it keeps no retained messages',
      fault: (world) => {
        world.broker.limits = { retainAvailable: false };
        world.broker.forget();
        world.broker.cut();
      },
      also: (world) => {
        expect(world.broker.retained.size).toBeLessThanOrEqual(1); // the will’s
        expect(world.logged('broker keeps no retained messages')).toBe(true);
      },
    }),
    hazard({
      name: 'PUBACK is missing for two minutes',
      fault: (world) => {
        world.broker.pubackCode = () => undefined;
      },
      lastsMs: 120_000,
      heal: (world) => {
        expect(world.logged('no broker connection')).toBe(true);
        world.broker.pubackCode = () => 0;
      },
      withinMs: 60_000,
      also: everythingIsThere,
    }),
    hazard({
      name: 'its quota is exceeded for two minutes (PUBACK 0x97)',
      fault: (world) => {
        world.broker.pubackCode = (topic) => (topic.endsWith('/readings') ? 0x97 : 0);
      },
      lastsMs: 120_000,
      heal: (world) => {
        expect(world.sink.health().queued).toBeGreaterThan(5);
        world.broker.pubackCode = () => 0;
      },
      also: everythingIsThere,
    }),
    ...(
      [
        ['unspecified error', 0x80],
        ['not accepted by this server', 0x83],
        ['not authorized', 0x87],
      ] as const
    ).map(([words, code]) =>
      hazard({
        name: `it refuses the readings for ten minutes and not one is lost: ${words} (PUBACK 0x${code.toString(16)})`,
        fault: (world) => {
          world.broker.pubackCode = (topic) => (topic.endsWith('/readings') ? code : 0);
        },
        lastsMs: 600_000,
        heal: (world) => {
          const { ok, connected, detail, queued, dropped } = world.sink.health();
          expect({ ok, connected, dropped }).toEqual({ ok: false, connected: true, dropped: 0 });
          expect(detail).toContain('broute2mqtt/home/readings');
          expect(detail).toContain(words);
          expect(queued).toBeGreaterThan(50);
          world.broker.pubackCode = () => 0;
        },
        also: (world) => {
          everythingIsThere(world);
          expect(world.sink.health()).toMatchObject({ ok: true, dropped: 0, held: undefined });
          const said = world.log.filter(({ msg }) => /broker (refuses|takes) the readings/.test(msg));
          expect(said.map(({ msg }) => msg)).toEqual([
            'broker refuses the readings: they wait',
            'broker takes the readings again',
          ]);
        },
      }),
    ),
    ...(
      [
        ['in the words of 5 (0x84)', (level: number): number => (level === 5 ? 0x84 : 0)],
        ['in the words of 3.1.1 (0x01)', (level: number): number => (level === 5 ? 0x01 : 0)],
      ] as const
    ).map(([name, code]) =>
      hazard({
        name: `MQTT 5 is refused ${name}: 3.1.1 from then on`,
        atStart: true,
        fault: (world) => {
          world.broker.connackCode = code;
        },
        withinMs: 60_000,
        also: (world) => expect(world.broker.levels).toEqual([5, 4]),
      }),
    ),
    hazard({
      name: 'MQTT 5 is hung up on: 3.1.1 from then on',
      atStart: true,
      fault: (world) => {
        world.broker.hangsUpOn = 5;
      },
      withinMs: 60_000,
      also: (world) => expect(world.broker.levels.slice(0, 2)).toEqual([5, 4]),
    }),
    hazard({
      name: 'it is down while the meter is, and both come back',
      fault: (world) => {
        gone(world);
        world.inject({ fault: 'event-26' });
      },
      lastsMs: 600_000,
      heal: up,
      withinMs: 35_000,
    }),
  ].map((entry) =>
    entry.name.includes('while the meter is')
      ? { ...entry, phases: ['waiting', 'joining', 'connected'] as const, error: 'SESSION_LOST' as const }
      : entry,
  ),
);
