import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BridgeError } from '../../../src/kernel/errors.ts';
import { loadMqtt } from '../../../src/broker/mqtt-client.ts';
import { PortClaim } from '../../../src/mqtt/port-turn.ts';
import { VirtualBroker } from '../../support/virtual-broker.ts';
import { SinkRig, status } from '../../support/sink-rig.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

/** Bridges with one meter id on a broker in memory: who has the connection. */
const availability = 'broute2mqtt/home/bridge/availability';
const busy = { error: new BridgeError('PORT_BUSY', 'busy') } as const;
let clock: VirtualClock;
let broker: VirtualBroker;
let rigs: SinkRig[];

beforeAll(async () => void (await loadMqtt())); // takes real time, once

beforeEach(() => {
  clock = new VirtualClock();
  broker = new VirtualBroker(clock);
  rigs = [];
});
afterEach(async () => {
  for (const rig of rigs) await stopped(rig);
  broker[Symbol.dispose]();
  expect(clock.sleepers).toBe(0);
});

/** A bridge that starts: its port is not open yet. */
function bridge(): SinkRig {
  const rig = new SinkRig(broker.url, {}, clock, new PortClaim());
  rigs.push(rig);
  rig.status('opening');
  return rig;
}
async function advancing(ms: number, stepMs = 50): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) await clock.advance(stepMs);
}
async function stopped(rig: SinkRig): Promise<void> {
  const stopping = { done: false };
  void rig.stop().finally(() => (stopping.done = true));
  while (!stopping.done) await advancing(20, 20);
}
const told = (rig: SinkRig): (string | undefined)[] =>
  rig.lines.flatMap(({ err }) => (err?.code === 'BRIDGE_RUNNING' ? [err.message] : []));

/** The first holds its port and reads. */
async function first(): Promise<SinkRig> {
  const rig = bridge();
  rig.status('connected');
  await advancing(500);
  expect(rig.connected).toBe(true);
  return rig;
}

describe('a second bridge without the port', () => {
  test('leaves the connection to the first, says why, and takes over when the first has ended', async () => {
    const one = await first();
    const two = bridge();
    two.status('waiting', busy);
    for (let s = 0; s < 300; s += 10) {
      one.reading({ powerW: s });
      await advancing(10_000, 1000);
    }
    expect(broker.logins).toBe(1);
    expect(broker.retained.get(availability)).toBe('online');
    expect(two.connected).toBe(false);
    expect(told(two)).toHaveLength(1);
    expect(told(two)[0]).toContain('another bridge is connected as meter home');
    const { ok, detail, error } = two.sink.health();
    expect([ok, error?.code]).toEqual([false, 'BRIDGE_RUNNING']);
    expect(detail).toContain('another bridge is connected');
    expect(error?.hint('en')).toContain('same meter id');
    await stopped(one);
    await advancing(500);
    expect(two.connected).toBe(true);
    expect(broker.retained.get(availability)).toBe('online');
  });

  test('takes over when the first was killed and its will is told', async () => {
    broker.say(availability, 'online', true);
    broker.onMessage = ({ topic }) => {
      if (topic.endsWith('/command/present')) broker.say(availability, 'online', true); // as one that lives does
    };
    const two = bridge();
    await advancing(300_000, 1000);
    expect(two.connected).toBe(false);
    broker.say(availability, 'offline', true);
    await advancing(300);
    expect(two.connected).toBe(true);
  });

  test('takes over within a minute when the first does not answer any more', async () => {
    let lives = true;
    broker.say(availability, 'online', true);
    broker.onMessage = ({ topic }) => {
      if (lives && topic.endsWith('/command/present')) broker.say(availability, 'online', true);
    };
    const two = bridge();
    await advancing(100_000, 1000);
    lives = false;
    await advancing(61_000, 1000);
    expect(two.connected).toBe(true);
  });

  test('takes the connection as soon as it gets the port', async () => {
    const one = await first();
    one.status('waiting', { error: new BridgeError('PORT_LOST', 'gone') });
    const two = bridge();
    await advancing(5000, 100);
    expect([one.connected, two.connected]).toEqual([true, false]);
    two.status('scanning');
    await advancing(120_000, 100);
    expect([one.connected, two.connected]).toEqual([false, true]);
    expect(told(one)).toHaveLength(1); // it lost the port, so it does not fight for the connection
    expect(broker.logins).toBeLessThan(10);
  });

  test('what a power cut left at the broker is no bridge: contradicted within a second', async () => {
    broker.say(availability, 'online', true);
    broker.say('broute2mqtt/home/meter/availability', 'online', true);
    const one = bridge();
    one.status('waiting', busy);
    await advancing(1000);
    expect(one.connected).toBe(true);
    expect(broker.retained.get('broute2mqtt/home/meter/availability')).toBe('offline');
    expect(one.lines.some(({ msg }) => msg.includes('taken for a leftover'))).toBe(true);
  });
});

describe('alone', () => {
  test.each([
    ['keeps nothing yet', undefined],
    ['keeps our offline', 'offline'],
  ])('a bridge without its port is there within 300 ms when the broker %s', async (_title, kept) => {
    if (kept !== undefined) broker.say(availability, kept, true);
    const one = bridge();
    await advancing(300, 10);
    expect(one.connected).toBe(true);
    expect(told(one)).toEqual([]);
  });

  test('with the port open there is no visit: the first login is ours', async () => {
    broker.say(availability, 'online', true);
    const one = bridge();
    one.status('joining');
    await advancing(50, 10);
    expect(one.connected).toBe(true);
    expect(broker.levels).toHaveLength(1);
  });

  test('a broker that lets only our own client id in is taken as it comes', async () => {
    broker.connackCode = () => (broker.levels.length === 1 ? 0x85 : 0);
    const one = bridge();
    await advancing(300, 10);
    expect(one.connected).toBe(true);
  });

  test('a broker that is away is told of as ever', async () => {
    broker.reach = 'refusing';
    const one = bridge();
    await advancing(3000, 100);
    expect(one.sink.health().detail).toContain('connection refused');
    broker.reach = 'up';
    await advancing(6000, 100);
    expect(one.connected).toBe(true);
  });
});

test('a claim is lost only to another, and only without the port', () => {
  const claim = new PortClaim();
  claim.accept(status('opening'));
  expect(claim.isOurs).toBe(false);
  claim.accept(status('scanning'));
  expect(claim.isOurs).toBe(true);
  claim.accept(status('waiting', { error: new BridgeError('PAN_NOT_FOUND', 'x') }));
  claim.contested();
  expect(claim.isOurs).toBe(true);
  claim.accept(status('waiting', { error: new BridgeError('PORT_LOST', 'x') }));
  expect(claim.isOurs).toBe(true);
  claim.contested();
  expect(claim.isOurs).toBe(false);
});
