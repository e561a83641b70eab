import { bytesOfLatin1, hex } from '../kernel/bytes.ts';
import { channelsOfMask } from '../model/scan-plan.ts';

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

/** One argument, both ways. Methods, so that a table may hold arguments of any type. */
interface Argument<T> {
  /** Words of the line it takes: 1 unless it says so. */
  readonly words?: number;
  readonly isOptional?: true;
  /** @returns undefined for a wrong form (ER06) */
  read(...words: readonly string[]): T | undefined;
  write(value: T): string;
}

const asWritten = (form: RegExp): Argument<string> => ({
  read: (text: string) => (form.test(text) ? text : undefined),
  write: (text) => text,
});
const inCapitals = (form: RegExp): Argument<string> => ({
  read: (text: string) => (form.test(text) ? text.toUpperCase() : undefined),
  write: (text) => text,
});
const digit = (form: RegExp): Argument<number> => ({
  read: (text: string) => (form.test(text) ? Number(text) : undefined),
  write: String,
});
/** A hexadecimal number of at most `digits` digits; missing leading zeros are filled in. */
const hexNumber = (digits: number, from = 0, to = Infinity): Argument<number> => ({
  read: (text: string) => {
    if (!/^[0-9A-F]+$/i.test(text) || text.length > digits) return undefined;
    const value = Number.parseInt(text, 16);
    return value >= from && value <= to ? value : undefined;
  },
  write: (value) => hex(value, digits),
});

const ADDRESS = inCapitals(/^[0-9A-F]{4}(?::[0-9A-F]{4}){7}$/i);
const MAC = inCapitals(/^[0-9A-F]{16}$/i);
const LENGTH = hexNumber(2, 1, 32);
const PASSWORD: Argument<string> = {
  words: 2,
  // A password shorter than LEN is taken with a random rest, without an error: it just never joins.
  read: (length: string, text: string) => (text !== '' && text.length <= (LENGTH.read(length) ?? 0) ? text : undefined),
  write: (text) => `${hex(text.length, 1)} ${text}`,
};
const KEY: Argument<string> = {
  words: 2,
  read: (length: string, text: string) =>
    LENGTH.read(length) === 16 && /^[0-9A-F]{32}$/i.test(text) ? text : undefined,
  write: (text) => `10 ${text}`,
};
/** A header in order never gets here: the reader counts its data. What does has a wrong field, whichever it is. */
const DATA: Argument<Uint8Array> = { words: 2, read: () => undefined, write: (data) => `${hex(data.length, 4)} ` };
/** Stands on DSE only, and in no command of ours. */
const SIDE = ['side', { ...digit(/^[01]$/), write: () => String(SIDE_B) }] as const;

type CommandOf<Name, Each = HostCommand> = Each extends { readonly name: infer Names }
  ? Name extends Names
    ? Each
    : never
  : never;
type Row<Command> =
  { [Key in keyof Command]-?: readonly [Key, Argument<NonNullable<Command[Key]>>] }[keyof Command] | typeof SIDE;

/** The arguments of each command, in their order. */
const SYNTAX: { readonly [Name in HostCommand['name']]: readonly Row<Omit<CommandOf<Name>, 'name'>>[] } = {
  SKVER: [],
  SKAPPVER: [],
  SKINFO: [],
  SKRESET: [],
  SKREJOIN: [],
  SKTERM: [],
  SKSAVE: [],
  SKLOAD: [],
  SKERASE: [],
  SKDSLEEP: [],
  ROPT: [],
  RUART: [],
  SKSREG: [
    ['register', asWritten(/^S[0-9A-F]{1,2}$/i)],
    ['value', { ...asWritten(/./), isOptional: true }],
  ],
  SKSETPWD: [['password', PASSWORD]],
  SKSETRBID: [['id', asWritten(/^[^]{1,32}$/)]],
  SKSETPSK: [['key', KEY]],
  SKSCAN: [['mode', digit(/^[023]$/)], ['mask', hexNumber(8)], ['duration', hexNumber(1, 0, 14)], SIDE],
  SKLL64: [['macAddress', MAC]],
  SKJOIN: [['address', ADDRESS]],
  SKSENDTO: [
    ['handle', hexNumber(1)],
    ['address', ADDRESS],
    ['port', hexNumber(4)],
    ['security', hexNumber(1)],
    SIDE,
    ['data', DATA],
  ],
  SKPING: [SIDE, ['address', ADDRESS]],
  SKADDNBR: [
    ['address', ADDRESS],
    ['macAddress', MAC],
  ],
  SKTABLE: [['table', hexNumber(1)]],
  SKUDPPORT: [
    ['handle', hexNumber(1, 1, 6)],
    ['port', hexNumber(4)],
  ],
  WOPT: [['value', hexNumber(2)]],
  WUART: [['value', hexNumber(2)]],
};

const isCommandName = (name: string): name is HostCommand['name'] => Object.hasOwn(SYNTAX, name);

function argumentsOf(name: HostCommand['name'], edition: Edition): readonly (readonly [string, Argument<unknown>])[] {
  const row: readonly (readonly [string, Argument<unknown>])[] = SYNTAX[name];
  return edition === 'DSE' ? row : row.filter(([key]) => key !== 'side');
}

/** The command's text up to its line end; for SKSENDTO up to and with the blank before the data. This is what an echo repeats. */
export function commandText(command: HostCommand, edition: Edition): string {
  const values: Readonly<Record<string, unknown>> = { ...command };
  const words = argumentsOf(command.name, edition).flatMap(([key, argument]) =>
    argument.isOptional && values[key] === undefined ? [] : argument.write(values[key]),
  );
  return [command.name, ...words].join(' ');
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

/**
 * @param text one line without its end. A blank before the end is accepted (seen with SKSCAN on DSE modules).
 * @returns the command, or the code it is refused with.
 */
export function parseCommand(text: string, edition: Edition): HostCommand | RefusalCode {
  // SKSENDTO's blank before the data counts: what follows it, be it nothing, is an argument.
  const [name = '', ...words] = (text.startsWith('SKSENDTO ') ? text : text.replace(/ $/, '')).split(' ');
  if (!isCommandName(name)) return /^[\x20-\x7e]*$/.test(text) ? 4 : 9;
  const row = argumentsOf(name, edition);
  const count = row.reduce((sum, [, argument]) => sum + (argument.words ?? 1), 0);
  const isShort = row.at(-1)?.[1].isOptional === true && words.length === count - 1;
  if (words.length !== count && !isShort) return 5;
  const command: Record<string, unknown> = { name };
  let at = 0;
  for (const [key, argument] of isShort ? row.slice(0, -1) : row) {
    const from = at;
    at += argument.words ?? 1;
    const value = argument.read(...words.slice(from, at));
    if (value === undefined) return 6;
    if (key !== 'side') command[key] = value;
  }
  return command as HostCommand;
}
