import type { SkLine } from '../../src/skstack/events.ts';
import { hex, hexOfBytes } from '../../src/kernel/bytes.ts';

/** An SkLine with everything in it, as one short text to compare and to read. @param names addresses to print by name. */
export function describeLine(line: SkLine, names: Readonly<Record<string, string>> = {}): string {
  const name = (address: string): string =>
    Object.entries(names).find(([, known]) => known === address)?.[0] ?? (address || 'nobody');
  switch (line.kind) {
    case 'ok':
      return line.value === undefined ? 'ok' : `ok ${line.value}`;
    case 'fail':
      return `fail ${line.code}`;
    case 'event':
      return `event ${hex(line.number, 2)} ${name(line.from)}${side(line)}${
        line.param === undefined ? '' : ` param ${hex(line.param, 2)}`
      }`;
    case 'rxudp':
      return [
        `rxudp ${name(line.from)} > ${name(line.to)} ${hex(line.remotePort, 4)} ${hex(line.localPort, 4)} ${line.macAddress}`,
        line.lqi === undefined ? '' : ` lqi ${hex(line.lqi, 2)}`,
        `${line.secured ? ' secured' : ' plain'}${side(line)} ${hexOfBytes(line.payload)}`,
      ].join('');
    case 'pan':
      return 'pan';
    case 'panField':
      return `${line.name}=${line.value}`;
    case 'version':
    case 'appVersion':
    case 'register':
      return `${line.kind} ${line.value}`;
    case 'info':
      return `info ${name(line.address)} ${line.macAddress} ${hex(line.channel, 2)} ${hex(line.panId, 4)} ${line.edition ?? '?'}`;
    case 'address':
      return `address ${name(line.address)}`;
    case 'echo':
      return `echo ${line.text}`;
    case 'noise':
      return `noise ${line.reason}`;
  }
}

const side = (line: { readonly side?: number }): string => (line.side === undefined ? '' : ` side ${line.side}`);
