import { expect, test } from 'vitest';
import { askForBroker } from '../../../../src/app/home-assistant-app/broker-offer.ts';
import type { BrokerOffer } from '../../../../src/app/home-assistant-app/broker-offer.ts';
import { followBroker } from '../../../../src/app/home-assistant-app/follow-broker.ts';
import { askForPageLink } from '../../../../src/app/home-assistant-app/page-link.ts';
import { systemClock } from '../../../../src/kernel/clock.ts';
import { logLines } from '../../../support/log-lines.ts';
import { StandInSupervisor } from '../../../support/stand-in-supervisor.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const never = new AbortController().signal;
const mosquitto = { host: 'core-mosquitto', port: 1883, username: 'addons', password: 'pass' };
const url = 'BROUTE2MQTT_MQTT_URL';

test('the Supervisor’s answers, word for word', async () => {
  await using supervisor = await StandInSupervisor.start();
  const ask = (token = supervisor.token) => askForBroker({ url: supervisor.url, token }, systemClock, never);
  expect(await ask()).toEqual({ kind: 'none', why: 'Service not enabled' });
  supervisor.mqtt = mosquitto;
  expect(await ask()).toEqual({
    kind: 'offered',
    broker: {
      [url]: 'mqtt://core-mosquitto:1883',
      BROUTE2MQTT_MQTT_USERNAME: 'addons',
      BROUTE2MQTT_MQTT_PASSWORD: 'pass',
    },
  });
  supervisor.mqtt = { host: 'broker', port: 8883, ssl: true };
  expect(await ask()).toEqual({ kind: 'offered', broker: { [url]: 'mqtts://broker:8883' } });
  expect(await ask('wrong')).toEqual({ kind: 'unknown', why: 'HTTP 403' });
});

test.for([
  ['{}', 'the answer names no broker'],
  ['{"data":null}', 'the answer names no broker'],
  ['no JSON', 'the answer names no broker'],
  ['{"data":{"host":"a b","port":1883}}', 'the answer names no broker'],
  ['{"data":{"host":"a@b","port":1883}}', 'the answer names no broker'],
  ['{"data":{"host":"a","port":"1883"}}', 'the answer names no broker'],
  ['{"data":{"host":"a","port":70000}}', 'the answer names no broker'],
  [`"${'x'.repeat(70_000)}"`, 'more than 65536 characters'],
] as const)('what it should never answer is no broker: %s', async ([body, why]) => {
  await using supervisor = await StandInSupervisor.start();
  supervisor.instead = (response) => response.end(body);
  const offer = await askForBroker({ url: supervisor.url, token: supervisor.token }, systemClock, never);
  expect(offer).toMatchObject({ kind: 'unknown', why: expect.stringContaining(why) as string });
});

test('nobody there, and nobody who answers, is said within 10 s', async () => {
  const gone = await askForBroker({ url: 'http://127.0.0.1:1', token: 'x' }, systemClock, never);
  expect(gone).toMatchObject({ kind: 'unknown', why: expect.stringContaining('ECONNREFUSED') as string });
  await using supervisor = await StandInSupervisor.start();
  supervisor.instead = () => undefined;
  const clock = new VirtualClock();
  const asked = askForBroker({ url: supervisor.url, token: supervisor.token }, clock, never);
  await clock.advance(10_000);
  expect(await asked).toMatchObject({
    kind: 'unknown',
    why: expect.stringContaining('no answer within 10 s') as string,
  });
});

test.for([
  ['2026.11.0', 'homeassistant://app/local_broute2mqtt'],
  ['2026.2.0b1', 'homeassistant://app/local_broute2mqtt'],
  ['2026.1.3', 'homeassistant://hassio/ingress/local_broute2mqtt'],
  ['2024.11.0', 'homeassistant://hassio/ingress/local_broute2mqtt'],
  [null, undefined],
  ['landingpage', undefined],
] as const)('Home Assistant %s shows our page at %s', async ([version, link]) => {
  await using supervisor = await StandInSupervisor.start();
  supervisor.facts['/info'] = { homeassistant: version };
  const deps = { clock: systemClock, log: logLines().log };
  const access = { url: supervisor.url, token: supervisor.token };
  expect(await askForPageLink(access, deps, never)).toBe(link);
  supervisor.facts['/addons/self/info'] = { slug: '../evil' };
  expect(await askForPageLink(access, deps, never)).toBeUndefined();
  expect(await askForPageLink({ url: 'http://127.0.0.1:1', token: 'x' }, deps, never)).toBeUndefined();
});

/** A service that only says which broker it began with and when it ended. */
async function following(offers: (sinceMs: number) => BrokerOffer, body: (rig: Following) => Promise<void>) {
  const clock = new VirtualClock();
  const end = new AbortController();
  const rig: Following = { clock, served: [], told: [], asked: [], lines: [] };
  const { log, lines } = logLines();
  const done = followBroker(
    {
      clock,
      log,
      ask: async () => {
        rig.asked.push(clock.monotonicMs());
        return offers(clock.monotonicMs());
      },
      tell: (why) => rig.told.push(why),
    },
    async (broker, signal) => {
      rig.served.push(broker?.[url] ?? 'none');
      await clock.sleep(1e12, signal).catch(() => undefined);
      rig.served.push('ended');
    },
    end.signal,
  );
  const ended = done.catch((error: unknown) => error);
  await body(rig);
  end.abort(new Error('told to end'));
  await clock.advance(0);
  expect(await ended).toMatchObject({ message: 'told to end' });
  expect(clock.sleepers).toBe(0);
  rig.lines.push(...lines.map(({ msg }) => msg));
}
interface Following {
  readonly clock: VirtualClock;
  readonly served: string[];
  readonly told: string[];
  readonly asked: number[];
  readonly lines: string[];
}

const none: BrokerOffer = { kind: 'none', why: 'Service not enabled' };
const offered = (name: string): BrokerOffer => ({ kind: 'offered', broker: { [url]: name } });

test('a broker that is named at once is used at once, and looked after seldom', async () => {
  await following(
    () => offered('a'),
    async ({ clock, served, told, asked }) => {
      await clock.advance(3_600_000);
      expect(served).toEqual(['a']);
      expect(told).toEqual([]);
      expect(asked.length).toBe(13);
    },
  );
});

test('a broker app that starts beside us is waited for: one beginning, nothing told', async () => {
  await following(
    (ms) => (ms < 7000 ? none : offered('a')),
    async ({ clock, served, told }) => {
      await clock.advance(60_000);
      expect(served).toEqual(['a']);
      expect(told).toEqual([]);
    },
  );
});

test('without a broker the service goes on alone, the user is told once, and a broker is used when it comes', async () => {
  await following(
    (ms) => (ms < 600_000 ? none : offered('a')),
    async ({ clock, served, told, asked }) => {
      await clock.advance(8000);
      expect(served).toEqual(['none']);
      expect(told).toEqual(['Service not enabled']);
      await clock.advance(590_000);
      expect(served).toEqual(['none']);
      expect(asked.length).toBeLessThan(30);
      await clock.advance(32_000);
      expect(served).toEqual(['none', 'ended', 'a']);
      expect(told).toHaveLength(1);
    },
  );
});

test('another broker takes the place of the one before; a Supervisor that says nothing changes nothing', async () => {
  await following(
    (ms) => (ms < 400_000 ? offered('a') : ms < 1_000_000 ? { kind: 'unknown', why: 'restarting' } : offered('b')),
    async ({ clock, served, told }) => {
      await clock.advance(1_000_000);
      expect(served).toEqual(['a']);
      await clock.advance(300_000);
      expect(served).toEqual(['a', 'ended', 'b']);
      expect(told).toEqual([]);
    },
  );
});

test('what the service throws ends it', async () => {
  const { log } = logLines();
  const deps = { clock: new VirtualClock(), log, ask: async () => offered('a'), tell: () => undefined };
  await expect(followBroker(deps, () => Promise.reject(new Error('defect')), never)).rejects.toThrow('defect');
});
