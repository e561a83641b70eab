import type { Command } from 'commander';
import { hex } from '../kernel/bytes.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Language, Text } from '../kernel/language.ts';
import { linkLocalAddress, rssiDbmOfLqi } from '../model/pan.ts';
import { addCommand, ONE_METER, requireSettings } from '../app/command.ts';
import type { CliContext } from '../app/context.ts';
import { chooseMeters } from '../app/load-settings.ts';
import type { HeardPan } from './scan/scan-port.ts';

interface ScanOptions {
  readonly meter?: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

/** `scan`: looks for the meter of one stick and tells channel, PAN ID, address and how well it is heard. */
export function addScanCommand(program: Command, context: CliContext): void {
  const help = {
    en: 'look for the meter once: channel, PAN ID, LQI',
    ja: 'メーターを一度スキャン（チャネル・PAN ID・LQI）',
  };
  addCommand(program, context, 'scan', help, [
    ONE_METER,
    [
      '--all',
      {
        en: 'every channel to the end, and networks of others too where the stick can hear them',
        ja: '全チャネルを最後までスキャン。可能なら他のネットワークも表示',
      },
    ],
    ['--json', { en: 'print JSON', ja: 'JSONで表示' }],
  ]).action(async ({ meter: wanted, all = false, json = false }: ScanOptions, command: Command) => {
    const { settings } = await requireSettings(command, context);
    const [meter] = chooseMeters(settings.meters, wanted);
    if (!meter) throw new RangeError('a configuration without meters passed the schema');
    const { scanPort } = await import('./scan/scan-port.ts');
    const heard = await scanPort(settings, meter, all, context);
    if (heard.length > 0) context.stdout.write(json ? scanJson(heard) : scanTable(heard, context.language));
    if (heard.every(({ own }) => own === false))
      throw new BridgeError('PAN_NOT_FOUND', heard.length === 0 ? NOBODY : ONLY_OTHERS);
  });
}

const NOBODY: Text = { en: 'no meter answered', ja: 'メーターの応答がありません' };
const ONLY_OTHERS: Text = { en: 'your meter did not answer', ja: '自分のメーターの応答がありません' };

const described = ({ pan, own }: HeardPan) => ({
  channel: pan.channel,
  pan_id: hex(pan.panId, 4),
  mac_address: pan.macAddress,
  ip_address: linkLocalAddress(pan.macAddress),
  lqi: pan.lqi ?? null,
  rssi_dbm: pan.rssiDbm ?? (pan.lqi === undefined ? null : rssiDbmOfLqi(pan.lqi)),
  ...(own === undefined ? {} : { own }),
});

export const scanJson = (heard: readonly HeardPan[]): string => `${JSON.stringify(heard.map(described))}\n`;

const HEADS: Readonly<Record<Language, string>> = {
  en: 'Channel  PAN ID  LQI  RSSI      Address',
  ja: 'チャネル PAN ID  LQI  RSSI      アドレス',
};
/** Over the column that says whose it is; the address before it has 39 characters. */
const OWN_HEADS: Readonly<Record<Language, string>> = { en: `${' '.repeat(34)}Own`, ja: `${' '.repeat(33)}自分` };
const NO_YES: Readonly<Record<Language, readonly [no: string, yes: string]>> = { en: ['no', 'yes'], ja: ['×', '○'] };

/** A line for each network under one for the columns. */
export function scanTable(heard: readonly HeardPan[], language: Language): string {
  const tellsOwn = heard.some(({ own }) => own !== undefined);
  const rows = heard.map((one) => {
    const { channel, pan_id: panId, lqi, rssi_dbm: rssi, ip_address: address, own } = described(one);
    const cells = [
      `${channel} (${hex(channel, 2)})`.padEnd(8),
      panId.padEnd(7),
      String(lqi ?? '—').padEnd(4),
      `${rssi ?? '—'} dBm`.padEnd(9),
      address,
    ];
    return [...cells, ...(own === undefined ? [] : [` ${NO_YES[language][own ? 1 : 0]}`])].join(' ');
  });
  return `${[HEADS[language] + (tellsOwn ? OWN_HEADS[language] : ''), ...rows].join('\n')}\n`;
}
