import { expect, test } from 'vitest';
import type { Bridge } from '../support/bridge.ts';
import { readingsOf } from '../support/bridge.ts';
import { Household } from '../support/household.ts';
import type { ScriptLine, Stick, StickOptions } from '../support/stick.ts';

const root = 'broute2mqtt/home';
/** Two seconds, and something for a busy machine. */
const STOP_LIMIT_MS = 3500;

interface Stop {
  readonly title: string;
  readonly phase: string;
  readonly stick: StickOptions & { readonly absent?: true };
}

const script = (...lines: readonly ScriptLine[]): StickOptions => ({ script: lines });

const stops: readonly Stop[] = [
  { title: 'while the module is asked who it is', phase: 'opening', stick: { command: ['sleep', '600'] } },
  { title: 'while the stick is absent', phase: 'waiting', stick: { absent: true } },
  { title: 'in the middle of a scan', phase: 'scanning', stick: { args: ['--time-factor', '1'] } },
  { title: 'in the middle of a join', phase: 'joining', stick: script({ fault: 'join-silent' }) },
  { title: 'in a session', phase: 'connected', stick: {} },
  {
    title: 'while the airtime is used up',
    phase: 'paused',
    stick: script({ fault: 'event-32', on: 'SKSENDTO', skip: 5, for_s: 6000 }),
  },
  {
    title: 'while it waits before the next try',
    phase: 'waiting',
    stick: script({ fault: 'join-refused', times: 99 }),
  },
];

async function plugged(home: Household, { absent, ...options }: Stop['stick']): Promise<Stick> {
  return absent ? await home.absentStick(options) : await home.stick(options);
}

test.concurrent.for(stops.map((stop) => [stop.title, stop] as const))(
  'SIGTERM %s: exit code 0 in time, offline left behind, the session left alone',
  async ([, { phase, stick: options }]) => {
    await using home = new Household();
    const broker = await home.broker();
    const stick = await plugged(home, options);
    const bridge = await home.bridge({ broker: broker.url, meters: [{ device: stick.path }] });
    const watcher = await home.watch(broker.url);
    await bridge.until(() => watcher.last(`${root}/bridge/availability`)?.payload === 'online', 'the broker');
    await bridge.reaches(phase);
    const { code, ms } = await bridge.end('SIGTERM');
    expect({ code, stderr: bridge.program.stderr }).toEqual({ code: 0, stderr: '' });
    expect(ms).toBeLessThan(STOP_LIMIT_MS);
    expect(bridge.phases().slice(-2)).toEqual([phase, 'stopped']);
    expect(stick.heardTimes('SKTERM')).toBe(0);
    const late = await home.watch(broker.url);
    for (const who of ['bridge', 'meter'])
      await bridge.until(() => late.last(`${root}/${who}/availability`)?.payload === 'offline', `${who} offline`);
    expect(broker.log).toContain('Received DISCONNECT from broute2mqtt_home');
  },
);

async function inSession(home: Household): Promise<{ bridge: Bridge; stick: Stick; stop: () => Promise<void> }> {
  const broker = await home.broker();
  const watcher = await home.watch(broker.url);
  const stick = await home.stick();
  const bridge = await home.bridge({ broker: broker.url, meters: [{ device: stick.path }] });
  await bridge.until(() => readingsOf(watcher).length >= 2, 'readings');
  return { bridge, stick, stop: () => broker.stop('SIGKILL') };
}

test.concurrent('SIGTERM while the broker is down: exit code 0 in time all the same', async () => {
  await using home = new Household();
  const { bridge, stop } = await inSession(home);
  await stop();
  await bridge.fails('BROKER_UNREACHABLE');
  const { code, ms } = await bridge.end('SIGTERM');
  expect(code).toBe(0);
  expect(ms).toBeLessThan(STOP_LIMIT_MS);
});

test.concurrent('the next start takes up the session the last one left: no scan, no second join', async () => {
  await using home = new Household();
  const { bridge, stick } = await inSession(home);
  expect(await bridge.end('SIGINT')).toMatchObject({ code: 0 });
  bridge.restart();
  const beganMs = performance.now();
  await bridge.until(() => bridge.readings() >= 2, 'readings of the second start');
  process.stdout.write(`start → second reading, warm: ${((performance.now() - beganMs) / 1000).toFixed(2)} s\n`);
  expect(bridge.phases()).toEqual(['opening', 'joining', 'connected']);
  expect(stick.heardTimes('SKJOIN')).toBe(1);
  expect(stick.heardTimes('SKSCAN')).toBe(1);
  for (const command of ['SKTERM', 'SKRESET']) expect(stick.heardTimes(command)).toBe(0);
  expect(await bridge.end('SIGTERM')).toMatchObject({ code: 0 });
});

test.concurrent('two signals end it at once', async () => {
  await using home = new Household();
  const { bridge } = await inSession(home);
  bridge.program.signal('SIGTERM');
  const { code, ms } = await bridge.end('SIGTERM');
  expect([0, 143]).toContain(code);
  expect(ms).toBeLessThan(STOP_LIMIT_MS);
});
