import { afterAll, beforeAll, expect, test } from 'vitest';
import { Household } from '../support/household.ts';
import type { Stick } from '../support/stick.ts';
import { HomeAssistant } from './home-assistant.ts';
import type { State } from './home-assistant.ts';
import { figures, OWN, ownId, setUpOwn } from './route-b-smart-meter.ts';
import { UsbPorts } from './usb-ports.ts';

/** Home Assistant's own integration, unmodified, takes our simulated stick for one of its own: what we misread would show. */
const VERSION = '2026.11.0';
const PASSWORD = '0123456789AB';
const houses = [
  { id: '00112233445566778899AABBCCDDEE00', device: '/dev/ttyUSB0', args: ['--edition', 'se'] },
  { id: '00112233445566778899AABBCCDDEE01', device: '/dev/ttyUSB1', args: ['--edition', 'dse', '--solar'] },
] as const;
const household = new Household();
let ha: HomeAssistant;
let sticks: readonly Stick[];

beforeAll(async () => {
  await HomeAssistant.install(VERSION);
  const mosquitto = await household.broker();
  sticks = await Promise.all(
    houses.map(({ args }) => household.stick({ args, meterClock: '2026-06-21T11:12:00+09:00' })),
  );
  const usb = household.keep(await UsbPorts.of(sticks));
  ha = household.keep(await HomeAssistant.create(VERSION, mosquitto.port, { shiftMs: 0 }, usb.folder));
  await ha.start();
});
afterAll(async () => {
  await household[Symbol.asyncDispose]();
});

test('Home Assistant’s own integration offers the simulated sticks and joins through them', async () => {
  const offered = await Promise.all(houses.map(({ device, id }) => setUpOwn(ha, device, id, PASSWORD)));
  const words = houses.map(
    ({ device }, i) => [device, `FT230X Basic UART - ${device}, s/n: SIMULATED${i} - FTDI - 0403:6015`] as const,
  );
  for (const ports of offered) expect(ports).toEqual(new Map(words));
});

test('its four figures are the simulator’s truth', async () => {
  await expect
    .poll(
      async () => {
        const states = await ha.states(OWN);
        return houses.flatMap(({ id }, i) => untrue(states, id, sticks[i]));
      },
      { timeout: 180_000, interval: 1_000 },
    )
    .toEqual([]);
  const power = (await ha.states(OWN)).get(ownId(houses[1].id, 'power'))?.state;
  expect(Number(power)).toBeLessThan(0); // it sells at noon: the sign is right
});

/** What it shows that the meter did not say last. */
function untrue(states: ReadonlyMap<string, State>, id: string, stick: Stick | undefined): string[] {
  const newest = (epc: string): Buffer | undefined => stick?.truth().findLast((answer) => answer.epc === epc)?.edt;
  const truth = {
    power: newest('E7')?.readInt32BE(),
    current_r: (newest('E8')?.readInt16BE(0) ?? NaN) / 10,
    current_t: (newest('E8')?.readInt16BE(2) ?? NaN) / 10,
    energy_import: (newest('E0')?.readUInt32BE() ?? NaN) / 10,
  };
  return (Object.keys(figures) as (keyof typeof figures)[])
    .map((figure) => [figure, states.get(ownId(id, figure))?.state ?? 'not there', truth[figure]] as const)
    .filter(([, state, value]) => Number(state) !== value)
    .map(([figure, state, value]) => `${figure} of ${id} is ${state}, not ${String(value)}`);
}
