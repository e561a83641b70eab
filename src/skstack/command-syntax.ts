import type { SkCommand } from './commands.ts';
import type { Edition } from './dialect.ts';

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
