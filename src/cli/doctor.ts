import type { Command } from 'commander';
import { systemClock } from '../kernel/clock.ts';
import { refuseTakenName } from '../store/user-file.ts';
import { addCommand, configPath } from '../app/command.ts';
import { say } from '../app/context.ts';
import type { CliContext } from '../app/context.ts';
import { exitCodes, Stop } from '../app/exit-codes.ts';
import type { ExitCode } from '../app/exit-codes.ts';
import type { CheckResult } from './doctor/sequence.ts';
import type { DoctorWorld } from './doctor/world.ts';
import { packageVersion } from '../app/version.ts';

interface DoctorOptions {
  readonly meter?: string;
  readonly radio: boolean;
  readonly json?: boolean;
  readonly report?: string;
  readonly force?: true;
}

/** `doctor`: looks at each link in turn and says what to do about each that is down. */
export function addDoctorCommand(program: Command, context: CliContext): void {
  const { language } = context;
  addCommand(program, context, 'doctor', {
    en: 'check each link in turn and say what to do about failures',
    ja: '接続を一つずつ確認し、問題があれば対処を表示',
  })
    .option('--meter <ID>', { en: 'only this meter (default: all)', ja: '対象のメーター（既定: すべて）' }[language])
    .option('--no-radio', { en: 'leave out scan, join and reading', ja: 'スキャン・接続・計測値を省略' }[language])
    .option('--json', { en: 'print JSON', ja: 'JSONで表示' }[language])
    .option(
      '--report <FILE>',
      {
        en: 'write a file for a bug report, without anything secret',
        ja: '不具合報告用のファイルを書き出す（秘密の値は含みません）',
      }[language],
    )
    .option('--force', { en: 'replace an existing report', ja: '既存の報告ファイルを置き換える' }[language])
    .action(async (options: DoctorOptions, command: Command) => {
      if (options.report !== undefined) await refuseTakenName(options.report, options.force === true);
      const results = await diagnose(options, command, context);
      const exitCode = exitCodeOf(results);
      if (exitCode !== exitCodes.done) throw new Stop(exitCode);
    });
}

async function diagnose(
  options: DoctorOptions,
  command: Command,
  context: CliContext,
): Promise<readonly CheckResult[]> {
  const { language, redactor, stdout } = context;
  const [{ examine }, { resultObject, resultText, summaryText }, { loadSettings }, { exporterConfig }] =
    await Promise.all([
      import('./doctor/examine.ts'),
      import('./doctor/format.ts'),
      import('../app/load-settings.ts'),
      import('../app/exporter-mode.ts'),
    ]);
  const write = (text: string): void => void stdout.write(redactor.redact(text));
  const asked = configPath(command);
  const json = options.json === true;
  const { results, config } = await examine(
    {
      load: async () => (await exporterConfig(asked, context)) ?? (await loadSettings(asked, context)),
      meter: options.meter,
      noRadio: !options.radio,
    },
    await systemWorld(context),
    {
      onSlow: (text) => (json ? undefined : say(context.stderr, context, text)),
      onResult: (result) => (json ? undefined : write(resultText(result, language))),
    },
    context.signal,
  );
  const version = packageVersion();
  if (json) write(`${JSON.stringify({ version, checks: results.map((result) => resultObject(result, language)) })}\n`);
  else write(summaryText(results, language));
  if (options.report !== undefined) {
    const { writeReport } = await import('./doctor/report.ts');
    const { env } = context;
    await writeReport(options.report, options.force === true, {
      version,
      results,
      config,
      env,
      clock: systemClock,
      redactor,
    });
    say(context.stderr, context, {
      en: `written: ${options.report} (look through it before you make it public)`,
      ja: `書き出しました: ${options.report}（公開する前に内容を確認してください）`,
    });
  }
  return results;
}

export function exitCodeOf(results: readonly CheckResult[]): ExitCode {
  const failed = results.filter(({ mark }) => mark === 'failed');
  if (failed.some(({ code }) => code === 'CONFIG_INVALID')) return exitCodes.configuration;
  return failed.length > 0 ? exitCodes.linkDown : exitCodes.done;
}

async function systemWorld(context: CliContext): Promise<DoctorWorld> {
  const [{ createLog }, { wireOf }, { openModule }, { askBridge }, { isClockSynchronized }, port] = await Promise.all([
    import('../kernel/log.ts'),
    import('../app/device.ts'),
    import('../module/open-module.ts'),
    import('../app/ask/ask-bridge.ts'),
    import('./doctor/host-checks.ts'),
    import('../wire/port-holder.ts'),
  ]);
  const { redactor } = context;
  const clock = systemClock;
  // what goes wrong is a check's to tell
  const log = createLog({ level: 'silent', redactor, destination: { write: () => undefined } });
  return {
    clock,
    log,
    nodeVersion: process.version,
    wireOf: (meter) => wireOf(meter, clock),
    openModule: (wire, credentials, signal) => openModule(wire, credentials, { clock, log }, signal),
    askBridge: (settings, signal) => askBridge(settings, clock, signal),
    othersOn: (device, pid) => (pid === undefined ? port.lookForHolder(device) : port.lookBeside(device, pid)),
    isClockSynchronized,
  };
}
