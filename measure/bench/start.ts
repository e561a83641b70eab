import { Mosquitto } from '../../test/support/mosquitto.ts';
import { atMost } from './figure.ts';
import type { Bench, Figure, Target } from './figure.ts';
import { median, spread } from './statistics.ts';
import { Stage } from './support/stage.ts';
import { Subscriber } from './support/subscriber.ts';

const STARTS = 11;

interface Start {
  /** From the start of the process, ms. */
  readonly readyMs: number;
  readonly readingMs: number;
}

/**
 * How long the program itself takes. The simulated stick does its scans, joins and radio a thousand times faster than a
 * real one (which takes 3–4 s for a join and up to a minute for scans), so what is left is the program's own, and the stick's
 * some 20 ms for a dozen commands.
 */
export const start: Bench = async () => {
  await using broker = await Mosquitto.start();
  await using subscriber = await Subscriber.open(broker.url, 'broute2mqtt/home/state/instant');
  await using stage = await Stage.open({ mqttUrl: broker.url });
  const once = async (): Promise<Start> => {
    const reading = subscriber.when(() => true);
    const { program } = await stage.start();
    await using _ = program;
    const [readyMs, readingMs] = await Promise.all([program.logged('"msg":"ready"'), reading]);
    await program.end();
    return { readyMs: readyMs - program.startedMs, readingMs: readingMs - program.startedMs };
  };
  const times = async (count: number, before: () => Promise<void>): Promise<Start[]> => {
    const starts: Start[] = [];
    while (starts.length < count) {
      await before();
      starts.push(await once());
    }
    return starts;
  };
  const [cold] = await times(1, async () => undefined);
  const warm = await times(STARTS, async () => undefined);
  const remembered = await times(STARTS, () => stage.freshStick());
  const ready = [...warm, ...remembered].map(({ readyMs }) => readyMs);
  const reading = (starts: readonly Start[]): number[] => starts.map(({ readingMs }) => readingMs);
  return [
    figure('start → ready', ready, atMost({ median: 300 })),
    figure('start → first reading, session still held by the stick', reading(warm), atMost({ median: 1000 })),
    figure('start → first reading, PAN remembered', reading(remembered), atMost({ median: 1500 })),
    figure('start → first reading, nothing known (scan)', cold ? [cold.readingMs] : []),
  ];
};

const figure = (name: string, samples: readonly number[], target?: Target): Figure => ({
  name,
  unit: 'ms',
  ...(target && { target }),
  measured: samples.length > 1 ? spread(samples) : { once: median(samples) },
  n: samples.length,
});
