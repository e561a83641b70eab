import type { Command } from 'commander';
import type { MeterConfig } from '../config/schema.ts';
import { systemClock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Language } from '../kernel/language.ts';
import type { Pan } from '../model/pan.ts';
import { linkLocalAddress, rssiDbmOfLqi } from '../model/pan.ts';
import { addCommand, requireConfig } from './command.ts';
import { say } from './context.ts';
import type { CliContext } from './context.ts';

interface ScanOptions {
  readonly meter?: string;
  readonly json?: boolean;
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
    .option('--json', { en: 'print JSON', ja: 'JSONで表示' }[language])
    .action(async (options: ScanOptions, command: Command) => {
      const { config } = await requireConfig(command, context);
      const meter = chooseMeter(config.meters, options.meter);
      const pans = await scan(meter, context);
      if (pans.length === 0) throw new BridgeError('PAN_NOT_FOUND', 'no meter answered');
      context.stdout.write(options.json ? `${JSON.stringify(pans.map(described))}\n` : table(pans, language));
    });
}

function chooseMeter(meters: readonly MeterConfig[], id: string | undefined): MeterConfig {
  const meter = id === undefined ? meters[0] : meters.find((candidate) => candidate.id === id);
  if (meter) return meter;
  throw new BridgeError('USAGE', `there is no meter ${id}; configured: ${meters.map(({ id }) => id).join(', ')}`);
}

async function scan(meter: MeterConfig, context: CliContext): Promise<readonly Pan[]> {
  const [{ wireOf }, { openSkstackModule }, { fullScan }, { scanTimeMs, channelsOfMask }, { createLog }] =
    await Promise.all([
      import('./device.ts'),
      import('../module/skstack-module.ts'),
      import('../supervisor/ladder.ts'),
      import('../skstack/dialect.ts'),
      import('../kernel/log.ts'),
    ]);
  const { redactor } = context;
  const destination = { write: (line: string) => void context.stderr.write(line) };
  const log = createLog({ level: 'warn', language: context.language, redactor, destination });
  const clock = systemClock;
  const wire = await wireOf(meter, clock);
  const credentials = { routeBId: meter.route_b_id, routeBPassword: meter.route_b_password };
  await using module = await openSkstackModule(wire, credentials, { clock, log }, context.signal);
  const { stackVersion, appVersion, edition } = module.info;
  say(context.stderr, context, {
    en: `${wire.name}: SKSTACK-IP ${stackVersion} (${edition}${appVersion ? `, ${appVersion}` : ''})`,
    ja: `${wire.name}: SKSTACK-IP ${stackVersion}（${edition}${appVersion ? `、${appVersion}` : ''}）`,
  });
  for (const request of fullScan) {
    const seconds = Math.ceil(scanTimeMs(request.mask, request.duration) / 1000);
    const channels = channelsOfMask(request.mask).length;
    say(context.stderr, context, {
      en: `scanning ${channels} channels, duration ${request.duration}: ${seconds} s …`,
      ja: `${channels} チャネルをスキャン中（duration ${request.duration}、約 ${seconds} 秒）…`,
    });
    const pans = await module.scan(request, context.signal);
    if (pans.length > 0) return pans;
  }
  return [];
}

const described = (pan: Pan) => ({
  channel: pan.channel,
  pan_id: pan.panId.toString(16).toUpperCase().padStart(4, '0'),
  mac_address: pan.macAddress,
  ip_address: linkLocalAddress(pan.macAddress),
  lqi: pan.lqi ?? null,
  rssi_dbm: pan.lqi === undefined ? null : rssiDbmOfLqi(pan.lqi),
});

function table(pans: readonly Pan[], language: Language): string {
  const head = { en: 'Channel  PAN ID  LQI  RSSI      Address', ja: 'チャネル PAN ID  LQI  RSSI      アドレス' }[
    language
  ];
  const rows = pans.map(described).map(({ channel, pan_id: panId, lqi, rssi_dbm: rssi, ip_address: address }) => {
    const hexChannel = channel.toString(16).toUpperCase();
    return `${`${channel} (${hexChannel})`.padEnd(8)} ${panId.padEnd(7)} ${String(lqi ?? '—').padEnd(4)} ${`${rssi ?? '—'} dBm`.padEnd(9)} ${address}`;
  });
  return `${[head, ...rows].join('\n')}\n`;
}
