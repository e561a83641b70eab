import { BridgeError } from '../../src/kernel/errors.ts';
import type { Fault } from '../../src/simulator/faults.ts';
import type { Trouble } from '../../test/support/virtual-disk.ts';
import type { World } from '../../test/support/world.ts';
import type { Edition } from '../../test/support/fault-catalogue.ts';
import { Dice } from './dice.ts';

/** What goes wrong and how it ends, if it does not end by itself. */
type Heal = (world: World) => void | Promise<void>;
type Strike = (world: World, dice: Dice) => void | Heal | Promise<void>;
export interface RandomFault {
  readonly name: string;
  readonly strike: Strike;
  /** How long a fault with a cure lasts, s. */
  readonly lastsS?: readonly [number, number];
}

/** J11 knows every other one. */
const CHANNELS = [0x21, 0x25, 0x29, 0x2f, 0x33, 0x37, 0x3b];
const SK_COMMANDS = ['SKVER', 'SKSREG', 'SKINFO', 'SKSETPWD', 'SKSETRBID', 'SKSCAN', 'SKLL64', 'SKJOIN', 'SKSENDTO'];
const J11_COMMANDS = ['0001', '0005', '0008', '0051', '0053', '0054', '0056', '0057', '0058', '005F', '006B', '00D9'];
const commandsOf = (edition: Edition): readonly string[] => (edition === 'J11' ? J11_COMMANDS : SK_COMMANDS);

const simulated: readonly ((dice: Dice, edition: Edition) => Fault)[] = [
  () => ({ fault: 'pan-not-found', times: 2 }),
  () => ({ fault: 'two-pans' }),
  () => ({ fault: 'pandesc-without-22' }),
  (dice) => ({ fault: 'late-pandesc', after_s: dice.between(0, 2) }),
  (dice) => ({ fault: 'join-refused', times: dice.pick([1, 1, 2, 4]) }),
  () => ({ fault: 'join-silent' }),
  () => ({ fault: 'session-lost' }),
  () => ({ fault: 'silent-session' }),
  () => ({ fault: 'event-24' }),
  () => ({ fault: 'event-25' }),
  () => ({ fault: 'event-26' }),
  () => ({ fault: 'event-27' }),
  () => ({ fault: 'event-28' }),
  (dice) => ({ fault: 'event-29', for_s: dice.between(1, 55) }),
  () => ({ fault: 'event-29', recovers: false }),
  (dice) => ({ fault: 'event-32', for_s: dice.pick([60, 300, 1200, 3600]) }),
  () => ({ fault: 'module-reset' }),
  (dice) => ({ fault: 'module-hang', for_s: dice.between(1, 120) }),
  (dice) => ({ fault: 'port-lost', for_s: dice.between(0.1, 300) }),
  (dice) => ({ fault: 'garbage', count: Math.ceil(dice.between(1, 400)) }),
  () => ({ fault: 'burst' }),
  (dice) => ({ fault: 'dribble', for_s: dice.between(5, 60) }),
  (dice) => ({ fault: 'glued-lines', for_s: dice.between(5, 120) }),
  () => ({ fault: 'missing-ok' }),
  (dice) => ({ fault: 'late-ok', after_s: dice.between(1, 25) }),
  (dice) => ({ fault: 'slow-send', after_s: dice.between(1, 25), times: dice.pick([1, 3]) }),
  (dice) => ({ fault: 'echoed-send', times: dice.pick([1, 20]) }),
  (dice, edition) => ({ fault: 'no-answer', on: dice.pick(commandsOf(edition)), times: dice.pick([1, 1, 3]) }),
  (dice, edition) => ({ fault: 'fail-code', on: dice.pick(commandsOf(edition)), code: dice.pick([4, 5, 6, 9, 10]) }),
  (dice) => ({ fault: 'event-21-01', times: dice.pick([1, 2, 5]) }),
  () => ({ fault: 'event-21-02' }),
  (dice) => ({ fault: 'duplicated-event', for_s: dice.between(5, 120) }),
  (dice) => ({ fault: 'lost-reply', times: dice.pick([1, 1, 2, 3, 6]) }),
  (dice) => ({ fault: 'late-reply', after_s: dice.between(1, 40) }),
  () => ({ fault: 'wrong-tid' }),
  () => ({ fault: 'opc-mismatch' }),
  () => ({ fault: 'pdc-past-end' }),
  () => ({ fault: 'unknown-epc' }),
  (dice) => ({
    fault: 'sna',
    epc: dice.pick(['E7', 'E8', 'E0', 'E3', 'E1', 'D7', '8D', '9F']),
    times: dice.pick([1, 3]),
  }),
  (dice) => ({ fault: 'no-data', epc: dice.pick(['E7', 'E8', 'E0', 'E3', 'EA']), times: dice.pick([1, 40]) }),
  (dice) => ({ fault: 'clock-24', for_s: dice.between(600, 7200) }),
  (dice) => ({ fault: 'bad-date', times: dice.pick([1, 3]) }),
  () => ({ fault: 'notification' }),
  (dice) => ({ fault: 'energy-back', count: Math.ceil(dice.between(1, 500)) }),
];

const broker: readonly RandomFault[] = [
  {
    name: 'broker gone',
    lastsS: [1, 1800],
    strike: (world, dice) => {
      world.broker.reach = dice.pick(['refusing', 'unresolvable', 'black-hole']);
      world.broker.cut(dice.pick(['ECONNRESET', undefined]));
      return (it) => void (it.broker.reach = 'up');
    },
  },
  { name: 'broker resets', strike: (world, dice) => world.broker.cut(dice.pick(['ECONNRESET', undefined])) },
  { name: 'broker half-open', strike: (world) => world.broker.freeze() },
  { name: 'broker slow', strike: (world, dice) => world.broker.stall(dice.between(100, 120_000)) },
  { name: 'broker taken over', strike: (world, dice) => world.broker.takeOver(dice.next() < 0.5) },
  {
    name: 'broker restarts empty',
    strike: (world) => {
      world.broker.forget();
      world.oracle.forget();
      world.broker.cut();
    },
  },
  {
    name: 'broker mute',
    lastsS: [1, 120],
    strike: (world) => {
      world.broker.mute = true;
      world.broker.cut();
      return (it) => void (it.broker.mute = false);
    },
  },
  {
    name: 'broker refuses',
    lastsS: [1, 300],
    strike: (world, dice) => {
      const code = dice.pick([0x86, 0x87, 0x88, 0x89, 0x9f]);
      world.broker.connackCode = () => code;
      world.broker.cut();
      return (it) => void (it.broker.connackCode = () => 0);
    },
  },
  {
    name: 'no PUBACK',
    lastsS: [1, 120],
    strike: (world) => {
      world.broker.pubackCode = () => undefined;
      return (it) => void (it.broker.pubackCode = () => 0);
    },
  },
  {
    name: 'quota exceeded',
    lastsS: [1, 120],
    strike: (world) => {
      world.broker.pubackCode = (topic) => (topic.endsWith('/readings') ? 0x97 : 0);
      return (it) => void (it.broker.pubackCode = () => 0);
    },
  },
  { name: 'Home Assistant is born', strike: (world) => world.broker.say('homeassistant/status', 'online') },
  {
    name: 'a command',
    strike: (world, dice) =>
      world.broker.say(`broute2mqtt/home/command/${dice.pick(['read_now', 'restart_session', 'rescan'])}`, ''),
  },
];

const host: readonly RandomFault[] = [
  {
    name: 'wall clock jumps',
    strike: (world, dice) => world.clock.jumpWall(dice.pick([3_600_000, -3_600_000, 86_400_000, -86_400_000])),
  },
  { name: 'event loop stands still', strike: (world, dice) => world.clock.stall(dice.between(10, 20_000)) },
  { name: 'we restart', strike: (world) => world.restart() },
  { name: 'we are killed', strike: (world) => world.kill() },
  {
    name: 'port busy',
    lastsS: [1, 300],
    strike: (world, dice) => {
      const code = dice.pick(['PORT_BUSY', 'PORT_DENIED', 'PORT_FAILED'] as const);
      world.tap.refuse = () => new BridgeError(code, 'refused');
      world.simulator.powerCycle();
      return (it) => void (it.tap.refuse = () => undefined);
    },
  },
];

const trouble = (of: Trouble, lastsS: readonly [number, number]): RandomFault => ({
  name: `disk ${of}`,
  lastsS,
  strike: ({ disk }) => {
    if (!disk || disk.trouble !== undefined) return;
    disk.trouble = of;
    return () => void (disk.trouble = undefined);
  },
});
const disk: readonly RandomFault[] = [
  trouble('full', [1, 7200]),
  trouble('read-only', [1, 7200]),
  trouble('broken', [1, 40]),
  trouble('slow', [1, 600]),
  {
    name: 'state files damaged before a restart',
    strike: async (world, dice) => {
      world.disk?.damageState(dice.pick(['', '{', '\0\0\0\0', '[]', '{"channel":51}', '7']));
      world.oracle.falls++; // no register is remembered that a lower one could be held against
      await world.restart();
    },
  },
];

const meter: readonly RandomFault[] = [
  {
    name: 'meter out of reach',
    lastsS: [5, 3600],
    strike: (world, dice) => {
      const [channel, panId] = world.home;
      world.simulator.moveMeter({ channel: 99 });
      const moves = dice.next() < 0.3;
      const place = moves
        ? { channel: dice.pick(CHANNELS), panId: Math.floor(dice.between(1, 0xfffe)) }
        : { channel, panId };
      return (it) => {
        it.home = [place.channel, place.panId];
        it.simulator.moveMeter(place);
      };
    },
  },
  {
    name: 'meter moves',
    strike: (world, dice) => {
      const place = { channel: dice.pick(CHANNELS), panId: Math.floor(dice.between(1, 0xfffe)) };
      world.home = [place.channel, place.panId];
      world.simulator.moveMeter(place);
    },
  },
  {
    name: 'meter replaced',
    strike: (world, dice) => {
      const tail = Math.floor(dice.between(0, 2 ** 24))
        .toString(16)
        .toUpperCase()
        .padStart(6, '0');
      world.inject({ fault: 'meter-replaced', mac: `001C640003${tail}`, serial: `S${tail}` });
      world.inject({ fault: 'event-26' });
    },
  },
];

const radio = simulated.map((make): RandomFault => ({
  name: make(new Dice(1), 'SE').fault,
  strike: (world, dice) => world.inject(make(dice, world.edition)),
}));

/** Radio and module twice as often as anything else; a replaced meter is as rare as it should be. */
const all: readonly RandomFault[] = [...radio, ...radio, ...broker, ...broker, ...host, ...disk, ...meter.slice(0, 2)];

export const randomFault = (dice: Dice): RandomFault =>
  dice.next() < 0.003 ? (meter[2] as RandomFault) : dice.pick(all);
