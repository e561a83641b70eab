import { expect, test } from 'vitest';
import { encodeCommand } from '../../../src/j11/commands.ts';
import type { J11Command } from '../../../src/j11/commands.ts';
import { Simulator } from '../../../src/simulator/sim.ts';
import { bytesOfHex } from '../../../src/kernel/bytes.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { ID, PASSWORD } from './host.ts';
import { J11Host } from './j11-host.ts';

const GET_POWER = '1081000105FF010288016201E700';
const MAC = '001C6400030C12A4';
const PAN = `12A4${MAC}CF`; // PAN ID, MAC, −49 dBm
const configure: J11Command = { name: 'configure', mode: 5, hanSleep: 0, channel: 4, power: 0 };
const credentials: J11Command = { name: 'setCredentials', id: ID, password: PASSWORD };
const scan: J11Command = { name: 'scan', duration: 3, mask: 0x3fff0, pairingId: ID.slice(-8) };

test('the sequence of ROHM’s note, from the reset to an answer', async () => {
  await using host = new J11Host();
  expect(await host.ask({ name: 'reset' })).toEqual(['6019']);
  expect(await host.ask({ name: 'version' })).toEqual(['206B 01040001030000158A']);
  expect(await host.ask(configure)).toEqual(['205F 01']);
  expect(await host.ask(credentials)).toEqual(['2054 01']);
  const scanned = await host.ask(scan, 5000);
  expect(scanned).toHaveLength(15);
  expect(scanned.filter((frame) => frame.startsWith('4051 00'))).toEqual([`4051 000D01${MAC}12A4CF`]);
  expect(scanned.filter((frame) => frame.startsWith('4051 01'))).toHaveLength(13);
  expect(scanned.at(-1)).toBe('2051 01');
  expect(await host.ask({ name: 'configure', mode: 5, hanSleep: 0, channel: 13, power: 0 })).toEqual(['205F 01']);
  expect(await host.ask({ name: 'startRouteB' }, 3000)).toEqual([`2053 010D${PAN}`]);
  expect(await host.ask({ name: 'openPort', port: 0x0e1a })).toEqual(['2005 01']);
  const joined = await host.ask({ name: 'startPana' }, 10_000);
  expect(joined.slice(0, 2)).toEqual(['2056 01', `6028 01${MAC}`]);
  expect(joined[2]).toMatch(/^6018 FE80000000000000021C6400030C12A40E1A0E1A12A40102CF00/); // the instance list, multicast
  const [sent, received] = await host.send(GET_POWER);
  expect(sent).toBe('2008 01001081000105');
  expect(received).toMatch(/^6018 FE80000000000000021C6400030C12A40E1A0E1A12A40002CF00121081000102880105FF017201E704/);
  expect(host.answers).toHaveLength(1);
  expect(received).toContain(`E704${host.answers[0]?.edt}`);
  expect(await host.ask({ name: 'status' })).toEqual(['2001 01030301']);
});

const before: readonly [string, J11Command, string][] = [
  ['0054', credentials, '2054 37'],
  ['0051', scan, '2051 37'],
  ['0053', { name: 'startRouteB' }, '2053 37'],
  ['0005', { name: 'openPort', port: 0x0e1a }, '2005 37'],
  ['0056', { name: 'startPana' }, '2056 10'],
  ['0057', { name: 'endPana' }, '2057 10'],
  ['0058', { name: 'stopRouteB' }, '2058 10'],
  ['00D2', { name: 'reauthenticate' }, '20D2 10'],
  ['0006', { name: 'closePort', port: 0x0e1a }, '2006 0B'],
  ['0001', { name: 'status' }, '2001 01020101'],
  ['0107', { name: 'settings' }, '2107 37'],
];
test.each(before)('%s before anything was started', async (_, command, response) => {
  await using host = new J11Host();
  expect(await host.ask(command, 3000)).toEqual([response]);
});

const during: readonly [string, J11Command, string][] = [
  ['005F', configure, '205F 35'],
  ['0054', credentials, '2054 58'],
  ['0051', scan, '2051 35'],
  ['0053', { name: 'startRouteB' }, '2053 35'],
  ['0005', { name: 'openPort', port: 0x0e1a }, '2005 0A'],
  ['0056', { name: 'startPana' }, '2056 35'],
  ['0107', { name: 'settings' }, '2107 0105000D00'],
  ['005E', { name: 'panId' }, '205E 0112A4'],
  ['0007', { name: 'openPorts' }, '2007 010E1A'],
  ['000E', { name: 'ownMac' }, '200E 01001D129100061A2B'],
  ['0009', { name: 'ownAddress' }, '2009 01FE80000000000000021D129100061A2B'],
  ['010B', { name: 'flowControl' }, '210B 0100'],
];
test.each(during)('%s in a session', async (_, command, response) => {
  await using host = await J11Host.joined();
  expect(await host.ask(command, 3000)).toEqual([response]);
});

test('with B-route up and no session nothing is sent, and settings stay', async () => {
  await using host = await J11Host.configured();
  await host.ask({ name: 'startRouteB' }, 3000);
  expect(await host.ask({ name: 'status' })).toEqual(['2001 01030201']);
  expect(await host.send(GET_POWER)).toEqual(['2008 10']);
  expect(await host.ask(configure)).toEqual(['205F 34']);
  expect(await host.ask({ name: 'stopRouteB' })).toEqual(['2058 01']);
  expect(await host.ask(configure)).toEqual(['205F 01']);
});

test('ending a session is not told again, its response says it', async () => {
  await using host = await J11Host.joined();
  expect(await host.ask({ name: 'endPana' }, 20_000)).toEqual(['2057 01']);
  expect(await host.ask({ name: 'status' })).toEqual(['2001 01030201']);
});

test('an authentication under way: 52; without credentials: 51; on another channel: 0E', async () => {
  await using host = await J11Host.configured();
  await host.ask({ name: 'startRouteB' }, 3000);
  host.simulator.inject({ fault: 'join-silent' });
  expect(await host.ask({ name: 'startPana' })).toEqual(['2056 01']);
  expect(await host.ask({ name: 'startPana' })).toEqual(['2056 52']);
  expect(await host.ask({ name: 'reauthenticate' })).toEqual(['20D2 52']);
  await using bare = new J11Host();
  await bare.ask(configure);
  expect(await bare.ask({ name: 'startRouteB' }, 3000)).toEqual(['2053 51']);
  await bare.ask(credentials);
  expect(await bare.ask({ name: 'startRouteB' }, 3000)).toEqual(['2053 0E']);
});

test('while a command is at work another is refused (3D), and a reset interrupts', async () => {
  await using host = await J11Host.configured();
  await host.ask(scan, 100);
  expect(await host.ask({ name: 'status' }, 10)).toEqual(['2001 3D']);
  expect(await host.ask({ name: 'reset' }, 5000)).toEqual(['6019']);
  expect(await host.ask({ name: 'status' })).toEqual(['2001 01020101']);
});

test('damaged, unknown and ill-formed commands', async () => {
  await using host = new J11Host();
  const status = encodeCommand({ name: 'status' });
  const badHeader = Uint8Array.from(status);
  badHeader[9] = 0;
  expect(await host.say(badHeader)).toEqual(['2FFF F0']);
  expect(await host.say(bytesOfHex('D0EA83FC00F00004042D0000'))).toEqual(['FFFF 03']); // never sent by us
  expect(await host.say(bytesOfHex('D0EA83FC00050006034400290E1A'))).toEqual(['2005 F1']);
  expect(await host.say(bytesOfHex('D0EA83FC000500050343000101'))).toEqual(['2005 11']);
  const ports = [1, 2, 3, 4, 5, 6, 7];
  await host.ask(configure);
  const opened: string[] = [];
  for (const port of ports) opened.push(...(await host.ask({ name: 'openPort', port })));
  expect(opened.at(-1)).toBe('2005 12');
});

test('SKSTACK’s words are dropped without an answer', async () => {
  await using host = new J11Host();
  expect(await host.say(Buffer.from('\r\nSKVER\r\n'.repeat(100)))).toEqual([]);
  expect(await host.ask({ name: 'status' })).toEqual(['2001 01020101']);
});

test('what is sent to a stranger is not acknowledged (5); with the airtime used up nothing is sent (2)', async () => {
  await using host = await J11Host.joined();
  expect(await host.send(GET_POWER, 5000, 'FE80:0000:0000:0000:0000:0000:0000:0001')).toEqual(['2008 01051081000105']);
  host.simulator.inject({ fault: 'event-32', for_s: 60 });
  expect(await host.send(GET_POWER)).toEqual(['2008 01021081000105']);
  await host.clock.advance(60_000);
  expect(await host.send(GET_POWER)).toHaveLength(2);
});

test('without its port open nothing that is received is told', async () => {
  await using host = await J11Host.joined();
  await host.ask({ name: 'closePort', port: 0x0e1a });
  expect(await host.send(GET_POWER)).toEqual(['2008 01001081000105']);
});

test('power-on is told (6019)', async () => {
  await using host = new J11Host();
  const clock = new VirtualClock();
  await using simulator = new Simulator({ edition: 'J11' }, { clock });
  expect(() => new Simulator({ edition: 'J11', model: 'BP35C2' }, { clock })).toThrow(RangeError);
  simulator.powerCycle();
  const wire = simulator.connect();
  let heard = 0;
  wire.on('data', (chunk: Uint8Array) => (heard += chunk.length));
  await clock.advance(2000);
  expect(heard).toBe(12);
  expect(await host.ask({ name: 'status' })).toHaveLength(1);
});
