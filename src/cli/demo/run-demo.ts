import { Aedes } from 'aedes';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { runBridge } from '../../app/bridge.ts';
import { stderrLog, packageVersion } from '../../app/context.ts';
import type { CliContext } from '../../app/context.ts';
import { loadVariables } from '../../app/load-settings.ts';
import { PHASE_WORDS } from '../../app/phase-words.ts';
import { systemClock } from '../../kernel/clock.ts';
import type { Clock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import { formatHostPort, parseHostPort } from '../../kernel/host-port.ts';
import { inBoth } from '../../kernel/language.ts';
import type { Language, Text } from '../../kernel/language.ts';
import { Redactor } from '../../kernel/redactor.ts';
import { measuredIn } from '../../model/quantity.ts';
import type { Reading } from '../../model/reading.ts';
import type { Settings } from '../../model/settings.ts';
import type { Sink, BridgeEvent, LinkPhase, LinkStatus } from '../../model/status.ts';
import type { ScriptEntry } from '../../simulator/fault-script.ts';
import type { Fault } from '../../simulator/faults.ts';
import { Simulator } from '../../simulator/sim.ts';
import type { Wire } from '../../wire/wire.ts';

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
  const clock = systemClock;
  const report = new DemoReport(clock, context);
  await using simulator = new Simulator(
    { timeFactor: options.speed, solar: options.solar, seed: Math.trunc(clock.now()) & 0xffff },
    { clock },
  );
  const broker = await embeddedBroker(options.mqttPort, report);
  const settings = await demoSettings(broker.url, await pageAddress(options.http), context);
  if (options.faults) simulator.run(demoFaults(options.speed));
  const redactor = new Redactor();
  try {
    await runBridge(
      settings,
      {
        clock,
        log: await stderrLog({ redactor, stderr: context.stderr }, 'error'),
        redactor,
        version: packageVersion(),
        wireOf: () => Promise.resolve(simulatedWire(simulator, context.language)),
        extraSinks: [report],
        onReady: ({ page }) => {
          for (const text of whereToLook(page, broker.url)) report.print(text);
        },
      },
      context.signal,
    );
  } finally {
    await broker.close();
  }
}

const whereToLook = (page: string | undefined, broker: string): readonly Text[] => [
  { en: `status page   ${page ?? '(not available)'}`, ja: `状態ページ    ${page ?? '（使用できません）'}` },
  {
    en: `MQTT broker   ${broker}   (mosquitto_sub -t 'broute2mqtt/#' -v)`,
    ja: `MQTTブローカー ${broker}   (mosquitto_sub -t 'broute2mqtt/#' -v)`,
  },
  { en: 'Ctrl-C ends the demo.', ja: 'Ctrl-C で終了します。' },
];

/** Tells a person at a terminal what the bridge does: each change of the link, each reading. */
class DemoReport implements Sink {
  readonly #clock: Clock;
  readonly #context: CliContext;
  #phase: LinkPhase | undefined;
  #brokenMs: number | undefined;

  constructor(clock: Clock, context: CliContext) {
    this.#clock = clock;
    this.#context = context;
  }

  /** One line with the time of day before it. */
  print(text: Text | string): void {
    const { language, stdout } = this.#context;
    const time = new Date(this.#clock.now()).toTimeString().slice(0, 8);
    stdout.write(`${time}  ${typeof text === 'string' ? text : text[language]}\n`);
  }

  accept(event: BridgeEvent): void {
    if (event.kind === 'status') this.#status(event.status);
    else if (event.kind === 'reading') this.#reading(event.reading);
  }

  #status({ phase, error, pan }: LinkStatus): void {
    if (phase === this.#phase) return;
    this.#phase = phase;
    const channel = phase === 'joining' ? pan?.channel : undefined;
    const where =
      channel === undefined ? { en: '', ja: '' } : { en: ` (channel ${channel})`, ja: `（チャネル ${channel}）` };
    this.print(inBoth((language) => `— ${PHASE_WORDS[phase][language]}${where[language]}`));
    if (phase !== 'waiting' || !error) return;
    this.#brokenMs ??= this.#clock.monotonicMs();
    this.print(inBoth((language) => `  ${error.text(language)} ${error.hint(language)}`));
  }

  #reading(reading: Reading): void {
    if (reading.powerW === undefined) return;
    if (this.#brokenMs !== undefined) {
      const seconds = ((this.#clock.monotonicMs() - this.#brokenMs) / 1000).toFixed(1);
      this.#brokenMs = undefined;
      this.print({ en: `— recovered by itself in ${seconds} s`, ja: `— ${seconds} 秒で自動復旧しました` });
    }
    const others = measuredIn(reading).filter(([{ key }]) => key !== 'power');
    const part = (language: Language): string =>
      others.map(([{ short, unit }, value]) => `  ${short[language]} ${value.toFixed(1)} ${unit}`).join('');
    this.print(inBoth((language) => `${String(reading.powerW).padStart(6)} W${part(language)}`));
  }
}

async function demoSettings(url: string, listen: string, context: CliContext): Promise<Settings> {
  const { language } = context;
  const meter = {
    ID: 'demo',
    NAME: { en: 'Smart meter (demo)', ja: 'スマートメーター（デモ）' }[language],
    DEVICE: '/dev/simulated',
    ROUTE_B_ID: '0123456789ABCDEF0123456789ABCDEF',
    ROUTE_B_PASSWORD: 'ABCDEFGHIJKL',
    INTERVAL_S: '2',
    ENERGY_INTERVAL_S: '10',
    CONTRACT_AMPERE: '40',
  };
  const variables = {
    ...Object.fromEntries(Object.entries(meter).map(([key, value]) => [`BROUTE2MQTT_METERS_0_${key}`, value])),
    BROUTE2MQTT_MQTT_URL: url,
    BROUTE2MQTT_HTTP_LISTEN: listen,
    BROUTE2MQTT_LANGUAGE: language,
  };
  const result = await loadVariables(variables, context);
  if (!result.ok) throw new RangeError('the settings of the demo are wrong');
  return result.settings;
}

function simulatedWire(simulator: Simulator, language: Language): Wire {
  return {
    name: { en: 'simulated stick', ja: '模擬スティック' }[language],
    open: () =>
      simulator.plugged
        ? Promise.resolve(simulator.connect())
        : Promise.reject(new BridgeError('PORT_MISSING', UNPLUGGED)),
    async whenPresent(signal) {
      while (!simulator.plugged) await systemClock.sleep(LOOK_FOR_STICK_MS, signal);
      signal.throwIfAborted();
    },
  };
}

const UNPLUGGED: Text = { en: 'the simulated stick is not plugged in', ja: '模擬スティックが抜かれています' };

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
    report.print({
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
  if (!address)
    throw new BridgeError('USAGE', {
      en: `--http: ${wanted} is not HOST:PORT`,
      ja: `--http: ${wanted} は HOST:PORT の形ではありません`,
    });
  const probe = createServer();
  const port = await listenOrElse(probe, address.host, address.port);
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  return formatHostPort({ host: address.host, port });
}

/** What breaks in `demo --faults`, each long enough after the last to be watched mending; then all over again. */
const ACTS: readonly Fault[] = [
  { fault: 'event-26' },
  { fault: 'module-reset' },
  { fault: 'port-lost', for_s: 4 },
  { fault: 'silent-session' },
  { fault: 'module-hang', for_s: 6 },
];
const FIRST_S = 8;
const BETWEEN_S = 25;

/** @param speed the simulator divides all its seconds by it; these are meant for the person watching. */
function demoFaults(speed: number): readonly ScriptEntry[] {
  const scale = (seconds: number): number => seconds * speed;
  return ACTS.map(({ for_s: forS, ...fault }, at) => ({
    fault: { ...fault, ...(forS === undefined ? {} : { for_s: scale(forS) }) },
    atS: scale(FIRST_S + at * BETWEEN_S),
    everyS: scale(ACTS.length * BETWEEN_S),
  }));
}
