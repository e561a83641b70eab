import type { Edition } from './dialect.ts';
import { SIDE_B } from './dialect.ts';
import { bytesOfLatin1, hex } from '../kernel/bytes.ts';

/**
 * What a Route-B client asks of a module, and no more: nothing here writes flash (SKSAVE, WOPT, WUART). Section numbers
 * are those of the BP35A1 command reference.
 */
export type SkCommand =
  | { readonly name: 'SKVER' }
  | { readonly name: 'SKAPPVER' }
  | { readonly name: 'SKINFO' }
  | { readonly name: 'SKRESET' }
  | { readonly name: 'SKREJOIN' }
  | { readonly name: 'SKTERM' }
  | { readonly name: 'ROPT' }
  | { readonly name: 'SKSREG'; readonly register: string; readonly value?: string }
  | { readonly name: 'SKSETPWD'; readonly password: string }
  | { readonly name: 'SKSETRBID'; readonly id: string }
  | { readonly name: 'SKSCAN'; readonly mode: number; readonly mask: number; readonly duration: number }
  | { readonly name: 'SKLL64'; readonly macAddress: string }
  | { readonly name: 'SKJOIN'; readonly address: string }
  | {
      readonly name: 'SKSENDTO';
      readonly handle: number;
      readonly address: string;
      readonly port: number;
      /** 0 plain, 1 encrypted or not at all, 2 encrypted if possible. */
      readonly security: number;
      /** 1–1232 raw bytes, whatever the print mode. */
      readonly data: Uint8Array;
    };

/** Most bytes one SKSENDTO takes (4D0h), and the most a module can still be counting after its host died. */
export const MAX_DATA_LENGTH = 1232;

/** The command's text up to its line end; for SKSENDTO up to and with the blank before the data. This is what an echo repeats. */
export function commandText(command: SkCommand, edition: Edition): string {
  const side = edition === 'DSE' ? ` ${SIDE_B}` : '';
  switch (command.name) {
    case 'SKVER':
    case 'SKAPPVER':
    case 'SKINFO':
    case 'SKRESET':
    case 'SKREJOIN':
    case 'SKTERM':
    case 'ROPT':
      return command.name;
    case 'SKSREG':
      return command.value === undefined ? `SKSREG ${command.register}` : `SKSREG ${command.register} ${command.value}`;
    case 'SKSETPWD':
      return `SKSETPWD ${hex(command.password.length, 1)} ${command.password}`;
    case 'SKSETRBID':
      return `SKSETRBID ${command.id}`;
    case 'SKSCAN':
      return `SKSCAN ${command.mode} ${hex(command.mask, 8)} ${hex(command.duration, 1)}${side}`;
    case 'SKLL64':
      return `SKLL64 ${command.macAddress}`;
    case 'SKJOIN':
      return `SKJOIN ${command.address}`;
    case 'SKSENDTO':
      return `SKSENDTO ${hex(command.handle, 1)} ${command.address} ${hex(command.port, 4)} ${command.security}${side} ${hex(command.data.length, 4)} `;
  }
}

/** The exact bytes on the wire: CRLF after a line, a lone CR after ROPT, the raw data and nothing more after SKSENDTO. */
export function encodeCommand(command: SkCommand, edition: Edition): Uint8Array {
  const text = commandText(command, edition);
  if (command.name === 'ROPT') return bytesOfLatin1(`${text}\r`);
  if (command.name !== 'SKSENDTO') return bytesOfLatin1(`${text}\r\n`);
  if (command.data.length < 1 || command.data.length > MAX_DATA_LENGTH) {
    throw new RangeError(`SKSENDTO takes 1 to ${MAX_DATA_LENGTH} bytes, not ${command.data.length}`);
  }
  const bytes = new Uint8Array(text.length + command.data.length);
  bytes.set(bytesOfLatin1(text));
  bytes.set(command.data, text.length);
  return bytes;
}
