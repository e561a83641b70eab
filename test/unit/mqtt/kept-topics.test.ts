import { expect, test } from 'vitest';
import { systemClock } from '../../../src/kernel/clock.ts';
import { forget, keptOf } from '../../../src/mqtt/kept-topics.ts';
import { visitBroker } from '../../../src/broker/broker-visit.ts';
import { AedesBroker } from '../../support/aedes-broker.ts';

const meter = { meterId: 'home', baseTopic: 'broute2mqtt', prefix: 'homeassistant' };
const link = 'broute2mqtt/home/state/link';

test('a broker of MQTT 3.1.1 that drops a removal without a word is found out by another look', async () => {
  await using broker = await AedesBroker.start();
  const { aedes, url } = broker;
  aedes.authorizePublish = (client, packet, done) => {
    packet.retain &&= !client?.id.startsWith('visitor');
    done(null);
  };
  const { signal } = new AbortController();
  await new Promise<void>((resolve, reject) =>
    aedes.publish({ cmd: 'publish', topic: link, payload: '{}', qos: 0, dup: false, retain: true }, (error) =>
      error ? reject(error) : resolve(),
    ),
  );
  const [before, after] = await visitBroker({ url }, 'visitor', systemClock, 10_000, signal, async (mqtt, inner) => {
    const first = await keptOf(mqtt, meter, systemClock, inner);
    await forget(mqtt, first.own);
    return [first, await keptOf(mqtt, meter, systemClock, inner)];
  });
  expect(before).toEqual({ own: [link], foreign: [], online: false });
  expect(after).toEqual(before);
});
