import { setTimeout as delay } from 'node:timers/promises';
import { HomeAssistant } from '../../test/ha/home-assistant.ts';
import { OWN, ownId, setUpOwn } from '../../test/ha/route-b-smart-meter.ts';
import { UsbPorts } from '../../test/ha/usb-ports.ts';
import { Bridge, credentials } from '../../test/support/bridge.ts';
import { Mosquitto } from '../../test/support/mosquitto.ts';
import { Stick } from '../../test/support/stick.ts';
import { faults } from './faults.ts';
import type { Fault } from './faults.ts';
import { Watched } from './watched.ts';
import type { Fared } from './watched.ts';

const VERSION = '2026.11.0';
/** All sticks are plugged in at 0. Both programs have their sessions long before they are polled together. */
const ALIGNED_S = 300;
/** Halfway between two polls of Home Assistant's own integration. */
const FAULT_S = 450;
/** After the fault; what shows no true value by then never will. */
const PATIENCE_S = 1200;
const LOOK_MS = 500;

/** One house, twice: the same simulated stick and meter with the same fault. */
interface House {
  readonly fault: Fault;
  readonly id: string;
  readonly routeBId: string;
  readonly own: Stick;
  readonly ours: Stick;
}

export interface SideBySide {
  readonly version: string;
  readonly faults: readonly { readonly name: string; readonly ours: Fared; readonly own: Fared }[];
}

/** Home Assistant's own integration and broute2mqtt in one Home Assistant, in real time, at the radio's real pace. */
export async function sideBySide(tell: (line: string) => void): Promise<SideBySide> {
  await HomeAssistant.install(VERSION);
  const houses = await Promise.all(faults.map(houseOf));
  const sticks = houses.flatMap(({ own, ours }) => [own, ours]);
  await using _ = { [Symbol.asyncDispose]: () => allOf(sticks, (stick) => stick[Symbol.asyncDispose]()) };
  await using usb = await UsbPorts.of(houses.map(({ own }) => own));
  await using broker = await Mosquitto.start();
  await using ha = await HomeAssistant.create(VERSION, broker.port, { shiftMs: 0 }, usb.folder);
  await ha.start();

  await allOf(sticks, (stick) => stick.plug());
  const pluggedMs = Date.now();
  const until = (seconds: number): Promise<void> => delay(Math.max(0, pluggedMs + seconds * 1000 - Date.now()));
  await using bridge = await bridgeOf(houses, broker.url);
  await Promise.all(
    houses.map(({ routeBId }, i) => setUpOwn(ha, `/dev/ttyUSB${i}`, routeBId, credentials.route_b_password)),
  );
  const setUpS = (Date.now() - pluggedMs) / 1000;
  tell(`set up after ${Math.round(setUpS)} s`);
  if (setUpS > ALIGNED_S) throw new Error(`this machine is too slow: set up after ${setUpS} s`);
  await until(ALIGNED_S);
  const entities = await ha.entities(OWN);
  await ha.call('call_service', {
    domain: 'homeassistant',
    service: 'update_entity',
    service_data: { entity_id: houses.map(({ routeBId }) => entities.get(ownId(routeBId, 'power'))?.entity_id) },
  });
  await until(FAULT_S);
  const fared = await watch(ha, houses, pluggedMs + FAULT_S * 1000, tell);
  if (bridge.program.code !== undefined) throw new Error(`broute2mqtt ended: ${bridge.program.stdout.slice(-2000)}`);
  return { version: VERSION, faults: fared };
}

async function allOf<T>(things: readonly T[], action: (thing: T) => Promise<void>): Promise<void> {
  await Promise.all(things.map(action));
}

async function houseOf(fault: Fault, i: number): Promise<House> {
  const script = fault.does ? [{ ...fault.does, at_s: FAULT_S }] : [];
  const args = ['--edition', 'dse', '--time-factor', '1', '--seed', String(i + 1)];
  const [own, ours] = await Promise.all([Stick.create({ args, script }), Stick.create({ args, script })]);
  return { fault, id: `house${i}`, routeBId: `00112233445566778899AABBCCDDEE0${i}`, own, ours };
}

const bridgeOf = (houses: readonly House[], broker: string): Promise<Bridge> =>
  Bridge.start({
    broker,
    meters: houses.map(({ id, routeBId, ours }) => ({
      id,
      route_b_id: routeBId,
      device: ours.path,
      interval_s: 10, // as it is shipped
      energy_interval_s: 60,
    })),
    config: { log: { level: 'info' } },
  });

/** Looks at both entities of every house until each shows a true value again. */
async function watch(
  ha: HomeAssistant,
  houses: readonly House[],
  faultMs: number,
  tell: (line: string) => void,
): Promise<SideBySide['faults']> {
  const watched = houses.map((house) => ({ house, own: new Watched(house.own), ours: new Watched(house.ours) }));
  for (const { house, own, ours } of watched)
    for (const each of [own, ours]) each.begin(faultMs, house.fault.lastsS * 1000);
  const replugged = Promise.all(houses.filter(({ fault }) => !fault.does).map(replug));
  const end = Date.now() + PATIENCE_S * 1000;
  let left = Infinity;
  while (left > 0 && Date.now() < end) {
    await delay(LOOK_MS);
    const [theirs, ourStates] = await Promise.all([ha.states(OWN), ha.states()]);
    const now = Date.now();
    for (const { house, own, ours } of watched) {
      own.look(theirs.get(ownId(house.routeBId, 'power')), now);
      ours.look(ourStates.get(`broute2mqtt_${house.id}_power`), now);
    }
    const waiting = watched.flatMap(({ own, ours }) => [own, ours]).filter(({ isTrueAgain }) => !isTrueAgain).length;
    if (waiting !== left)
      tell(`${Math.round((now - faultMs) / 1000)} s after the fault: ${waiting} of ${2 * houses.length} to come`);
    left = waiting;
  }
  await replugged;
  return watched.map(({ house, own, ours }) => ({ name: house.fault.name, ours: ours.fared, own: own.fared }));
}

async function replug({ fault, own, ours }: House): Promise<void> {
  await allOf([own, ours], (stick) => stick.unplug());
  await delay(fault.lastsS * 1000);
  await allOf([own, ours], (stick) => stick.plug());
}
