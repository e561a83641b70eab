import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../test/support/eventually.ts';
import { Mosquitto } from '../../test/support/mosquitto.ts';
import { atMost } from './figure.ts';
import type { Bench, Figure } from './figure.ts';
import { median, percentile } from './statistics.ts';
import { Notifications } from './support/notifications.ts';
import { Relay, RELAY_TOPIC } from './support/relay.ts';
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
  await using relay = await Relay.open(broker.url);
  await using relayed = await Subscriber.open(broker.url, RELAY_TOPIC);
  let watts = 1000;
  const ours = async (): Promise<number> => {
    watts++;
    const wanted = `"power":${watts},`;
    const line = notifications.line(watts, watts);
    return timed(
      subscriber,
      (text) => text.includes(wanted),
      () => pty.write(line),
    );
  };
  const bare = async (): Promise<number> => {
    const line = notifications.line(watts, watts);
    const wanted = Buffer.from(line).toString('latin1');
    return timed(
      relayed,
      (text) => text === wanted,
      () => relay.pty.write(line),
    );
  };
  /** One of ours, one without us, in turns: what the machine does meanwhile falls on both. */
  const series = async (count: number, pauseMs: () => number): Promise<{ ours: number[]; bare: number[] }> => {
    const samples = { ours: new Array<number>(), bare: new Array<number>() };
    while (samples.bare.length < count) {
      await delay(pauseMs());
      samples.ours.push(await ours());
      await delay(pauseMs());
      samples.bare.push(await bare());
    }
    return samples;
  };
  await series(WARM_UP, () => 12);
  const dense = await series(SAMPLES, () => 12 + 16 * Math.random()); // in step with no timer
  const sparse = await series(SPARSE_SAMPLES, () => 1000);
  return [
    figure("serial's last byte → subscriber (QoS 0)", dense.ours, atMost({ p50: 1, p99: 10 })),
    figure('the same way without us: serial port → bare MQTT client → subscriber', dense.bare),
    {
      name: 'p50 with us, in times of that without us',
      unit: '×',
      target: atMost({ ratio: 1.5 }),
      measured: { ratio: median(dense.ours) / median(dense.bare) },
      n: dense.ours.length,
    },
    figure('with us, one value in two seconds (caches and CPU cold)', sparse.ours),
    figure('without us, one value in two seconds', sparse.bare),
  ];
};

async function timed(at: Subscriber, fits: (text: string) => boolean, write: () => void): Promise<number> {
  const arrived = at.when(fits);
  const fromMs = performance.now();
  write();
  return (await arrived) - fromMs;
}

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
