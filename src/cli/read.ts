import type { Command } from 'commander';
import { BridgeError } from '../kernel/errors.ts';
import type { Language } from '../kernel/language.ts';
import { mackerelLines } from '../mackerel/mackerel-metrics.ts';
import { quantities } from '../model/quantity.ts';
import type { Settings } from '../model/settings.ts';
import { addCommand, EVERY_METER, requireSettings, numberWhere } from '../app/command.ts';
import { say, EXIT_CODES, Stop, tellError } from '../app/context.ts';
import type { CliContext } from '../app/context.ts';
import { chooseMeters } from '../app/load-settings.ts';
import { phaseTeller } from '../app/phase-words.ts';
import type { CurrentReading } from '../app/read/obtain-readings.ts';

const FORMATS = ['text', 'json', 'mackerel'] as const;
type ReadFormat = (typeof FORMATS)[number];

interface ReadOptions {
  readonly format: ReadFormat;
  readonly meter?: string;
  readonly watch?: boolean;
  /** s */
  readonly timeout: number;
}

const DEFAULT_TIMEOUT_S = 120;

/** `read`: a current reading, from the running bridge, else from the stick itself. None: a reason on stderr, exit code 69. */
export function addReadCommand(program: Command, context: CliContext): void {
  const seconds = numberWhere(context, (value, text) => /^\d{1,5}$/.test(text) && value >= 1, {
    en: 'whole seconds, 1 or more',
    ja: '1以上の整数（秒）',
  });
  const help = {
    en: 'one reading: from the running bridge, else from the stick itself',
    ja: '計測値を1回取得（動作中のブリッジから。なければスティックから直接）',
  };
  addCommand(program, context, 'read', help, [
    [
      '--format <FORMAT>',
      { en: 'how to print it', ja: '表示形式' },
      (option) => option.choices(FORMATS).default('text'),
    ],
    EVERY_METER,
    ['--watch', { en: 'print each new reading until Ctrl-C', ja: 'Ctrl-C まで、新しい値を続けて表示' }],
    [
      '--timeout <SECONDS>',
      { en: 'give up after so long without a bridge', ja: 'ブリッジがない場合の制限時間（秒）' },
      (option) => option.argParser(seconds).default(DEFAULT_TIMEOUT_S),
    ],
  ]).action(async (options: ReadOptions, command: Command) => {
    const { settings } = await requireSettings(command, context);
    const meters = chooseMeters(settings.meters, options.meter);
    if (meters.length > 1 && options.format === 'mackerel') throw ambiguous();
    if (!options.watch) return await readOnce(settings, options, meters.length > 1, context);
    const { watchReadings } = await import('./read/watch-readings.ts');
    const textOf = (one: CurrentReading): string => readingsText([one], options.format, context.language, false);
    return await watchReadings(settings, meters, textOf, context);
  });
}

/** Mackerel's names tell no meters apart. */
const ambiguous = (): BridgeError =>
  new BridgeError(
    'USAGE',
    { en: '--format mackerel: several meters are configured', ja: '--format mackerel: 設定に複数のメーターがあります' },
    { hint: { en: 'Name one with --meter.', ja: '--meter で1台を指定してください。' } },
  );

async function readOnce(
  settings: Settings,
  { format, meter, timeout }: ReadOptions,
  several: boolean,
  context: CliContext,
): Promise<void> {
  const { obtainReadings } = await import('../app/read/obtain-readings.ts');
  const options = { timeoutMs: timeout * 1000, onStatus: phaseTeller(context) };
  const obtained = await obtainReadings(settings, meter, context, options).catch((error: unknown) => {
    if (!context.signal.aborted) throw error;
    say(context.stderr, context, { en: 'interrupted before a reading came', ja: '値を取得する前に中断しました' });
    throw new Stop(EXIT_CODES.linkDown);
  });
  const readings = obtained.filter((one) => one.ok);
  context.stdout.write(readingsText(readings, format, context.language, several));
  const failures = obtained.filter((one) => !one.ok);
  for (const { error } of failures) tellError(error, context);
  if (failures.length > 0) throw new Stop(EXIT_CODES.linkDown);
}

/** `2026-01-15T12:00:30.120+09:00` → `2026-01-15 12:00:30`. */
const shortTime = (time: string): string => time.slice(0, 19).replace('T', ' ');

/** One line for people. A value of another answer is followed by its own time. */
function readingText({ answer, besides }: CurrentReading, language: Language): string {
  const parts = [answer, ...besides].flatMap((one) =>
    quantities.flatMap(({ key, short, unit, decimals }) => {
      const value = one[key];
      if (value === undefined) return [];
      const amount = decimals === undefined ? String(value) : value.toFixed(decimals);
      const at = one.time === answer.time ? '' : ` (${one.time.slice(11, 19)})`;
      return [`${short[language]} ${amount} ${unit}${at}`];
    }),
  );
  return `${[answer.meter, shortTime(answer.time), ...parts].join('  ')}\n`;
}

/** What `read` prints once. `several`: more than one meter was asked for, which makes an array of JSON. */
export function readingsText(
  readings: readonly CurrentReading[],
  format: ReadFormat,
  language: Language,
  several: boolean,
): string {
  if (readings.length === 0) return '';
  switch (format) {
    case 'text':
      return readings.map((reading) => readingText(reading, language)).join('');
    case 'mackerel':
      return readings.map(({ answer, besides }) => mackerelLines([answer, ...besides])).join('');
    case 'json': {
      const objects = readings.map(({ answer }) => answer);
      return `${JSON.stringify(several ? objects : objects[0])}\n`;
    }
  }
}
