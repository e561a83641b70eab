import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../test/support/eventually.ts';
import { Mosquitto } from '../test/support/mosquitto.ts';
import { atMost } from './figure.ts';
import type { Bench, Figure } from './figure.ts';
import { median, percentile } from './statistics.ts';
import { Notifications } from './support/notifications.ts';
import { Stage } from './support/stage.ts';
import { Subscriber } from './support/subscriber.ts';

const WARM_UP = 50;
const SAMPLES = 600;
const SPARSE_SAMPLES = 20;
const QUIET_INTERVAL_S = 3600;

/**
 * The last byte of an ERXUDP line is written to a pty → the value is in the hands of a subscriber on `state/instant`.
 * Between them: socat, the kernel's pty, the built program, a real Mosquitto on loopback. Both ends are in this process,
 * so one clock tells both times. The meter's notifications carry the values: an answer takes the same way, but
 * there is one in two seconds at most.
 */
export const latency: Bench = async () => {
  await using broker = await Mosquitto.start();
  await using subscriber = await Subscriber.open(broker.url, 'broute2mqtt/home/state/instant');
  await using stage = await Stage.open({ mqttUrl: broker.url, intervalS: QUIET_INTERVAL_S });
  const notifications = new Notifications();
  const first = subscriber.when(() => true);
  const { program, pty } = await stage.start(notifications.tap);
  await using _ = program;
  await first;
  await eventually(() => notifications.ready, 'an ERXUDP line of the stick');
  await delay(3000); // nameplate and registers are being read
  let watts = 1000;
  const sample = async (): Promise<number> => {
    watts++;
    const line = notifications.line(watts, watts);
    const wanted = `"power":${watts},`;
    const arrived = subscriber.when((text) => text.includes(wanted));
    const fromMs = performance.now();
    pty.write(line);
    return (await arrived) - fromMs;
  };
  const series = async (count: number, pauseMs: () => number): Promise<number[]> => {
    const samples: number[] = [];
    while (samples.length < count) {
      await delay(pauseMs());
      samples.push(await sample());
    }
    return samples;
  };
  await series(WARM_UP, () => 12);
  const dense = await series(SAMPLES, () => 12 + 16 * Math.random()); // in step with no timer
  const sparse = await series(SPARSE_SAMPLES, () => 1000);
  return [
    figure("serial's last byte → subscriber (QoS 0)", dense, atMost({ p50: 1, p99: 10 })),
    figure('the same, one value a second (caches and CPU cold)', sparse),
  ];
};

const figure = (name: string, samples: readonly number[], target?: Figure['target']): Figure => ({
  name,
  unit: 'ms',
  ...(target
    ? { target, measured: { p50: median(samples), p99: percentile(samples, 0.99) } }
    : {
        measured: { p50: median(samples), max: Math.max(...samples) },
      }),
  n: samples.length,
});
