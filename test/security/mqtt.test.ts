import { readFileSync } from 'node:fs';
import { connectAsync } from 'mqtt';
import { expect, test } from 'vitest';
import type { Bridge } from '../support/bridge.ts';
import { readingsOf } from '../support/bridge.ts';
import { FakeBroker, accept5 } from '../support/fake-broker.ts';
import { Household } from '../support/household.ts';
import { Stick } from '../support/stick.ts';

const command = 'broute2mqtt/home/command';
const residentMb = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
const accepted = (bridge: Bridge): number => bridge.lines.filter(({ msg }) => msg === 'command accepted').length;

test.concurrent('whoever may publish cannot flood radio, log, memory or broker', async () => {
  await using home = new Household();
  const broker = await home.broker({ extra: ['max_queued_messages 0', 'max_inflight_messages 0'] });
  const watcher = await home.watch(broker.url);
  const stick = await home.stick({ args: ['--time-factor', '100'] });
  const bridge = await home.bridge({
    broker: broker.url,
    meters: [{ device: stick.path, interval_s: 60, energy_interval_s: 60 }],
    config: { log: { level: 'info' } },
  });
  await bridge.until(() => readingsOf(watcher).length > 0, 'a reading', 60_000);
  const publisher = await connectAsync(broker.url, { protocolVersion: 5, reconnectPeriod: 0 });
  home.keep({ [Symbol.asyncDispose]: () => publisher.endAsync(true) });
  const before = { mb: residentMb(bridge.pid), log: bridge.program.stdout.length, asked: stick.heardTimes('SKSENDTO') };
  watcher.clear();

  const flood = async (count: number, topic: (i: number) => string, payload: string | Buffer, retain = false) => {
    await Promise.all(
      Array.from({ length: count }, (_, i) => publisher.publishAsync(topic(i), payload, { qos: 1, retain })),
    );
  };
  await flood(10_000, () => `${command}/read_now`, 'PRESS');
  await flood(3000, (i) => `${command}/no-such-${i}`, 'x');
  await flood(3000, () => 'homeassistant/status', 'online');
  await flood(20, () => `${command}/read_now`, Buffer.alloc(5_000_000, 0x41));
  await flood(10, () => `${command}/rescan`, Buffer.from([0, 255, 254, 0xc3, 0x28]), true);
  await flood(3, () => `${command}/${'x'.repeat(60_000)}`, 'x');
  await flood(3, (i) => `${command}/$SYS/${i}/\u202E..`, 'x');
  await flood(50, () => 'broute2mqtt/home/readings', '{"meter":"home"}');
  await flood(50, () => 'broute2mqtt/home/state/instant', 'not ours');
  await publisher.publishAsync(`${command}/__proto__`, '{"__proto__":{"polluted":true}}');
  await flood(1, () => `${command}/rescan`, '', true);

  await bridge.until(() => bridge.lines.some(({ reason }) => reason === 'no such command'), 'the flood arrived');
  await new Promise((resolve) => setTimeout(resolve, 6000));
  const asked = stick.heardTimes('SKSENDTO') - before.asked;
  const lines = bridge.program.stdout.slice(before.log).split('\n');
  const documents = watcher.on('homeassistant/device/broute2mqtt_home/config').length;
  const grownMb = residentMb(bridge.pid) - before.mb;
  process.stdout.write(
    `flood: ${accepted(bridge)} commands accepted, ${asked} requests by radio, ${lines.length} lines, ${documents} documents, ${grownMb.toFixed(0)} MB more\n`,
  );
  expect(accepted(bridge)).toBeLessThanOrEqual(6); // one in 10 s
  expect(asked).toBeLessThanOrEqual(20);
  expect(lines.length).toBeLessThan(80);
  expect(documents).toBeLessThanOrEqual(8);
  expect(grownMb).toBeLessThan(100);
  expect(bridge.phase()).toBe('connected');
  expect(bridge.failure('BROKER_UNREACHABLE')).toBeUndefined();
  expect(await bridge.end()).toMatchObject({ code: 0 });
});

test.concurrent('a broker that sends 200 MB in one packet costs neither memory nor the program', async () => {
  await using home = new Household();
  const broker = await FakeBroker.start(() => accept5);
  home.keep({ [Symbol.asyncDispose]: () => broker.stop() });
  const bridge = await home.bridge({ broker: broker.url, meters: [{ device: '/nowhere/tty' }] });
  const isConnected = (): boolean => bridge.lines.some(({ msg }) => msg.startsWith('broker connected'));
  await bridge.until(isConnected, 'connected');
  const mb = residentMb(bridge.pid);
  await broker.flood(200_000_000);
  await bridge.until(() => bridge.failure('BROKER_UNREACHABLE')?.message.includes('bytes'), 'said');
  const grownMb = residentMb(bridge.pid) - mb;
  process.stdout.write(`200 MB in one packet: ${grownMb.toFixed(0)} MB more\n`);
  expect(grownMb).toBeLessThan(30);
  await bridge.until(() => bridge.lines.some(({ msg }) => msg === 'broker connected again'), 'connected again');
  expect(await bridge.end()).toMatchObject({ code: 0 });
});

test.concurrent('it listens to its commands and to the birth, and to nothing else', async () => {
  await using home = new Household();
  const broker = await home.broker();
  const bridge = await home.bridge({ broker: broker.url, meters: [{ device: '/nowhere/tty' }] });
  await bridge.until(() => broker.log.includes('broute2mqtt_home 1 homeassistant/status'), 'subscribed');
  const subscribed = [...broker.log.matchAll(/broute2mqtt_home [012] (\S+)$/gm)].map(([, topic]) => topic);
  expect(new Set(subscribed)).toEqual(new Set([`${command}/#`, 'homeassistant/status']));
});

test.concurrent.each([
  ['random bytes for ever', ['cat', '/dev/urandom']],
  ['zeros without a line end', ['cat', '/dev/zero']],
  ['empty lines', ['yes', '']],
  [
    'datagrams that never end',
    ['yes', `ERXUDP ${'FE80:0000:0000:0000:021D:1290:1234:5678 '.repeat(2)}0E1A 0E1A 001D129012345678 1 FFFF `],
  ],
  ['its own echo', ['cat']],
] as const)('a device that sends %s stays a device that is not understood', async (_title, words) => {
  await using home = new Household();
  const stick = home.keep(await Stick.plugged({ command: words }));
  const bridge = await home.bridge({
    meters: [{ device: stick.path }],
    config: { http: { listen: '127.0.0.1:0' }, log: { level: 'info' } },
  });
  await bridge.until(() => bridge.phases().includes('waiting'), 'given up', 60_000);
  const mb = residentMb(bridge.pid);
  expect(mb).toBeLessThan(200);
  expect(bridge.program.stdout.length).toBeLessThan(20_000);
  expect(bridge.program.code).toBeUndefined();
  const page = /"page":"(http:[^"]+)"/.exec(bridge.program.stdout)?.[1] ?? '';
  expect((await fetch(`${page}livez`)).status).toBe(200);
  expect(await bridge.end()).toMatchObject({ code: 0 });
});
