import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import { scope, within } from '../kernel/async.ts';
import { systemClock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { MeterSettings, Settings } from '../model/settings.ts';
import type { Wire } from '../wire/wire.ts';
import { refuseTakenName, writeUserFile } from '../store/user-file.ts';
import { askBridge } from '../app/ask/ask-bridge.ts';
import { chooseMeters } from '../app/load-settings.ts';
import { addCommand, requireSettings } from '../app/command.ts';
import { say } from '../app/context.ts';
import type { CliContext } from '../app/context.ts';
import { exitCodes, Stop } from '../app/exit-codes.ts';
import { j11Refused, RecordProgress } from './record/record-progress.ts';
import { number } from '../app/option-values.ts';
import { packageVersion } from '../app/version.ts';

interface RecordFlags {
  readonly duration: number;
  readonly meter?: string;
  readonly warm?: true;
  readonly force?: true;
}

/** `record`: one session with the meter, written down without anything that tells whose it is. */
export function addRecordCommand(program: Command, context: CliContext): void {
  const { language } = context;
  addCommand(program, context, 'record <FILE>', {
    en: 'write a redacted recording of stick and meter',
    ja: 'スティックとメーターの通信を匿名化して記録する',
  })
    .addOption(
      new Option('--duration <S>', { en: 'how long, in seconds', ja: '記録時間（秒）' }[language])
        .argParser(number('--duration', 1, 86_400))
        .default(300),
    )
    .option(
      '--meter <ID>',
      { en: 'which meter of the configuration (default: the first)', ja: '設定のどのメーターか（既定: 最初）' }[
        language
      ],
    )
    .option(
      '--warm',
      {
        en: 'start as `run` does, without a scan where it can',
        ja: '`run` と同じく、可能ならスキャンなしで始める',
      }[language],
    )
    .option('--force', { en: 'replace an existing file', ja: '既存のファイルを置き換える' }[language])
    .action(async (file: string, flags: RecordFlags, command: Command) => {
      const { settings } = await requireSettings(command, context);
      const [meter] = chooseMeters(settings.meters, flags.meter) as readonly [MeterSettings];
      await refuseFile(file, flags.force === true);
      const asked = await askBridge(settings, systemClock, context.signal);
      if (asked.kind === 'answered') throw stickInUse();
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
    throw new BridgeError('USAGE', `the folder of ${file} cannot be written`, {
      cause: error,
      hint: { en: 'Name a folder that you may write.', ja: '書き込み可能なフォルダーを指定してください。' },
    });
  }
}

async function record(
  file: string,
  { duration, warm, force }: RecordFlags,
  settings: Settings,
  meter: MeterSettings,
  context: CliContext,
): Promise<void> {
  const [{ runBridge }, { wireOf }, { createLog }, { Recording }, { recordingWire }] = await Promise.all([
    import('../app/bridge.ts'),
    import('../app/device.ts'),
    import('../kernel/log.ts'),
    import('../transcript/recording.ts'),
    import('../wire/wire.ts'),
  ]);
  const { redactor } = context;
  const destination = { write: (line: string) => void context.stderr.write(line) };
  const log = createLog({ level: 'error', redactor, destination });
  const clock = systemClock;
  const recording = new Recording(() => clock.monotonicMs());
  using stop = scope(context.signal);
  const progress = new RecordProgress(context, (reason) => stop.abort(reason));
  const wire = recordingWire(await wireOf(meter, clock), {
    hear: (from, bytes) => {
      recording.hear(from, bytes);
      if (recording.isFull) stop.abort();
    },
    closed: () => recording.closed(),
  });
  say(context.stderr, context, {
    en: `recording ${wire.name} for ${duration} s; Ctrl-C ends it and writes the file`,
    ja: `${wire.name} を ${duration} 秒間記録します。Ctrl-C で終了し、ファイルを書き込みます`,
  });
  const timeIsUp = new Error('the time is up');
  const deps = {
    clock,
    log,
    redactor,
    version: packageVersion(),
    wireOf: () => Promise.resolve(firstTimeOr(wire, (error) => stop.abort(error))),
    extraSinks: [progress],
  };
  await within(
    clock,
    duration * 1000,
    stop.signal,
    (signal) => runBridge(radioAlone(settings, meter, warm === true), deps, signal),
    () => timeIsUp,
  ).catch((error: unknown) => {
    if (error !== timeIsUp && error !== stop.signal.reason) throw error;
  });
  if (stop.signal.aborted && stop.signal.reason instanceof BridgeError) throw stop.signal.reason;
  recording.closed();
  if (recording.hasJ11) throw j11Refused(); // cut off before it was found out
  await writeUserFile(resolve(file), recording.text(meter, about(progress, new Date(clock.now()))), force === true);
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
  throw new Stop(exitCodes.linkDown);
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
        if (!hasOpened && !signal.aborted) giveUp(busy(error));
        throw error;
      }
    },
  };
}

/** The likeliest other owner of the port is our own service. */
const busy = (error: unknown): unknown =>
  error instanceof BridgeError && error.code === 'PORT_BUSY' ? stickInUse(error) : error;

const stickInUse = (cause?: BridgeError): BridgeError =>
  new BridgeError('PORT_BUSY', cause ? 'another program uses the stick' : 'the running bridge uses the stick', {
    cause,
    hint: {
      en: 'Stop the bridge for the recording (systemctl stop broute2mqtt, docker compose stop), or whatever else uses the stick.',
      ja: '記録の間は、ブリッジ（systemctl stop broute2mqtt、docker compose stop）など、スティックを使っているプログラムを止めてください。',
    },
  });

/** What the header says. The day is told, the time is not. */
function about({ module, readings }: RecordProgress, now: Date): (readonly [string, string])[] {
  const versions = module && [
    `SKVER ${module.stackVersion}`,
    ...(module.appVersion ? [`SKAPPVER ${module.appVersion}`] : []),
  ];
  return [
    ['source', `recorded by broute2mqtt ${packageVersion()} on Node ${process.version}`],
    ['date', now.toISOString().slice(0, 10)],
    ...(module && versions
      ? ([
          ['module', versions.join(', ')],
          ['edition', module.edition],
        ] as const)
      : []),
    ['contents', `${readings} readings`],
  ];
}
