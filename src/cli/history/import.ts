import type { Command } from 'commander';
import { addCommand, EVERY_METER, requireSettings } from '../../app/command.ts';
import { say, stderrLog } from '../../app/context.ts';
import type { CliContext } from '../../app/context.ts';
import { chooseMeters } from '../../app/load-settings.ts';
import type { HomeAssistantAccount } from '../../home-assistant/ha-link.ts';
import type { OwnRegister, OwnStatistics } from '../../home-assistant/own-statistics.ts';
import { systemClock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { Settings } from '../../model/settings.ts';

interface ImportFlags {
  readonly dryRun?: boolean;
  readonly undo?: boolean;
  readonly meter?: string;
}

/** `history import`: hours of energy that Home Assistant missed, into its statistics; also shows them, and takes them back. */
export function addImportCommand(history: Command, context: CliContext): void {
  const help = {
    en: 'write the hours of energy that Home Assistant missed into its statistics (power has no way back)',
    ja: 'Home Assistantに欠けた時間の電力量を統計に書き込み（電力は補えません）',
  };
  addCommand(history, context, 'import', help, [
    EVERY_METER,
    ['--dry-run', { en: 'only show what would change', ja: '書き込まず、変更内容だけを表示' }],
    ['--undo', { en: 'give back what was there before', ja: '書き込む前の状態に戻す' }],
  ]).action(async (_: unknown, command: Command) => {
    const flags = command.optsWithGlobals<ImportFlags>(); // `history` has a --meter too, and gets it wherever it stands
    mustBelong(history);
    const { settings } = await requireSettings(command, context);
    await importHistory(settings, flags, context);
  });
}

/** @throws BridgeError USAGE for options of `history` alone: it is always everything that is missing. */
function mustBelong(history: Command): void {
  const foreign = history.options.find(
    (option) => option.long !== '--meter' && history.getOptionValueSource(option.attributeName()) === 'cli',
  );
  if (!foreign) return;
  throw new BridgeError('USAGE', {
    en: `${foreign.long ?? foreign.flags} has no meaning for history import, which writes all that is missing`,
    ja: `${foreign.long ?? foreign.flags} は history import では使えません（欠けている時間をすべて書き込みます）`,
  });
}

async function importHistory(
  settings: Settings,
  { meter: wanted, dryRun = false, undo = false }: ImportFlags,
  context: CliContext,
): Promise<void> {
  const chosen = chooseMeters(settings.meters, wanted);
  const account = accountOf(settings);
  const [{ importedMeters }, { HomeAssistantLink }, { RecorderApi }, { OwnStatistics }] = await Promise.all([
    import('../../app/imported-meters.ts'),
    import('../../home-assistant/ha-link.ts'),
    import('../../home-assistant/recorder-api.ts'),
    import('../../home-assistant/own-statistics.ts'),
  ]);
  const { signal } = context;
  const log = await stderrLog(context, 'warn');
  using link = await HomeAssistantLink.open(account, systemClock, signal);
  const own = new OwnStatistics(new RecorderApi(link), systemClock, log);
  const registers = await own.registers(await importedMeters(chosen, log), signal);
  if (registers.length === 0) throw notKnown();
  const act = undo ? undoOne : importOne;
  let hours = 0;
  for (const register of registers) hours += await act(own, register, dryRun, context);
  say(context.stderr, context, summary(hours, dryRun, undo));
}

async function importOne(
  own: OwnStatistics,
  register: OwnRegister,
  dryRun: boolean,
  context: CliContext,
): Promise<number> {
  const { importTable } = await import('./import-table.ts');
  const planned = await own.planImport(register, true, context.signal);
  if (!dryRun) await own.carryOut(planned, context.signal);
  context.stdout.write(importTable(planned, context.language));
  return planned.plan.gaps.flatMap(({ hours }) => hours).length;
}

async function undoOne(
  own: OwnStatistics,
  register: OwnRegister,
  dryRun: boolean,
  context: CliContext,
): Promise<number> {
  const { undoTable } = await import('./import-table.ts');
  const planned = await own.planUndo(register, context.signal);
  if (!planned) return 0;
  if (!dryRun) await own.carryOutUndo(planned, context.signal);
  context.stdout.write(undoTable(planned, own.canRemove, context.language));
  return planned.plan.undone.length;
}

/** @throws BridgeError CONFIG_INVALID */
function accountOf({ homeAssistant: { url, token }, stateDir }: Settings): HomeAssistantAccount {
  if (url !== undefined && token !== undefined && stateDir !== undefined) return { url, token };
  throw new BridgeError(
    'CONFIG_INVALID',
    {
      en: 'history import needs home_assistant.url, home_assistant.token and state_dir',
      ja: 'history import には home_assistant.url、home_assistant.token、state_dir が必要です',
    },
    {
      hint: {
        en: 'Create a long-lived access token as an administrator (your profile in Home Assistant, Security): docs/home-assistant-statistics.md.',
        ja: 'Home Assistantの管理者のプロファイル「セキュリティ」で長期間有効なアクセストークンを作成してください（docs/ja/home-assistant-statistics.md）。',
      },
    },
  );
}

const notKnown = (): BridgeError =>
  new BridgeError('HOME_ASSISTANT_REFUSED', {
    en: 'Home Assistant has no statistics of our energy entities: it must have recorded them for some minutes first',
    ja: 'Home Assistantに電力量エンティティの統計がありません（登録後、数分間の記録が必要です）',
  });

function summary(hours: number, dryRun: boolean, undo: boolean): { readonly en: string; readonly ja: string } {
  if (hours === 0)
    return undo
      ? { en: 'nothing to undo', ja: '元に戻すものはありません' }
      : { en: 'nothing to import', ja: '書き込むものはありません' };
  if (dryRun)
    return undo
      ? { en: `hours that would be given back: ${hours}`, ja: `元に戻る時間: ${hours}（まだ戻していません）` }
      : { en: `hours that would be written: ${hours}`, ja: `書き込む時間: ${hours}（まだ書き込んでいません）` };
  return undo
    ? { en: `hours given back: ${hours}`, ja: `元に戻した時間: ${hours}` }
    : { en: `hours written: ${hours} (take them back: --undo)`, ja: `書き込んだ時間: ${hours}（元に戻すには --undo）` };
}
