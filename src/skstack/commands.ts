import { bytesOfLatin1, hex } from '../kernel/bytes.ts';
import { channelsOfMask } from '../model/scan-plan.ts';

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

/** What other programs ask of a module beyond `SkCommand`; some of it writes flash, so we never send it. */
export type OtherCommand =
  | { readonly name: 'SKSAVE' | 'SKLOAD' | 'SKERASE' | 'SKDSLEEP' | 'RUART' }
  | { readonly name: 'SKTABLE'; readonly table: number }
  | { readonly name: 'SKPING'; readonly address: string }
  | { readonly name: 'SKADDNBR'; readonly address: string; readonly macAddress: string }
  | { readonly name: 'SKSETPSK'; readonly key: string }
  | { readonly name: 'SKUDPPORT'; readonly handle: number; readonly port: number }
  | { readonly name: 'WOPT' | 'WUART'; readonly value: number };

export type HostCommand = SkCommand | OtherCommand;

/** FAIL codes a module gives before it does anything: not supported, argument count, argument form, UART input error. */
export type RefusalCode = 4 | 5 | 6 | 9;

/** One command's arguments: how many each edition takes, and their reading. `undefined` from `read` is a wrong form (ER06). */
interface Syntax {
  readonly counts: (edition: Edition) => readonly number[];
  readonly read: (args: readonly string[], edition: Edition) => HostCommand | undefined;
}

const ADDRESS = /^[0-9A-F]{4}(?::[0-9A-F]{4}){7}$/i;
const MAC = /^[0-9A-F]{16}$/i;
const SIDE = /^[01]$/;

const exactly =
  (...counts: readonly number[]) =>
  (): readonly number[] =>
    counts;
/** `count` arguments on SE, SIDE besides on DSE. */
const withSide =
  (count: number) =>
  (edition: Edition): readonly number[] => [edition === 'DSE' ? count + 1 : count];

/** A hexadecimal number of at most `digits` digits; missing leading zeros are filled in. */
function number(text: string | undefined, digits: number, from = 0, to = 16 ** digits - 1): number | undefined {
  if (text === undefined || !/^[0-9A-F]+$/i.test(text) || text.length > digits) return undefined;
  const value = Number.parseInt(text, 16);
  return value >= from && value <= to ? value : undefined;
}

const bare = (command: HostCommand): Syntax => ({ counts: exactly(0), read: () => command });

function readScan([mode = '', maskText, durationText, side]: readonly string[], edition: Edition) {
  const mask = number(maskText, 8);
  const duration = number(durationText, 1, 0, 14);
  if (!/^[023]$/.test(mode) || mask === undefined || duration === undefined) return undefined;
  if (edition === 'DSE' && !SIDE.test(side ?? '')) return undefined;
  return { name: 'SKSCAN', mode: Number(mode), mask, duration } as const;
}

function readPassword([lengthText, password = '']: readonly string[]) {
  const length = number(lengthText, 2, 1, 32);
  // A password shorter than LEN is taken with a random rest, without an error: it just never joins.
  if (length === undefined || password === '' || password.length > length) return undefined;
  return { name: 'SKSETPWD', password } as const;
}

function readRegister([register = '', value]: readonly string[]) {
  if (!/^S[0-9A-F]{1,2}$/i.test(register) || value === '') return undefined;
  return { name: 'SKSREG', register, ...(value === undefined ? {} : { value }) } as const;
}

function readPing(args: readonly string[]) {
  const address = args.at(-1) ?? '';
  if (!ADDRESS.test(address) || (args.length === 2 && !SIDE.test(args[0] ?? ''))) return undefined;
  return { name: 'SKPING', address: address.toUpperCase() } as const;
}

function readNeighbor([address = '', mac = '']: readonly string[]) {
  if (!ADDRESS.test(address) || !MAC.test(mac)) return undefined;
  return { name: 'SKADDNBR', address: address.toUpperCase(), macAddress: mac.toUpperCase() } as const;
}

function readPort([handleText, portText]: readonly string[]) {
  const handle = number(handleText, 1, 1, 6);
  const port = number(portText, 4);
  return handle === undefined || port === undefined ? undefined : ({ name: 'SKUDPPORT', handle, port } as const);
}

function readOption(name: 'WOPT' | 'WUART', text: string | undefined) {
  const value = number(text, 2);
  return value === undefined ? undefined : ({ name, value } as const);
}

const syntaxes: Readonly<Record<HostCommand['name'], Syntax>> = {
  SKVER: bare({ name: 'SKVER' }),
  SKAPPVER: bare({ name: 'SKAPPVER' }),
  SKINFO: bare({ name: 'SKINFO' }),
  SKRESET: bare({ name: 'SKRESET' }),
  SKREJOIN: bare({ name: 'SKREJOIN' }),
  SKTERM: bare({ name: 'SKTERM' }),
  SKSAVE: bare({ name: 'SKSAVE' }),
  SKLOAD: bare({ name: 'SKLOAD' }),
  SKERASE: bare({ name: 'SKERASE' }),
  SKDSLEEP: bare({ name: 'SKDSLEEP' }),
  ROPT: bare({ name: 'ROPT' }),
  RUART: bare({ name: 'RUART' }),
  SKSREG: { counts: exactly(1, 2), read: readRegister },
  SKSETPWD: { counts: exactly(2), read: readPassword },
  SKSETRBID: {
    counts: exactly(1),
    read: ([id = '']) => (id.length >= 1 && id.length <= 32 ? { name: 'SKSETRBID', id } : undefined),
  },
  SKSETPSK: {
    counts: exactly(2),
    read: ([length, key = '']) =>
      number(length, 2) === 16 && /^[0-9A-F]{32}$/i.test(key) ? { name: 'SKSETPSK', key } : undefined,
  },
  SKSCAN: { counts: withSide(3), read: readScan },
  SKLL64: {
    counts: exactly(1),
    read: ([mac = '']) => (MAC.test(mac) ? { name: 'SKLL64', macAddress: mac.toUpperCase() } : undefined),
  },
  SKJOIN: {
    counts: exactly(1),
    read: ([address = '']) => (ADDRESS.test(address) ? { name: 'SKJOIN', address: address.toUpperCase() } : undefined),
  },
  // A header in order never gets here: the reader counts its data. What does has a field of a wrong width.
  SKSENDTO: { counts: withSide(6), read: () => undefined },
  SKPING: { counts: withSide(1), read: readPing },
  SKADDNBR: { counts: exactly(2), read: readNeighbor },
  SKTABLE: {
    counts: exactly(1),
    read: ([text]) => {
      const table = number(text, 1);
      return table === undefined ? undefined : { name: 'SKTABLE', table };
    },
  },
  SKUDPPORT: { counts: exactly(2), read: readPort },
  WOPT: { counts: exactly(1), read: ([value]) => readOption('WOPT', value) },
  WUART: { counts: exactly(1), read: ([value]) => readOption('WUART', value) },
};

const isCommandName = (name: string): name is HostCommand['name'] => Object.hasOwn(syntaxes, name);

/**
 * @param text one line without its end. A blank before the end is accepted (seen with SKSCAN on DSE modules).
 * @returns the command, or the code it is refused with.
 */
export function parseCommand(text: string, edition: Edition): HostCommand | RefusalCode {
  // SKSENDTO's blank before the data counts: what follows it, be it nothing, is an argument.
  const [name = '', ...args] = (text.startsWith('SKSENDTO ') ? text : text.replace(/ $/, '')).split(' ');
  if (!isCommandName(name)) return /^[\x20-\x7e]*$/.test(text) ? 4 : 9;
  const syntax = syntaxes[name];
  if (!syntax.counts(edition).includes(args.length)) return 5;
  return syntax.read(args, edition) ?? 6;
}

/**
 * The two ASCII editions of SKSTACK-IP. DSE (dual stack) adds one field, SIDE, to some commands and lines; side 0 is
 * Route B. Found out by SKINFO (its last word), confirmed by FAIL ER05 on a wrong argument count.
 */
export type Edition = 'SE' | 'DSE';

/** How the module prints ERXUDP payload: `ROPT` → `OK 00` binary, `OK 01` hex ASCII. */
export type PrintMode = 'binary' | 'ascii';

/** SIDE of the Route B, the only one a meter reader uses. */
export const SIDE_B = 0;

/** UDP ports of this protocol: ECHONET Lite and PANA. */
export const ECHONET_PORT = 0x0e1a;
export const PANA_PORT = 0x02cc;

/** Time an active scan stays on one channel, ms: 9.6 × (2^D + 1). The DSE manual prints 96; captures prove 9.6. */
export const scanDwellMs = (duration: number): number => 9.6 * (2 ** duration + 1);

/** Time a whole scan takes, ms. */
export const scanTimeMs = (mask: number, duration: number): number =>
  channelsOfMask(mask).length * scanDwellMs(duration);
