import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../test/support/eventually.ts';
import { Mosquitto } from '../../test/support/mosquitto.ts';
import { atMost } from './figure.ts';
import type { Bench, Figure } from './figure.ts';
import { median } from './statistics.ts';
import { Notifications } from './support/notifications.ts';
import { Stage } from './support/stage.ts';
import { Subscriber } from './support/subscriber.ts';

const SECONDS = 60;
const LONG_SECONDS = 12_500; // a million readings
/** The stream of readings gives up to 100 a second to the broker; as many as a meter gives in some minutes. */
const PER_SECOND = 80;

/** The built program without HTTP, a reading every 12 ms over a real pty to a real broker. */
export const memory: Bench = async ({ long }) => {
  await using broker = await Mosquitto.start();
  await using subscriber = await Subscriber.open(broker.url, 'broute2mqtt/home/state/instant');
  await using stage = await Stage.open({ mqttUrl: broker.url });
  const notifications = new Notifications();
  const first = subscriber.when(() => true);
  const { program, pty } = await stage.start(notifications.tap);
  await using _ = program;
  await first;
  await eventually(() => notifications.ready, 'an ERXUDP line of the stick');
  const seconds = long ? LONG_SECONDS : SECONDS;
  const samples: { readonly rss: number; readonly anonymous: number }[] = [];
  let readings = 0;
  for (let second = 0; second < seconds; second++) {
    for (let i = 0; i < PER_SECOND; i++) {
      pty.write(notifications.line(readings, 500 + (readings++ % 3000)));
      await delay(1000 / PER_SECOND);
    }
    samples.push(program.memory());
  }
  await delay(15_000);
  const rest = program.memory();
  const late = samples.slice(-Math.ceil(samples.length / 3));
  const figure = (name: string, of: (memory: (typeof samples)[number]) => number, bound: number): Figure => ({
    name: `${name} after ${readings.toLocaleString('en-US')} readings, ${PER_SECOND}/s, no HTTP`,
    unit: 'MB',
    target: atMost({ median: bound }),
    measured: { median: median(late.map(of)), max: Math.max(...late.map(of)), 'then at rest': of(rest) },
    n: late.length,
  });
  return [figure('RSS', ({ rss }) => rss, 75), figure('anonymous memory', ({ anonymous }) => anonymous, 32)];
};
