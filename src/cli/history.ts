import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { PERIODS, readConsumption } from '../archive/consumption.ts';
import type { Period } from '../archive/consumption.ts';
import type { MeterHistory } from '../archive/consumption-csv.ts';
import { HalfHourArchive } from '../archive/half-hour-archive.ts';
import { addCommand, EVERY_METER, numeric, requireSettings } from '../app/command.ts';
import { say, stderrLog, EXIT_CODES, Stop } from '../app/context.ts';
import type { CliContext } from '../app/context.ts';
import { chooseMeters } from '../app/load-settings.ts';
import { DAY_MS, jstDay, jstMidnight, systemClock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Settings } from '../model/settings.ts';
import { HISTORY_FORMATS, historyText } from './history/history-text.ts';
import type { HistoryFormat } from './history/history-text.ts';
import { addImportCommand } from './history/import.ts';

/** What is shown when nothing is said: today, and so many days before. */
const USUAL_DAYS: Readonly<Record<Period, number>> = { 'half-hour': 2, day: 31, month: 396 };
/** Longer than any archive. */
const MOST_DAYS = 36_600;

interface HistoryFlags {
  readonly format: HistoryFormat;
  readonly by: Period;
  readonly days?: number;
  /** 0:00 JST, ms since 1970. */
  readonly from?: number;
  readonly to?: number;
  readonly meter?: string;
}

/** `history`: the half hours in the archive of the bridge, which the meter's own memory has filled. `history import`: beside it. */
export function addHistoryCommand(program: Command, context: CliContext): void {
  const help = {
    en: 'the energy of the past, by half hour, day or month: as a table, CSV or JSON',
    ja: '過去の電力量を30分・日・月ごとに表示（表、CSV、JSON）',
  };
  const day = dayOf(context);
  const group = addCommand(program, context, 'history', help, [
    [
      '--format <FORMAT>',
      { en: 'how to print it', ja: '表示形式' },
      (it) => it.choices(HISTORY_FORMATS).default('table'),
    ],
    ['--by <PERIOD>', { en: 'what a line stands for', ja: '1行の単位' }, (it) => it.choices(PERIODS).default('day')],
    [
      '--days <N>',
      { en: 'today and the days before, so many', ja: '今日までの日数' },
      numeric(1, MOST_DAYS, undefined, { whole: true }),
    ],
    [
      '--from <DATE>',
      { en: 'first day, such as 2026-01-15', ja: '最初の日（例: 2026-01-15）' },
      (it) => it.argParser(day),
    ],
    ['--to <DATE>', { en: 'last day (default: today)', ja: '最後の日（既定: 今日）' }, (it) => it.argParser(day)],
    EVERY_METER,
  ]).action(async (flags: HistoryFlags, command: Command) => {
    const { settings } = await requireSettings(command, context);
    await showHistory(settings, flags, context);
  });
  addImportCommand(group, context);
}

/** A day that exists, as 0:00 in Japan. */
const dayOf =
  ({ language }: CliContext) =>
  (text: string): number => {
    const ms = jstDay(text);
    if (ms !== undefined) return ms;
    throw new InvalidArgumentError({ en: 'a day such as 2026-01-15', ja: '日付（例: 2026-01-15）' }[language]);
  };

async function showHistory({ meters, prices }: Settings, flags: HistoryFlags, context: CliContext): Promise<void> {
  const { format, by, meter: wanted } = flags;
  const { fromMs, toMs } = rangeOf(flags);
  const log = await stderrLog(context, 'warn');
  const histories: MeterHistory[] = [];
  for (const { id, stateDir } of chooseMeters(meters, wanted)) {
    if (stateDir === undefined) throw noStateDir();
    const archive = await HalfHourArchive.open(stateDir, log);
    const periods = await readConsumption(archive, by, fromMs, toMs, prices);
    if (periods.length > 0) histories.push({ meter: id, periods });
  }
  if (histories.length === 0) {
    say(context.stderr, context, {
      en: 'No half hours of that time yet. The running bridge gets them from the meter: some minutes after its start, weeks of them within hours.',
      ja: 'この期間の30分値はまだありません。ブリッジが動作中なら、起動から数分後、数週間分は数時間以内にメーターから取得します。',
    });
    throw new Stop(EXIT_CODES.linkDown);
  }
  context.stdout.write(historyText(histories, format, by, { language: context.language, prices }));
}

/** Whole days, in Japan. @throws BridgeError USAGE */
function rangeOf({ by, days, from, to }: HistoryFlags): { readonly fromMs: number; readonly toMs: number } {
  if (days !== undefined && from !== undefined)
    throw new BridgeError(
      'USAGE',
      { en: '--days and --from: which of them?', ja: '--days と --from は同時に指定できません' },
      { hint: { en: 'Give one of the two.', ja: 'どちらか一方を指定してください。' } },
    );
  const toMs = (to ?? jstMidnight(systemClock.now())) + DAY_MS;
  const fromMs = from ?? toMs - (days ?? USUAL_DAYS[by]) * DAY_MS;
  if (fromMs < toMs) return { fromMs, toMs };
  throw new BridgeError(
    'USAGE',
    { en: '--from is later than --to', ja: '--from が --to より後の日付です' },
    { hint: { en: 'Both are days in Japan, the last one included.', ja: '日本時間の日付で、最後の日を含みます。' } },
  );
}

const noStateDir = (): BridgeError =>
  new BridgeError(
    'USAGE',
    {
      en: 'without state_dir nothing of the past is kept',
      ja: 'state_dir がないため、過去のデータは保存されていません',
    },
    {
      hint: {
        en: 'Set state_dir in the configuration and restart the bridge: it then reads what the meter remembers.',
        ja: '設定に state_dir を加えてブリッジを再起動してください。メーターが記憶している分を読み出します。',
      },
    },
  );
