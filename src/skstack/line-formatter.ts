import { SIDE_B } from './commands.ts';
import type { Edition, PrintMode } from './commands.ts';
import type { RxUdp, SkEvent, SkInfo, SkLine } from './events.ts';
import { bytesOfLatin1, hex, hexOfBytes } from '../kernel/bytes.ts';

/** The inverse of `parseLine`: the exact bytes with which a module of this edition and print mode says it, line end included. */
export function formatLine(line: SkLine, edition: Edition, printMode: PrintMode): Uint8Array {
  if (line.kind === 'rxudp') return formatRxUdp(line, edition, printMode);
  // Only product commands answer OK with a value, and those end in CR alone.
  const end = line.kind === 'ok' && line.value !== undefined ? '\r' : '\r\n';
  return bytesOfLatin1(textOf(line, edition) + end);
}

function textOf(line: Exclude<SkLine, RxUdp>, edition: Edition): string {
  switch (line.kind) {
    case 'ok':
      return line.value === undefined ? 'OK' : `OK ${line.value}`;
    case 'fail':
      return `FAIL ER${String(line.code).padStart(2, '0')}`;
    case 'event':
      return eventText(line, edition);
    case 'pan':
      return 'EPANDESC';
    case 'panField':
      return `  ${line.name}:${line.value}`;
    case 'version':
      return `EVER ${line.value}`;
    case 'appVersion':
      return `EAPPVER ${line.value}`;
    case 'info':
      return infoText(line, edition);
    case 'register':
      return `ESREG ${line.value}`;
    case 'address':
      return line.address;
    case 'echo':
    case 'noise':
      return line.text;
  }
}

function eventText(event: SkEvent, edition: Edition): string {
  const words = ['EVENT', hex(event.number, 2)];
  if (event.from !== '') {
    words.push(event.from);
    if (edition === 'DSE') words.push(String(event.side ?? SIDE_B));
  }
  if (event.param !== undefined) words.push(hex(event.param, 2));
  return words.join(' ');
}

function infoText(info: SkInfo, edition: Edition): string {
  const last = edition === 'DSE' ? String(SIDE_B) : 'FFFE';
  return `EINFO ${info.address} ${info.macAddress} ${hex(info.channel, 2)} ${hex(info.panId, 4)} ${last}`;
}

function formatRxUdp(line: RxUdp, edition: Edition, printMode: PrintMode): Uint8Array {
  const words = ['ERXUDP', line.from, line.to, hex(line.remotePort, 4), hex(line.localPort, 4), line.macAddress];
  if (edition === 'DSE' && line.lqi !== undefined) words.push(hex(line.lqi, 2));
  words.push(line.secured ? '1' : '0');
  if (edition === 'DSE') words.push(String(line.side ?? SIDE_B));
  words.push(hex(line.payload.length, 4), '');
  const header = words.join(' ');
  if (printMode === 'ascii') return bytesOfLatin1(`${header}${hexOfBytes(line.payload)}\r\n`);
  const bytes = new Uint8Array(header.length + line.payload.length + 2);
  bytes.set(bytesOfLatin1(header));
  bytes.set(line.payload, header.length);
  bytes.set([0x0d, 0x0a], header.length + line.payload.length);
  return bytes;
}

/** One network as an active scan prints it. */
export interface PanDescription {
  readonly channel: number;
  readonly panId: number;
  readonly macAddress: string;
  readonly lqi: number;
  /** Eight characters; only scan mode 2 prints it. */
  readonly pairId?: string;
}

/** The lines of an EPANDESC block. */
export function panLines(pan: PanDescription, edition: Edition): SkLine[] {
  const field = (name: string, value: string): SkLine => ({ kind: 'panField', name, value });
  return [
    { kind: 'pan' },
    field('Channel', hex(pan.channel, 2)),
    field('Channel Page', '09'),
    field('Pan ID', hex(pan.panId, 4)),
    field('Addr', pan.macAddress),
    field('LQI', hex(pan.lqi, 2)),
    ...(edition === 'DSE' ? [field('Side', String(SIDE_B))] : []),
    ...(pan.pairId === undefined ? [] : [field('PairID', pan.pairId)]),
  ];
}
