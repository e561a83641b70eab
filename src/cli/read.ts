import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { addCommand, requireSettings } from '../app/command.ts';
import { say } from '../app/context.ts';
import type { CliContext } from '../app/context.ts';
import { exitCodes, Stop, tellError } from '../app/exit-codes.ts';
import { readFormats } from './read/read-formats.ts';
import type { ReadFormat } from './read/read-formats.ts';

interface ReadOptions {
  readonly format: ReadFormat;
  readonly meter?: string;
  readonly watch?: true;
  /** s */
  readonly timeout: number;
}

export const DEFAULT_TIMEOUT_S = 120;

/** `read`: a current reading, from the running bridge, else from the stick itself. None: a reason on stderr, exit code 69. */
export function addReadCommand(program: Command, context: CliContext): void {
  const { language } = context;
  addCommand(program, context, 'read', {
    en: 'one reading: from the running bridge, else from the stick itself',
    ja: '計測値を1回取得（動作中のブリッジから。なければスティックから直接）',
  })
    .addOption(
      new Option('--format <FORMAT>', { en: 'how to print it', ja: '表示形式' }[language])
        .choices(readFormats)
        .default('text'),
    )
    .option(
      '--meter <ID>',
      { en: 'which meter of the configuration (default: all)', ja: '設定のどのメーターか（既定: すべて）' }[language],
    )
    .option('--watch', { en: 'print each new reading until Ctrl-C', ja: 'Ctrl-C まで、新しい値を続けて表示' }[language])
    .option(
      '--timeout <SECONDS>',
      { en: 'give up after so long without a bridge', ja: 'ブリッジがない場合の制限時間（秒）' }[language],
      timeoutOf(context),
      DEFAULT_TIMEOUT_S,
    )
    .action(async (options: ReadOptions, command: Command) => {
      const { settings } = await requireSettings(command, context);
      const { chooseMeters } = await import('../app/load-settings.ts');
      const several = chooseMeters(settings.meters, options.meter).length > 1;
      if (several && options.format === 'mackerel') throw await ambiguous();
      const { phaseTeller } = await import('../app/phase-words.ts');
      const onStatus = phaseTeller(context);
      if (options.watch) {
        const { watchReadings } = await import('./read/watch-readings.ts');
        return await watchReadings(settings, options, context, onStatus);
      }
      const { obtainReadings } = await import('../app/read/obtain-readings.ts');
      const obtained = await obtainReadings(settings, options.meter, context, {
        timeoutMs: options.timeout * 1000,
        onStatus,
      }).catch((error: unknown) => {
        if (!context.signal.aborted) throw error;
        say(context.stderr, context, { en: 'interrupted before a reading came', ja: '値を取得する前に中断しました' });
        throw new Stop(exitCodes.linkDown);
      });
      const { readingsText } = await import('./read/read-formats.ts');
      const readings = obtained.filter((one) => one.ok);
      context.stdout.write(readingsText(readings, options.format, language, several));
      const failures = obtained.filter((one) => !one.ok);
      for (const { error } of failures) tellError(error, context);
      if (failures.length > 0) throw new Stop(exitCodes.linkDown);
    });
}

/** Mackerel's names tell no meters apart. */
async function ambiguous(): Promise<Error> {
  const { BridgeError } = await import('../kernel/errors.ts');
  return new BridgeError('USAGE', '--format mackerel: several meters are configured', {
    hint: { en: 'Name one with --meter.', ja: '--meter で1台を指定してください。' },
  });
}

export const timeoutOf =
  ({ language }: CliContext) =>
  (text: string): number => {
    if (/^\d{1,5}$/.test(text) && Number(text) >= 1) return Number(text);
    throw new InvalidArgumentError({ en: 'whole seconds, 1 or more', ja: '1以上の整数（秒）' }[language]);
  };
