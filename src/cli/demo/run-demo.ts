import { Aedes } from 'aedes';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { runBridge } from '../../app/bridge.ts';
import type { CliContext } from '../../app/context.ts';
import { loadVariables } from '../../app/load-settings.ts';
import { packageVersion } from '../../app/version.ts';
import { systemClock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import { formatHostPort, parseHostPort } from '../../kernel/host-port.ts';
import { createLog } from '../../kernel/log.ts';
import { Redactor } from '../../kernel/redactor.ts';
import type { Settings } from '../../model/settings.ts';
import type { ScriptEntry } from '../../simulator/fault-script.ts';
import type { Fault } from '../../simulator/faults.ts';
import { createSimulator } from '../../simulator/sim.ts';
import type { Simulator } from '../../simulator/sim.ts';
import type { Wire } from '../../wire/wire.ts';
import { DemoReport } from './demo-report.ts';

const LOOK_FOR_STICK_MS = 200;

export interface DemoOptions {
  readonly speed: number;
  readonly faults?: boolean;
  readonly solar: boolean;
  /** HOST:PORT of the page. */
  readonly http: string;
  readonly mqttPort: number;
}

/** Simulator, embedded broker, bridge and page in this process, and a running account of them on standard output. */
export async function runDemo(options: DemoOptions, context: CliContext): Promise<void> {
  const { language, signal, stdout } = context;
  const clock = systemClock;
  const report = new DemoReport(clock, language, (line) => stdout.write(`${line}\n`));
  await using simulator = createSimulator(
    { timeFactor: options.speed, solar: options.solar, seed: Math.trunc(clock.now()) & 0xffff },
    { clock },
  );
  const broker = await embeddedBroker(options.mqttPort, report);
  const settings = await demoSettings(broker.url, await pageAddress(options.http), context);
  if (options.faults) simulator.run(demoFaults(options.speed));
  const redactor = new Redactor();
  const destination = { write: (line: string) => void context.stderr.write(line) };
  try {
    await runBridge(
      settings,
      {
        clock,
        log: createLog({ level: 'error', redactor, destination }),
        redactor,
        version: packageVersion(),
        wireOf: () => Promise.resolve(simulatedWire(simulator)),
        extraSinks: [report],
        onReady: ({ page }) => {
          report.say({
            en: `status page   ${page ?? '(not available)'}`,
            ja: `状態ページ    ${page ?? '（使用できません）'}`,
          });
          report.say({
            en: `MQTT broker   ${broker.url}   (mosquitto_sub -t 'broute2mqtt/#' -v)`,
            ja: `MQTTブローカー ${broker.url}   (mosquitto_sub -t 'broute2mqtt/#' -v)`,
          });
          report.say({ en: 'Ctrl-C ends the demo.', ja: 'Ctrl-C で終了します。' });
        },
      },
      signal,
    );
  } finally {
    await broker.close();
  }
}

async function demoSettings(url: string, listen: string, context: CliContext): Promise<Settings> {
  const { language } = context;
  const meter = {
    id: 'demo',
    name: { en: 'Smart meter (demo)', ja: 'スマートメーター（デモ）' }[language],
    device: '/dev/simulated',
    route_b_id: '0123456789ABCDEF0123456789ABCDEF',
    route_b_password: 'ABCDEFGHIJKL',
    interval_s: '2',
    energy_interval_s: '10',
    contract_ampere: '40',
  };
  const variables = {
    ...Object.fromEntries(Object.entries(meter).map(([key, value]) => [`METERS_0_${key.toUpperCase()}`, value])),
    MQTT_URL: url,
    HTTP_LISTEN: listen,
    LANGUAGE: language,
  };
  const ours = Object.entries(variables).map(([name, value]) => [`BROUTE2MQTT_${name}`, value] as const);
  const result = await loadVariables(Object.fromEntries(ours), context);
  if (!result.ok) throw new RangeError('the settings of the demo are wrong');
  return result.settings;
}

function simulatedWire(simulator: Simulator): Wire {
  return {
    name: 'simulated stick',
    open: () =>
      simulator.plugged
        ? Promise.resolve(simulator.connect())
        : Promise.reject(new BridgeError('PORT_MISSING', 'the simulated stick is not plugged in')),
    async whenPresent(signal) {
      while (!simulator.plugged) await systemClock.sleep(LOOK_FOR_STICK_MS, signal);
      signal.throwIfAborted();
    },
  };
}

interface EmbeddedBroker {
  readonly url: string;
  close(): Promise<void>;
}

async function embeddedBroker(port: number, report: DemoReport): Promise<EmbeddedBroker> {
  const broker = await Aedes.createBroker();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    broker.handle(socket);
  });
  const listening = await listenOrElse(server, '127.0.0.1', port);
  broker.on('publish', ({ topic, payload }) => {
    if (!topic.startsWith('homeassistant/device/') || payload.length === 0) return;
    const { components } = JSON.parse(payload.toString()) as { components: object };
    const count = Object.keys(components).length;
    report.say({
      en: `— Home Assistant discovery: ${count} entities on ${topic}`,
      ja: `— Home Assistant 自動登録: ${count} エンティティ（${topic}）`,
    });
  });
  return {
    url: `mqtt://127.0.0.1:${listening}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await new Promise<void>((resolve) => broker.close(() => resolve()));
    },
  };
}

/** The wanted port, or any when somebody has it: a demo should not fail because a broker runs here already. */
async function listenOrElse(server: Server, host: string, port: number): Promise<number> {
  const listen = (wanted: number): Promise<number> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(wanted, host, () => {
        server.removeListener('error', reject);
        resolve((server.address() as AddressInfo).port);
      });
    });
  return await listen(port).catch(() => listen(0));
}

/** The wanted address of the page; the same host with any port when that one is taken. */
async function pageAddress(wanted: string): Promise<string> {
  const address = parseHostPort(wanted);
  if (!address) throw new BridgeError('USAGE', `--http: ${wanted} is not HOST:PORT`);
  const probe = createServer();
  const port = await listenOrElse(probe, address.host, address.port);
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  return formatHostPort({ host: address.host, port });
}

/** What breaks in `demo --faults`, each long enough after the last to be watched mending; then all over again. */
const acts: readonly Fault[] = [
  { fault: 'event-26' },
  { fault: 'module-reset' },
  { fault: 'port-lost', for_s: 4 },
  { fault: 'silent-session' },
  { fault: 'module-hang', for_s: 6 },
];
const FIRST_S = 8;
const BETWEEN_S = 25;

/** @param speed the simulator divides all its seconds by it; these are meant for the person watching. */
export function demoFaults(speed: number): readonly ScriptEntry[] {
  const scale = (seconds: number): number => seconds * speed;
  return acts.map(({ for_s: forS, ...fault }, at) => ({
    fault: { ...fault, ...(forS === undefined ? {} : { for_s: scale(forS) }) },
    atS: scale(FIRST_S + at * BETWEEN_S),
    everyS: scale(acts.length * BETWEEN_S),
  }));
}
