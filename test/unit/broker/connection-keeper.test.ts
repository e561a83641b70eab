import { afterEach, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { FakeBroker, accept4, accept5, refuse } from '../../support/fake-broker.ts';
import type { Answer } from '../../support/fake-broker.ts';
import { SinkRig } from '../../support/sink-rig.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

/** Brokers that misbehave at the handshake or after it; time is virtual. */
const clock = new VirtualClock();
let broker: FakeBroker;
let rig: SinkRig;

async function start(answer: (level: number) => Answer): Promise<void> {
  broker = await FakeBroker.start(answer);
  rig = new SinkRig(broker.url, {}, clock);
}
const advancing = (probe: () => boolean, what: string, stepMs?: number): Promise<void> =>
  clock.creepUntil(probe, what, stepMs);
const messages = (): (string | undefined)[] =>
  rig.lines.flatMap(({ err, msg }) => (msg === 'no broker connection' ? [err?.message] : []));

afterEach(async () => {
  await clock.creepWhile(rig.stop());
  await broker.stop();
  expect(clock.sleepers).toBe(0);
});

test('MQTT 5 refused in words: 3.1.1 from then on', async () => {
  await start((level) => (level === 5 ? refuse(0x84) : accept4));
  await advancing(() => rig.connected, 'connected');
  expect(rig.sink.health().detail).toBe('connected (MQTT 3.1.1)');
  for (const socket of broker.sockets) socket.destroy();
  await advancing(() => broker.levels.length === 3 && rig.connected, 'connected again');
  expect(broker.levels).toEqual([5, 4, 4]);
});

test('MQTT 5 refused in the words of 3.1.1', async () => {
  await start((level) => (level === 5 ? { bytes: [0x20, 2, 0, 1], close: true } : accept4));
  await advancing(() => rig.connected, 'connected');
  expect(broker.levels).toEqual([5, 4]);
});

test('MQTT 5 hung up on: 3.1.1 is tried next', async () => {
  await start((level) => (level === 5 ? { close: true } : accept4));
  await advancing(() => rig.connected, 'connected');
  expect(broker.levels).toEqual([5, 4]);
  expect(messages()[0]).toContain('closed the connection instead of answering the login');
});

test('a broker that never answers is given up after 15 s, and tried again for ever', async () => {
  await start(() => ({}));
  await eventually(() => broker.levels.length === 1, 'first try');
  await clock.advance(14_999);
  expect(messages()).toEqual([]);
  await advancing(() => broker.levels.length === 4, 'fourth try', 500);
  expect(messages()).toEqual([`${broker.url} did not answer within 15 s [BROKER_UNREACHABLE]`]);
  expect(broker.sockets.size).toBeLessThanOrEqual(1);
  broker.answer = () => accept5;
  await advancing(() => rig.connected, 'connected', 500);
  expect(rig.lines.at(-1)).toMatchObject({ msg: 'broker connected again', protocol: '5' });
  expect(rig.lines.at(-1)?.['failures']).toBeGreaterThanOrEqual(3);
});

test('something that is not MQTT is said in words', async () => {
  await start(() => ({ bytes: [...Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')], close: true }));
  await advancing(() => messages().length > 0, 'failure');
  expect(messages()[0]).toMatch(/BROKER_UNREACHABLE/);
});

test('a broker that acknowledges nothing is left after 20 s; the readings are kept', async () => {
  await start(() => accept5);
  await advancing(() => rig.connected, 'connected', 0);
  rig.reading({ powerW: 1 });
  rig.reading({ powerW: 2 });
  await advancing(() => messages().length > 0, 'left', 500);
  expect(messages()[0]).toContain('left a message unacknowledged for 20 s');
  expect(rig.sink.health().queued).toBe(2);
});

test('thrown out by another client with our id: said so, and 30 s of rest', async () => {
  await start(() => accept5);
  await advancing(() => rig.connected, 'connected', 0);
  broker.send(0xe0, 2, 0x8e, 0);
  await advancing(() => !rig.connected, 'thrown out', 0);
  await eventually(() => messages().length > 0, 'said');
  expect(rig.lines.at(-1)?.err?.hint).toContain('same meter id');
  await clock.advance(29_000);
  expect(broker.levels).toHaveLength(1);
  await advancing(() => rig.connected, 'back');
});

test('a small maximum packet: the document is not sent, and said so; retained messages refused likewise', async () => {
  // CONNACK with maximum packet size 2048 and retain available 0
  await start(() => ({ bytes: [0x20, 10, 0, 0, 7, 0x27, 0, 0, 8, 0, 0x25, 0] }));
  await advancing(() => rig.connected, 'connected', 0);
  await eventually(() => rig.lines.some(({ err }) => err?.message.includes('maximum packet size')), 'warned');
  expect(rig.lines.some(({ msg }) => msg.includes('no retained messages'))).toBe(true);
});

test.each([
  ['5', accept5, 16_384],
  ['3.1.1', accept4, 262_144],
] as const)('a packet of 200 MB is refused at its header, in words (MQTT %s)', async (protocol, answer, most) => {
  await start((level) => (protocol === '5' || level === 4 ? answer : refuse(0x84)));
  await advancing(() => rig.connected, 'connected');
  expect(await broker.flood(200_000_000)).toBeLessThan(20_000_000); // what sockets hold between two processes in one
  await eventually(() => messages().length > 0 && messages().at(-1)?.includes('bytes') === true, 'said');
  expect(messages().at(-1)).toBe(
    `${broker.url} sent a packet of 200000005 bytes; we take ${most} at most [BROKER_UNREACHABLE]`,
  );
  await advancing(() => rig.connected, 'connected again');
});

test('a will the broker cannot keep is made weaker, not a reason to stay away', async () => {
  let tries = 0;
  await start(() => (tries++ === 0 ? refuse(0x9a) : accept5));
  await advancing(() => rig.connected, 'connected');
  expect(messages()[0]).toContain('retained messages not supported (0x9a)');
});

test('credentials never reach the log', async () => {
  broker = await FakeBroker.start(() => refuse(0x86));
  const url = broker.url.replace('//', '//someone:hunter22@');
  rig = new SinkRig(url, {}, clock);
  await advancing(() => messages().length > 0, 'refused');
  expect(messages()[0]).toContain(`${broker.url} refused the connection: bad user name or password (0x86)`);
  expect(JSON.stringify(rig.lines)).not.toContain('hunter22');
  expect(rig.sink.health().broker).toBe(broker.url);
});
