import { expect, test } from 'vitest';
import { systemClock } from '../../../src/kernel/clock.ts';
import type { BrokerOptions } from '../../../src/broker/connection-attempt.ts';
import { visitBroker } from '../../../src/broker/broker-visit.ts';
import { AedesBroker } from '../../support/aedes-broker.ts';

interface Login {
  readonly id: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** Who the broker sees, for these options. */
async function loginOf(address: (port: number) => BrokerOptions): Promise<Login | undefined> {
  let seen: Login | undefined;
  await using broker = await AedesBroker.start();
  broker.aedes.authenticate = (client, username, password, done) => {
    seen = { id: client.id, username, password: password?.toString() };
    done(null, true);
  };
  const { signal } = new AbortController();
  await visitBroker(address(broker.port), 'visitor', systemClock, 5000, signal, () => Promise.resolve());
  return seen;
}

test('without a user name none is sent: a broker with accounts takes us for a guest, not for somebody unknown', async () => {
  expect(await loginOf((port) => ({ url: `mqtt://127.0.0.1:${port}` }))).toEqual({
    id: 'visitor',
    username: undefined,
    password: undefined,
  });
});

test('user name and password as given, those of the options before those of the address', async () => {
  const given = { username: 'meter', password: 'p%4&' };
  expect(await loginOf((port) => ({ url: `mqtt://127.0.0.1:${port}`, ...given }))).toMatchObject(given);
  expect(await loginOf((port) => ({ url: `mqtt://a%40b:c%20d@127.0.0.1:${port}` }))).toMatchObject({
    username: 'a@b',
    password: 'c d',
  });
});
