import type { Command } from 'commander';
import { addCommand, requireSettings } from '../app/command.ts';
import type { CliContext } from '../app/context.ts';

interface ScanOptions {
  readonly meter?: string;
  readonly all?: true;
  readonly json?: true;
}

/** `scan`: looks for the meter of one stick and tells channel, PAN ID, address and how well it is heard. */
export function addScanCommand(program: Command, context: CliContext): void {
  const { language } = context;
  addCommand(program, context, 'scan', {
    en: 'look for the meter once: channel, PAN ID, LQI',
    ja: 'メーターを一度スキャン（チャネル・PAN ID・LQI）',
  })
    .option(
      '--meter <ID>',
      { en: 'which meter of the configuration (default: the first)', ja: '設定のどのメーターか（既定: 最初）' }[
        language
      ],
    )
    .option(
      '--all',
      {
        en: 'every channel to the end, and networks of others too where the stick can hear them',
        ja: '全チャネルを最後までスキャン。可能なら他のネットワークも表示',
      }[language],
    )
    .option('--json', { en: 'print JSON', ja: 'JSONで表示' }[language])
    .action(async (options: ScanOptions, command: Command) => {
      const { settings } = await requireSettings(command, context);
      const [{ BridgeError }, { chooseMeters }, { scanPort }, { scanJson, scanTable }] = await Promise.all([
        import('../kernel/errors.ts'),
        import('../app/load-settings.ts'),
        import('./scan/scan-port.ts'),
        import('./scan/scan-formats.ts'),
      ]);
      const [meter] = chooseMeters(settings.meters, options.meter);
      if (!meter) throw new RangeError('a configuration without meters passed the schema');
      const heard = await scanPort(settings, meter, options.all === true, context);
      if (heard.length > 0) context.stdout.write(options.json ? scanJson(heard) : scanTable(heard, language));
      if (heard.some(({ own }) => own !== false)) return;
      throw new BridgeError('PAN_NOT_FOUND', heard.length === 0 ? 'no meter answered' : 'your meter did not answer');
    });
}
