import type { Language } from '../../kernel/language.ts';
import type { Pan } from '../../model/pan.ts';
import { linkLocalAddress, rssiDbmOfLqi } from '../../model/pan.ts';
import { hex } from '../../kernel/bytes.ts';

/** A network that was heard. */
export interface HeardPan {
  readonly pan: Pan;
  /** It answered our Pairing ID; undefined when nothing else was asked for. */
  readonly own?: boolean;
}

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

const heads: Readonly<Record<Language, string>> = {
  en: 'Channel  PAN ID  LQI  RSSI      Address',
  ja: 'チャネル PAN ID  LQI  RSSI      アドレス',
};
/** Over the column that says whose it is; the address before it has 39 characters. */
const ownHeads: Readonly<Record<Language, string>> = { en: `${' '.repeat(34)}Own`, ja: `${' '.repeat(33)}自分` };
const yesNo: Readonly<Record<Language, readonly [no: string, yes: string]>> = { en: ['no', 'yes'], ja: ['×', '○'] };

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
    return [...cells, ...(own === undefined ? [] : [` ${yesNo[language][own ? 1 : 0]}`])].join(' ');
  });
  return `${[heads[language] + (tellsOwn ? ownHeads[language] : ''), ...rows].join('\n')}\n`;
}
