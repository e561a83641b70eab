import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../src/kernel/clock.ts';
import { Simulator } from '../../src/simulator/sim.ts';
import { eventually } from '../../test/support/eventually.ts';
import { Mosquitto } from '../../test/support/mosquitto.ts';
import { atMost } from './figure.ts';
import type { Bench } from './figure.ts';
import { median } from './statistics.ts';
import { Notifications } from './support/notifications.ts';
import { Program } from './support/program.ts';
import { Subscriber } from './support/subscriber.ts';

const READINGS = 100_000;
const LONG_READINGS = 1_000_000;
/** By then all code has run and every buffer has its size. */
const WARM_UP = 50_000;
/** How much faster the program's clock runs meanwhile: its limit of 100 readings a second must not be ours. */
const FACTOR = 25;
/** Readings on their way at one time. */
const AHEAD = 64;
/** Then the calm of a household, one reading in ten seconds: first an hour and a quarter of it, faster, then real time. */
const CALM_FACTOR = 60;
const CALM_S = 75;
const REST_S = 30;
/** Of the rest, this end counts. */
const COUNTED_S = 20;

/**
 * The built program itself as a process of its own; wire (TCP) and broker (a real Mosquitto) are real, only its clock is
 * faster. Most readings are told unasked, as many as it takes; it polls all the time besides.
 */
export const million: Bench = async ({ long }) => {
  const wanted = long ? LONG_READINGS : READINGS;
  await using broker = await Mosquitto.start();
  await using stick = await TcpStick.open();
  await using subscriber = await Subscriber.open(broker.url, 'broute2mqtt/home/readings');
  const folder = await mkdtemp(join(tmpdir(), 'million-'));
  const file = join(folder, 'config.yaml');
  await writeFile(file, configOf(stick.url, broker.url, join(folder, 'state')), { mode: 0o600 });
  const first = subscriber.when(() => true);
  await using program = new Program(file, { preload: new URL('support/scaled-clock.mjs', import.meta.url).href });
  await first;
  await eventually(() => stick.notifications.ready, 'an ERXUDP line of the stick');

  const heard = subscriber.count();
  const feed = async (upTo: number): Promise<void> => {
    program.tell(FACTOR);
    for (let sent = heard(); heard() < upTo;) {
      for (; sent < heard() + AHEAD; sent++) stick.write(stick.notifications.line(sent, 500 + (sent % 3000)));
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const rested = async (): Promise<{ readonly rss: number; readonly anonymous: number }> => {
    program.tell(CALM_FACTOR);
    await delay(CALM_S * 1000);
    program.tell(1);
    await delay((REST_S - COUNTED_S) * 1000);
    const samples: ReturnType<Program['memory']>[] = [];
    for (let second = 0; second < COUNTED_S; second++) {
      await delay(1000);
      samples.push(program.memory());
    }
    return { rss: median(samples.map(({ rss }) => rss)), anonymous: median(samples.map(({ anonymous }) => anonymous)) };
  };

  await feed(WARM_UP);
  const busyBefore = program.memory().anonymous;
  const before = await rested();
  const startedMs = performance.now();
  await feed(WARM_UP + wanted);
  const tookS = (performance.now() - startedMs) / 1000;
  const busyAfter = program.memory().anonymous;
  const after = await rested();
  await rm(folder, { recursive: true, force: true });
  const over = `${wanted.toLocaleString('en-US')} readings`;
  process.stderr.write(`${over} in ${Math.round(tookS)} s\n`);
  return [
    {
      name: `growth of anonymous memory over ${over}, then at one reading in 10 s`,
      unit: 'MB',
      target: atMost({ growth: 4 }),
      measured: {
        growth: after.anonymous - before.anonymous,
        before: before.anonymous,
        after: after.anonymous,
        'busy before': busyBefore,
        'busy after': busyAfter,
      },
      n: wanted,
    },
    {
      name: `anonymous memory at one reading in 10 s, after ${over}`,
      unit: 'MB',
      target: atMost({ median: 32 }),
      measured: { median: after.anonymous },
      n: COUNTED_S,
    },
    {
      name: `RSS at one reading in 10 s, after ${over}`,
      unit: 'MB',
      target: atMost({ median: 75 }),
      measured: { median: after.rss },
      n: COUNTED_S,
    },
  ];
};

/** A simulated stick on a TCP port, whose module a thousand times faster than a real one is. */
class TcpStick implements AsyncDisposable {
  readonly notifications = new Notifications();
  readonly url: string;
  readonly #end: () => Promise<void>;
  #socket: Socket | undefined;

  private constructor(port: number, end: () => Promise<void>) {
    this.url = `tcp://127.0.0.1:${port}`;
    this.#end = end;
  }

  static async open(): Promise<TcpStick> {
    const simulator = new Simulator({ seed: 1, timeFactor: 1000, halfHour: 'off' }, { clock: systemClock });
    const server = createServer({ noDelay: true }, (socket) => stick.#attach(socket, (wire) => simulator.attach(wire)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const stick = new TcpStick((server.address() as AddressInfo).port, async () => {
      await simulator[Symbol.asyncDispose]();
      server.close();
    });
    return stick;
  }

  write(line: Uint8Array): void {
    this.#socket?.write(line);
  }

  #attach(socket: Socket, attach: (wire: Socket) => void): void {
    socket.on('error', () => undefined); // the program was ended
    const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
    socket.write = (chunk: Buffer, ...rest: unknown[]) => {
      this.notifications.tap(chunk);
      return write(chunk, ...rest);
    };
    this.#socket = socket;
    attach(socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket?.destroy();
    await this.#end();
  }
}

const configOf = (device: string, mqttUrl: string, stateDir: string): string =>
  [
    'meters:',
    '  - id: home',
    `    device: ${device}`,
    '    route_b_id: "0123456789ABCDEF0123456789ABCDEF"',
    '    route_b_password: "ABCDEFGHIJKL"',
    '    interval_s: 10',
    '    reply_timeout_s: 20',
    `mqtt: { url: "${mqttUrl}" }`,
    `state_dir: ${stateDir}`,
    '',
  ].join('\n');
