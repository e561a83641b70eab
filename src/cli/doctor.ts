import type { Command } from 'commander';
import { refuseTakenName } from '../store/user-file.ts';
import { addCommand, configPath } from '../app/command.ts';
import { say, EXIT_CODES, Stop, packageVersion } from '../app/context.ts';
import type { CliContext, ExitCode } from '../app/context.ts';
import type { CheckResult } from './doctor/check.ts';
import type { SequenceDeps } from './doctor/sequence.ts';

interface DoctorOptions {
  readonly meter?: string;
  readonly radio: boolean;
  readonly json?: boolean;
  readonly report?: string;
  readonly force?: boolean;
}

/** `doctor`: looks at each link in turn and says what to do about each that is down. */
export function addDoctorCommand(program: Command, context: CliContext): void {
  const help = {
    en: 'check each link in turn and say what to do about failures',
    ja: '接続を一つずつ確認し、問題があれば対処を表示',
  };
  addCommand(program, context, 'doctor', help, [
    ['--meter <ID>', { en: 'only this meter (default: all)', ja: '対象のメーター（既定: すべて）' }],
    ['--no-radio', { en: 'leave out scan, join and reading', ja: 'スキャン・接続・計測値を省略' }],
    ['--json', { en: 'print JSON', ja: 'JSONで表示' }],
    [
      '--report <FILE>',
      {
        en: 'write a file for a bug report, without anything secret',
        ja: '不具合報告用のファイルを書き出す（秘密の値は含みません）',
      },
    ],
    ['--force', { en: 'replace an existing report', ja: '既存の報告ファイルを置き換える' }],
  ]).action(async (options: DoctorOptions, command: Command) => {
    if (options.report !== undefined) await refuseTakenName(options.report, options.force === true);
    const exitCode = exitCodeOf(await diagnose(options, command, context));
    if (exitCode !== EXIT_CODES.done) throw new Stop(exitCode);
  });
}

async function diagnose(
  { meter, radio, json = false, report, force = false }: DoctorOptions,
  command: Command,
  context: CliContext,
): Promise<readonly CheckResult[]> {
  const { redactor, stdout, stderr } = context;
  const [{ examine }, { resultObject, reportText, verdictText }, { linesAsTheyCome }] = await Promise.all([
    import('./doctor/examine.ts'),
    import('./doctor/check.ts'),
    import('./doctor/live-lines.ts'),
  ]);
  const write = (text: string): void => void stdout.write(redactor.redact(text));
  const isLive = stdout.isTTY === true && !json;
  const listeners = isLive ? linesAsTheyCome(context) : json ? {} : { showing: slowOnes(context) };
  const examination = await examine({ meter, noRadio: !radio }, configPath(command), context, listeners);
  const { results } = examination;
  const version = packageVersion();
  const { language } = context; // the configuration's, where that could be read
  if (json) write(`${JSON.stringify({ version, checks: results.map((result) => resultObject(result, language)) })}\n`);
  else write(isLive ? `\n${verdictText(results, language)}` : reportText(results, language));
  if (report !== undefined) {
    const { writeReport } = await import('./doctor/report.ts');
    await writeReport(report, force, examination, context);
    say(stderr, context, {
      en: `written: ${report} (look through it before you make it public)`,
      ja: `書き出しました: ${report}（公開する前に内容を確認してください）`,
    });
  }
  return results;
}

/** Without a terminal the answer comes whole; meanwhile a line for what takes long. */
const slowOnes =
  (context: CliContext): NonNullable<SequenceDeps['showing']> =>
  ({ slow }, look) => {
    if (slow) say(context.stderr, context, slow);
    return look();
  };

export function exitCodeOf(results: readonly CheckResult[]): ExitCode {
  const failed = results.filter(({ mark }) => mark === 'failed');
  if (failed.some(({ code }) => code === 'CONFIG_INVALID')) return EXIT_CODES.configuration;
  return failed.length > 0 ? EXIT_CODES.linkDown : EXIT_CODES.done;
}
