import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { scope, within } from '../kernel/async.ts';
import { systemClock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Text } from '../kernel/language.ts';
import type { MeterSettings, Settings } from '../model/settings.ts';
import type { Sink, BridgeEvent, LinkPhase, LinkStatus, ModuleInfo } from '../model/status.ts';
import type { Recording } from '../transcript/recording.ts';
import type { Wire } from '../wire/wire.ts';
import { refuseTakenName, writeUserFile } from '../store/user-file.ts';
import { askBridge } from '../app/ask/ask-bridge.ts';
import { chooseMeters } from '../app/load-settings.ts';
import { addCommand, ONE_METER, requireSettings, numeric } from '../app/command.ts';
import { say, stderrLog, EXIT_CODES, Stop, packageVersion } from '../app/context.ts';
import type { CliContext } from '../app/context.ts';
import { PHASE_WORDS } from '../app/phase-words.ts';

interface RecordFlags {
  /** s */
  readonly duration: number;
  readonly meter?: string;
  readonly warm?: boolean;
  readonly force?: boolean;
}

/** `record`: one session with the meter, written down without anything that tells whose it is. */
export function addRecordCommand(program: Command, context: CliContext): void {
  const help = {
    en: 'write a redacted recording of stick and meter',
    ja: 'スティックとメーターの通信を匿名化して記録する',
  };
  addCommand(program, context, 'record <FILE>', help, [
    ['--duration <S>', { en: 'how long, in seconds', ja: '記録時間（秒）' }, numeric(1, 86_400, 300)],
    ONE_METER,
    [
      '--warm',
      { en: 'start as `run` does, without a scan where it can', ja: '`run` と同じく、可能ならスキャンなしで始める' },
    ],
    ['--force', { en: 'replace an existing file', ja: '既存のファイルを置き換える' }],
  ]).action(async (file: string, flags: RecordFlags, command: Command) => {
    const { settings } = await requireSettings(command, context);
    const [meter] = chooseMeters(settings.meters, flags.meter) as readonly [MeterSettings];
    await refuseFile(file, flags.force === true);
    const asked = await askBridge(settings, systemClock, context.signal);
    if (asked.kind === 'answered') throw stickInUse(BRIDGE_USES_IT);
    if (asked.kind === 'failed') throw asked.error;
    await record(file, flags, settings, meter, context);
  });
}

/** Before the radio is kept busy for minutes. @throws BridgeError USAGE */
async function refuseFile(file: string, force: boolean): Promise<void> {
  await refuseTakenName(file, force);
  try {
    await access(dirname(resolve(file)), constants.W_OK);
  } catch (error) {
    const what = { en: `the folder of ${file} cannot be written`, ja: `${file} のフォルダーに書き込めません` };
    const hint = { en: 'Name a folder that you may write.', ja: '書き込み可能なフォルダーを指定してください。' };
    throw new BridgeError('USAGE', what, { cause: error, hint });
  }
}

async function record(
  file: string,
  flags: RecordFlags,
  settings: Settings,
  meter: MeterSettings,
  context: CliContext,
): Promise<void> {
  const { Recording } = await import('../transcript/recording.ts');
  const recording = new Recording(() => systemClock.monotonicMs());
  const progress = await listen(recording, flags, settings, meter, context);
  recording.closed();
  if (recording.hasJ11) throw j11Refused(); // cut off before it was found out
  const text = recording.text(meter, header(progress, new Date(systemClock.now())));
  await writeUserFile(resolve(file), text, flags.force === true);
  const { readings } = progress;
  say(context.stderr, context, {
    en: `${file}: ${recording.bytes} bytes of the wire, ${readings} readings. Look it through before you send it.`,
    ja: `${file}: 通信 ${recording.bytes} バイト、計測 ${readings} 回を記録しました。送る前に内容をご確認ください。`,
  });
  if (readings > 0) return;
  say(context.stderr, context, {
    en: 'The meter was not read in that time; the file shows how far it came.',
    ja: 'この間にメーターの値は取得できませんでした。どこまで進んだかはファイルに残っています。',
  });
  throw new Stop(EXIT_CODES.linkDown);
}

/** Runs the service on a wire that is recorded, until the time is up or the user wants an end. @throws BridgeError when it cannot go on */
async function listen(
  recording: Recording,
  { duration, warm = false }: RecordFlags,
  settings: Settings,
  meter: MeterSettings,
  context: CliContext,
): Promise<RecordProgress> {
  const [{ runBridge }, { wireOf }, { recordingWire }] = await Promise.all([
    import('../app/bridge.ts'),
    import('../app/device.ts'),
    import('../wire/wire.ts'),
  ]);
  using stop = scope(context.signal);
  const giveUp = (reason: unknown): void => stop.abort(reason);
  const progress = new RecordProgress(context, giveUp);
  const clock = systemClock;
  const wire = recordingWire(await wireOf(meter, clock), {
    hear: (from, bytes) => {
      recording.accept(from, bytes);
      if (recording.isFull) stop.abort();
    },
    closed: () => recording.closed(),
  });
  say(context.stderr, context, {
    en: `recording ${wire.name} for ${duration} s; Ctrl-C ends it and writes the file`,
    ja: `${wire.name} を ${duration} 秒間記録します。Ctrl-C で終了し、ファイルを書き込みます`,
  });
  const deps = {
    clock,
    log: await stderrLog(context, 'error'),
    redactor: context.redactor,
    version: packageVersion(),
    wireOf: () => Promise.resolve(firstTimeOr(wire, giveUp)),
    extraSinks: [progress],
  };
  const timeIsUp = new Error('the time is up');
  await within(
    clock,
    duration * 1000,
    stop.signal,
    (signal) => runBridge(radioAlone(settings, meter, warm), deps, signal),
    () => timeIsUp,
  ).catch((error: unknown) => {
    if (error !== timeIsUp && error !== stop.signal.reason) throw error;
  });
  if (stop.signal.reason instanceof BridgeError) throw stop.signal.reason;
  return progress;
}

/** One meter, nothing published; without a memory it is looked for, so that the recording has scan and join. */
function radioAlone({ homeAssistant, language, log }: Settings, meter: MeterSettings, withMemory: boolean): Settings {
  const { stateDir: _, ...forgetful } = meter;
  return { homeAssistant, language, log, meters: [withMemory ? meter : forgetful] };
}

/** A port that cannot be opened at all is told at once; one that goes away later is part of the recording. */
function firstTimeOr(wire: Wire, giveUp: (error: unknown) => void): Wire {
  let hasOpened = false;
  return {
    get name() {
      return wire.name;
    },
    whenPresent: (signal) => wire.whenPresent(signal),
    open: async (signal) => {
      try {
        const stream = await wire.open(signal);
        hasOpened = true;
        return stream;
      } catch (error) {
        // the likeliest other owner of the port is our own service
        const isBusy = error instanceof BridgeError && error.code === 'PORT_BUSY';
        if (!hasOpened && !signal.aborted) giveUp(isBusy ? stickInUse(ANOTHER_USES_IT, error) : error);
        throw error;
      }
    },
  };
}

const BRIDGE_USES_IT: Text = {
  en: 'the running bridge uses the stick',
  ja: '動作中のブリッジがスティックを使用中です',
};
const ANOTHER_USES_IT: Text = { en: 'another program uses the stick', ja: '別のプログラムがスティックを使用中です' };

const stickInUse = (what: Text, cause?: BridgeError): BridgeError =>
  new BridgeError('PORT_BUSY', what, {
    cause,
    hint: {
      en: 'Stop the bridge for the recording (systemctl stop broute2mqtt, docker compose stop), or whatever else uses the stick.',
      ja: '記録の間は、ブリッジ（systemctl stop broute2mqtt、docker compose stop）など、スティックを使っているプログラムを止めてください。',
    },
  });

/** What the file begins with. The day is told, the time is not. */
function header({ module, readings }: RecordProgress, now: Date): (readonly [string, string])[] {
  const lines: (readonly [string, string])[] = [
    ['source', `recorded by broute2mqtt ${packageVersion()} on Node ${process.version}`],
    ['date', now.toISOString().slice(0, 10)],
  ];
  if (module) {
    const { stackVersion, appVersion, edition } = module;
    lines.push(['module', `SKVER ${stackVersion}${appVersion ? `, SKAPPVER ${appVersion}` : ''}`]);
    lines.push(['edition', edition]);
  }
  return [...lines, ['contents', `${readings} readings`]];
}

/** Tells on the terminal how a recording goes on, and keeps what its header says. */
class RecordProgress implements Sink {
  module: ModuleInfo | undefined;
  readings = 0;
  readonly #context: CliContext;
  readonly #giveUp: (reason: BridgeError) => void;
  #phase: LinkPhase | undefined;

  constructor(context: CliContext, giveUp: (reason: BridgeError) => void) {
    this.#context = context;
    this.#giveUp = giveUp;
  }

  accept(event: BridgeEvent): void {
    if (event.kind === 'status') this.#status(event.status);
    if (event.kind !== 'reading') return;
    this.readings++;
    const { powerW } = event.reading;
    if (powerW !== undefined) this.#context.stderr.write(`${powerW} W\n`);
  }

  #status({ module, phase, error }: LinkStatus): void {
    this.module = module ?? this.module;
    if (module?.edition === 'J11') this.#giveUp(j11Refused());
    if (phase === this.#phase || phase === 'stopped') return;
    this.#phase = phase;
    const { stderr, language } = this.#context;
    stderr.write(`${PHASE_WORDS[phase][language]}${error ? ` [${error.code}]` : ''}\n`);
  }
}

const j11Refused = (): BridgeError =>
  new BridgeError(
    'USAGE',
    { en: 'the stick is a J11 module', ja: 'スティックはJ11モジュールです' },
    {
      hint: {
        en: 'Recordings of J11 modules cannot be made anonymous yet; nothing was written.',
        ja: 'J11モジュールの記録はまだ匿名化できないため、何も書き込んでいません。',
      },
    },
  );
