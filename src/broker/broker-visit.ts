import { abortable, within } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { ProtocolChoice } from './protocol-choice.ts';
import { AttemptFailed, openConnection } from './connection-attempt.ts';
import type { BrokerOptions } from './connection-attempt.ts';
import { noAnswerWithin } from './broker-failures.ts';
import { loadMqtt } from './mqtt-client.ts';
import type { BrokerConnection } from './broker-connection.ts';

/** MQTT 5, then 3.1.1, then once more as the broker's refusals taught. */
const MOST_TRIES = 3;

/**
 * One short visit to the broker under a client id of its own, so that the bridge's connection stands. Leaves without a
 * will. `task` is given up after `limitMs`.
 * @throws BridgeError BROKER_…, or what `task` throws.
 */
export async function visitBroker<T>(
  broker: BrokerOptions,
  clientId: string,
  clock: Clock,
  limitMs: number,
  signal: AbortSignal,
  task: (connection: BrokerConnection, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const connection = await connected(broker, clientId, clock, signal);
  const gone = connection.lost.then(({ error }): never => {
    throw error;
  });
  gone.catch(() => undefined); // the end we bring about ourselves is nobody's failure
  try {
    const result = await within(
      clock,
      limitMs,
      signal,
      (inner) => abortable(Promise.race([task(connection, inner), gone]), inner),
      () => noAnswerWithin(connection.url, limitMs),
    );
    await connection.finish([], signal).catch(() => undefined); // what was to be done is done
    return result;
  } finally {
    connection.destroy();
  }
}

async function connected(broker: BrokerOptions, clientId: string, clock: Clock, signal: AbortSignal) {
  const newClient = await loadMqtt();
  const choice = new ProtocolChoice();
  for (let tries = 1; ; tries++) {
    try {
      return await openConnection(newClient, broker, { clientId }, choice.current, clock, signal);
    } catch (error) {
      if (!(error instanceof AttemptFailed)) throw error;
      const before = choice.current.protocol;
      choice.failed(error.refusal);
      if (tries === MOST_TRIES || choice.current.protocol === before) throw error.error;
    }
  }
}
