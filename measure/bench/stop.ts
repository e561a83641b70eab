import { Mosquitto } from '../../test/support/mosquitto.ts';
import { freePort } from '../../test/support/free-port.ts';
import { atMost } from './figure.ts';
import type { Bench, Figure } from './figure.ts';
import { spread } from './statistics.ts';
import { Stage } from './support/stage.ts';

const STOPS = 7;

/** SIGTERM → the process is gone, with a session on the radio and, where there is a broker, a connection to it. */
export const stop: Bench = async () => {
  const nobody = `mqtt://127.0.0.1:${await freePort()}`;
  return [
    figure('SIGTERM → exit, broker up', await stops((broker) => broker.url, 'broker connected')),
    figure('SIGTERM → exit, broker down', await stops(() => nobody, 'no broker connection')),
    figure('SIGTERM → exit, broker hangs', await stops((broker) => broker.url, 'broker connected', true)),
  ];
};

async function stops(urlOf: (broker: Mosquitto) => string, sign: string, hang = false): Promise<number[]> {
  const samples: number[] = [];
  while (samples.length < STOPS) {
    await using broker = await Mosquitto.start();
    await using stage = await Stage.open({ mqttUrl: urlOf(broker) });
    const { program } = await stage.start();
    await using _ = program;
    await Promise.all([program.logged('"phase":"connected"'), program.logged(sign)]);
    if (hang) broker.freeze();
    samples.push(await program.end());
  }
  return samples;
}

const figure = (name: string, samples: readonly number[]): Figure => ({
  name,
  unit: 'ms',
  target: atMost({ max: 2000 }),
  measured: spread(samples),
  n: samples.length,
});
