import { createServer } from 'node:net';
import { relative } from 'node:path';
import { runBridge } from '../../app/bridge.ts';
import { say, stderrLog, packageVersion } from '../../app/context.ts';
import type { CliContext } from '../../app/context.ts';
import { loadVariables } from '../../app/load-settings.ts';
import { systemClock } from '../../kernel/clock.ts';
import type { Clock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import { formatHostPort, parseHostPort } from '../../kernel/host-port.ts';
import { inBoth } from '../../kernel/language.ts';
import type { Language, Text } from '../../kernel/language.ts';
import { Redactor } from '../../kernel/redactor.ts';
import type { Settings } from '../../model/settings.ts';
import { Simulator } from '../../simulator/sim.ts';
import type { Wire } from '../../wire/wire.ts';
import { demoBroker, listenOrElse } from './demo-broker.ts';
import { faultScript, nextFault } from './demo-faults.ts';
import { DAY_IN_FOUR_MINUTES, DEMO_METER, DemoMonths, houseClock, lastDay } from './demo-house.ts';
import { DemoReport } from './demo-report.ts';

const DEMO_ID = 'demo';
const LOOK_FOR_STICK_MS = 200;
/** Between two questions where a day takes four minutes: a minute and a half of the house, so that a kettle shows. */
const FAST_INTERVAL_S = 0.25;

export interface DemoOptions {
  readonly speed?: number;
  readonly faults?: boolean;
  readonly solar: boolean;
  /** The house's time passes as ours. */
  readonly realtime?: boolean;
  readonly j11?: boolean;
  /** HOST:PORT of the page. */
  readonly http: string;
  readonly mqttPort: number;
}

/** Simulator, embedded broker, bridge and page in this process, and a running account of them on standard output. */
export async function runDemo(options: DemoOptions, context: CliContext): Promise<void> {
  const pace = options.realtime ? 1 : DAY_IN_FOUR_MINUTES;
  const clock = pace === 1 ? systemClock : houseClock(systemClock, pace);
  const { speed = options.realtime ? 10 : 20 } = options;
  const report = new DemoReport(clock, context);
  await using simulator = demoSimulator({ ...options, speed }, clock, pace);
  const broker = await demoBroker(options.mqttPort, (text) => report.print(text));
  const settings = await demoSettings(broker.url, await pageAddress(options.http), pace, context);
  if (options.faults) simulator.run(faultScript(speed));
  const nextAct = nextFault(speed);
  const redactor = new Redactor();
  try {
    await runBridge(
      settings,
      {
        clock,
        housePace: pace,
        months: new DemoMonths((ms) => simulator.registers(ms), clock.now()),
        log: await stderrLog({ redactor, stderr: context.stderr }, 'error'),
        redactor,
        version: packageVersion(),
        wireOf: () => Promise.resolve(simulatedWire(simulator, context.language)),
        extraSinks: [report],
        demo: {
          inject() {
            const { fault, text } = nextAct();
            report.print({ en: `— on purpose: ${text.en}`, ja: `— 障害を起こしました: ${text.ja}` });
            simulator.inject(fault);
          },
        },
        onReady: ({ page, board }) => {
          board.hadPower(
            DEMO_ID,
            lastDay((ms) => simulator.watts(ms), clock.now()),
          );
          for (const text of whereToLook(page, broker.url, pace)) report.print(text);
        },
      },
      context.signal,
    );
  } finally {
    await broker.close();
  }
  for (const text of yourOwnMeter()) say(context.stdout, context, text);
}

const demoSimulator = ({ speed, solar, j11 }: DemoOptions & { speed: number }, clock: Clock, pace: number): Simulator =>
  new Simulator(
    {
      ...DEMO_METER,
      timeFactor: speed,
      meterSpeed: pace,
      solar,
      ...(solar ? {} : { exportKwh: 0 }),
      ...(j11 ? { edition: 'J11' } : {}),
    },
    { clock },
  );

const whereToLook = (page: string | undefined, broker: string, pace: number): readonly Text[] => [
  { en: `status page   ${page ?? '(not available)'}`, ja: `状態ページ    ${page ?? '（使用できません）'}` },
  {
    en: `MQTT broker   ${broker}   (mosquitto_sub -t 'broute2mqtt/#' -v)`,
    ja: `MQTTブローカー ${broker}   (mosquitto_sub -t 'broute2mqtt/#' -v)`,
  },
  ...(pace === 1
    ? []
    : [
        {
          en: 'A day of the house passes in four minutes (--realtime: as ours). Times are the house’s, in Japan.',
          ja: '家の1日は4分で過ぎます（--realtime で実時間）。時刻は家の時計（日本時間）です。',
        },
      ]),
  { en: 'Ctrl-C ends the demo.', ja: 'Ctrl-C で終了します。' },
];

/** How this program was called, for a line to be copied. */
function ownName(): string {
  const script = process.argv[1] ?? '';
  return script.endsWith('.js') ? `node ${relative(process.cwd(), script)}` : 'broute2mqtt';
}

/** The last words: what a person with a stick does next. */
function yourOwnMeter(): readonly Text[] {
  const name = ownName();
  return [
    { en: '\nYour own meter, with a stick plugged in:', ja: '\nご自宅のメーターを読むには、スティックを挿して:' },
    ...[
      {
        command: 'setup',
        en: 'finds the stick, asks for ID and password, tries them',
        ja: 'スティックを探し、IDとパスワードを確かめて設定',
      },
      { command: 'run', en: 'the service', ja: 'サービスとして動作' },
      { command: 'doctor', en: 'says what is wrong, if anything is', ja: 'うまくいかないとき、原因を調べる' },
    ].map(({ command, en, ja }) => inBoth((language) => `  ${name} ${command.padEnd(8)}${{ en, ja }[language]}`)),
  ];
}

async function demoSettings(url: string, listen: string, pace: number, context: CliContext): Promise<Settings> {
  const { language } = context;
  const meter = {
    ID: DEMO_ID,
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
    BROUTE2MQTT_PRICES_BUY: '31',
    BROUTE2MQTT_PRICES_SELL: '16',
  };
  const result = await loadVariables(variables, context);
  if (!result.ok) throw new RangeError('the settings of the demo are wrong');
  if (pace === 1) return result.settings;
  const fast = { intervalS: FAST_INTERVAL_S, energyIntervalS: FAST_INTERVAL_S };
  return { ...result.settings, meters: result.settings.meters.map((one) => ({ ...one, ...fast })) };
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
