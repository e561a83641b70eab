import { appendFileSync, readFileSync } from 'node:fs';
import type { Command, Option } from 'commander';
import { systemClock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Text } from '../kernel/language.ts';
import { Redactor } from '../kernel/redactor.ts';
import type { ScriptEntry } from '../simulator/fault-script.ts';
import type { ModelName, SimulatorOptions } from '../simulator/options.ts';
import type { Answered } from '../simulator/sim.ts';
import { addCommand, badValue, numeric } from '../app/command.ts';
import type { OptionRow } from '../app/command.ts';
import { stderrLog } from '../app/context.ts';
import type { CliContext } from '../app/context.ts';
import { serveStdio, serveTcp, WIRE_OPTIONS } from '../app/serve-wire.ts';

/** What `simulate` was asked, as commander gives it. */
interface SimulateFlags extends Pick<
  SimulatorOptions,
  'model' | 'payload' | 'routeBId' | 'timeFactor' | 'seed' | 'solar' | 'twoWire' | 'unit' | 'coefficient'
> {
  readonly listen?: string;
  readonly edition?: keyof typeof EDITIONS;
  readonly routeBPassword?: string;
  readonly generation: '1' | '2';
  /** s */
  readonly clockSkew: number;
  readonly meterSpeed: number;
  readonly script?: string;
  readonly truth?: string;
}

const EDITIONS = { se: 'SE', dse: 'DSE', j11: 'J11' } as const;

/** Named here so that `--help` need not load the simulator; a test compares them with its table. */
export const SIMULATED_MODELS: readonly ModelName[] = [
  'BP35A1',
  'RL7023-IPS',
  'BP35C2',
  'RS-WSUHA-P',
  'RL7023-DSS',
  'UDG-1-WSNE',
  'BP35C2-J11',
  'RS-WSUHA-J11',
];

const exactly =
  (count: number) =>
  (option: Option): Option =>
    option.argParser((text) => {
      if (text.length === count && /^[!-~]+$/.test(text)) return text;
      throw badValue(option.long ?? '', { en: `${count} characters`, ja: `${count} 文字` });
    });

function unitCode(text: string): number {
  if (/^0[0-4A-D]$/i.test(text)) return Number.parseInt(text, 16);
  throw badValue('--unit', { en: '00 to 04 or 0A to 0D', ja: '00～04 または 0A～0D' });
}

const choices =
  (...names: readonly string[]) =>
  (option: Option): Option =>
    option.choices(names);

const OPTIONS: readonly OptionRow[] = [
  ...WIRE_OPTIONS,
  ['--edition <NAME>', { en: 'dialect of the module', ja: 'モジュールの方言' }, choices('se', 'dse', 'j11')],
  ['--model <NAME>', { en: 'model of the module', ja: 'モジュールの型番' }, choices(...SIMULATED_MODELS)],
  ['--payload <FORM>', { en: 'how received data are printed', ja: '受信データの表示形式' }, choices('binary', 'ascii')],
  ['--route-b-id <ID>', { en: 'the only ID taken (default: any)', ja: '受け付けるID（既定: すべて）' }, exactly(32)],
  [
    '--route-b-password <PW>',
    { en: 'the only password taken (default: any)', ja: '受け付けるパスワード（既定: すべて）' },
    exactly(12),
  ],
  [
    '--time-factor <N>',
    { en: 'how many times faster radio and session are', ja: '無線・セッションの速さの倍率' },
    numeric(0.01, 1000, 1),
  ],
  ['--seed <N>', { en: 'seed of everything random', ja: '乱数の種' }, numeric(0, 0xffffffff, 1, { whole: true })],
  ['--solar', { en: 'a house with solar panels', ja: '太陽光発電のある家' }],
  ['--two-wire', { en: 'single-phase two-wire: no T phase', ja: '単相2線式（T相なし）' }],
  [
    '--generation <N>',
    { en: 'generation of the meter', ja: 'メーターの世代' },
    (option) => option.choices(['1', '2']).default('1'),
  ],
  [
    '--unit <CODE>',
    { en: 'unit of the registers, EPC E1: 00-04, 0A-0D', ja: '積算値の単位（EPC E1）: 00～04, 0A～0D' },
    (option) => option.argParser(unitCode).default(0x01, '01'),
  ],
  [
    '--coefficient <N>',
    { en: 'coefficient, EPC D3 (default: none)', ja: '係数（EPC D3、既定: なし）' },
    numeric(0, 999_999, undefined, { whole: true }),
  ],
  [
    '--clock-skew <S>',
    { en: 'seconds the meter’s clock is ahead, negative: behind', ja: 'メーターの時計の進み（秒、負は遅れ）' },
    numeric(-1e8, 1e8, 0),
  ],
  [
    '--meter-speed <N>',
    { en: 'how many times faster the meter’s time passes', ja: 'メーターの時間の速さの倍率' },
    numeric(0.001, 3600, 1),
  ],
  ['--script <FILE>', { en: 'faults to play, one a line', ja: '起こす障害のファイル（1行に1つ）' }],
  ['--truth <FILE>', { en: 'append every value answered to this file', ja: '応答した値をこのファイルに追記' }],
];

/** `simulate`: is the stick and the meter. Standard output, or the TCP connection, carries the wire and nothing else. */
export function addSimulateCommand(program: Command, context: CliContext): void {
  const help = {
    en: 'be a Wi-SUN stick and a smart meter, for trying things out',
    ja: 'Wi-SUNスティックとスマートメーターの代わりをする（試験用）',
  };
  addCommand(program, context, 'simulate', help, OPTIONS).action(async (flags: SimulateFlags) =>
    simulate(flags, context),
  );
}

async function simulate(flags: SimulateFlags, context: CliContext): Promise<void> {
  const { Simulator } = await import('../simulator/sim.ts');
  const script = await readScript(flags.script);
  const redactor = new Redactor();
  for (const secret of [flags.routeBId, flags.routeBPassword]) if (secret) redactor.add(secret);
  const log = await stderrLog({ redactor, stderr: context.stderr }, 'info');
  const { truth } = flags;
  await using simulator = new Simulator(simulatorOptions(flags), {
    clock: systemClock,
    log,
    ...(truth === undefined ? {} : { onAnswer: (answered) => appendTruth(truth, answered) }),
  });
  simulator.run(script);
  if (flags.listen === undefined) await serveStdio(simulator, context);
  else await serveTcp(simulator, flags.listen, ready, context);
}

async function readScript(path: string | undefined): Promise<ScriptEntry[]> {
  if (path === undefined) return [];
  const { parseFaultScript } = await import('../simulator/fault-script.ts');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new BridgeError(
      'USAGE',
      { en: `the fault script ${path} cannot be read`, ja: `障害スクリプト ${path} を読めません` },
      { cause: error },
    );
  }
  return parseFaultScript(text);
}

/** Synchronous, so that a kill loses nothing of what the host has already seen. */
function appendTruth(path: string, { atMs, epc, edt }: Answered): void {
  try {
    appendFileSync(path, `${JSON.stringify({ time: new Date(atMs).toISOString(), epc, edt })}\n`);
  } catch (error) {
    throw new BridgeError(
      'USAGE',
      { en: `--truth ${path} cannot be written`, ja: `--truth ${path} に書き込めません` },
      { cause: error },
    );
  }
}

const ready = (address: string): Text => ({ en: `simulated stick on ${address}`, ja: `模擬スティック: ${address}` });

/** @throws BridgeError USAGE for a model of another family than the edition */
function simulatorOptions(flags: SimulateFlags): SimulatorOptions {
  const { edition, generation, routeBPassword: password, clockSkew: clockSkewS, ...same } = flags;
  if (edition && same.model && (edition === 'j11') !== same.model.endsWith('-J11'))
    throw badValue('--model', { en: `no model of edition ${edition}`, ja: `方言 ${edition} の型番ではありません` });
  return {
    ...same,
    ...(edition && { edition: EDITIONS[edition] }),
    ...(password !== undefined && { password }),
    generation: generation === '2' ? 2 : 1,
    clockSkewS,
  };
}
