import {
  addressOf,
  bytesOf16,
  bytesOf32,
  bytesOfAddress,
  bytesOfLatin1,
  latin1OfBytes,
  readU16,
  readU32,
} from '../kernel/bytes.ts';
import { ALL_CHANNELS, channelOfJ11, MAX_DURATION, MIN_DURATION } from './channels.ts';
import { encodeFrame } from './frame.ts';
import type { J11Frame } from './frame.ts';
import { RESPONSE, RESULT } from './responses.ts';
import type { J11Response } from './responses.ts';

/**
 * The requests this program sends or its simulator answers, ROHM 63TR008E by sections 3.2 and 3.4. 00F0 (write mode, by
 * its name) is missing on purpose: it must never be sent.
 */
export const COMMAND_CODES = {
  status: 0x0001,
  openPort: 0x0005,
  closePort: 0x0006,
  openPorts: 0x0007,
  send: 0x0008,
  ownAddress: 0x0009,
  ownMac: 0x000e,
  scan: 0x0051,
  startRouteB: 0x0053,
  setCredentials: 0x0054,
  startPana: 0x0056,
  endPana: 0x0057,
  stopRouteB: 0x0058,
  panId: 0x005e,
  configure: 0x005f,
  version: 0x006b,
  reauthenticate: 0x00d2,
  /** Has no response: 6019 follows when the module is up again. */
  reset: 0x00d9,
  settings: 0x0107,
  setFlowControl: 0x010a,
  flowControl: 0x010b,
} as const;
export type CommandName = keyof typeof COMMAND_CODES;

type NameWithData = 'openPort' | 'closePort' | 'send' | 'scan' | 'setCredentials' | 'configure' | 'setFlowControl';

/** 0008. Addresses in full form, upper case. */
export interface SendCommand {
  readonly name: 'send';
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** 1–1232 bytes. */
  readonly payload: Uint8Array;
}
/** 0051. The response comes when all channels of `mask` have been listened to. */
export interface ScanCommand {
  readonly name: 'scan';
  /** 1–14: {@link dwellMs} on each channel. */
  readonly duration: number;
  /** Bit n = channel n, 4–17. */
  readonly mask: number;
  /** Last 8 characters of the Route-B ID: only that meter answers. Undefined: any does. */
  readonly pairingId: string | undefined;
}
/** 005F. */
export interface ConfigureCommand {
  readonly name: 'configure';
  /** 5 = B-route and HAN, the only one with a Route B. */
  readonly mode: number;
  readonly hanSleep: number;
  /** 4–17. */
  readonly channel: number;
  /** 0 = 20 mW, 1 = 10 mW, 2 = 1 mW. */
  readonly power: number;
}

type PlainName = Exclude<CommandName, NameWithData>;

export type J11Command =
  | { [Name in PlainName]: { readonly name: Name } }[PlainName]
  | { readonly name: 'openPort' | 'closePort'; readonly port: number }
  | SendCommand
  | ScanCommand
  /** 0054: 32 and 12 characters. */
  | { readonly name: 'setCredentials'; readonly id: string; readonly password: string }
  | ConfigureCommand
  | { readonly name: 'setFlowControl'; readonly value: number };

/** `mode` of 005F with a Route B, and its power. */
export const ROUTE_B_AND_HAN = 0x05;
export const POWER_20_MW = 0x00;

const ID_LENGTH = 32;
const PASSWORD_LENGTH = 12;
const PAIRING_ID_LENGTH = 8;
const SEND_HEADER_LENGTH = 22;
const MAX_PAYLOAD_LENGTH = 1232;

/** The data of one command, both ways. */
interface DataForm<Fields> {
  /** @returns the result byte where the data do not fit. */
  read(data: Uint8Array): Fields | number;
  write(fields: Fields): Uint8Array;
}
type FieldsOf<Name, Each = J11Command> = Each extends { readonly name: infer Names }
  ? Name extends Names
    ? Omit<Each, 'name'>
    : never
  : never;

const nothing: DataForm<object> = {
  read: (data) => (data.length === 0 ? {} : RESULT.badLength),
  write: () => new Uint8Array(),
};
const port: DataForm<FieldsOf<'openPort'>> = {
  read: (data) => {
    if (data.length !== 2) return RESULT.badLength;
    return readU16(data, 0) === 0 ? RESULT.badParameter : { port: readU16(data, 0) };
  },
  write: (command) => Uint8Array.from(bytesOf16(command.port)),
};
const datagram: DataForm<FieldsOf<'send'>> = {
  read: (data) => {
    if (data.length <= SEND_HEADER_LENGTH || data.length > SEND_HEADER_LENGTH + MAX_PAYLOAD_LENGTH)
      return RESULT.badLength;
    if (readU16(data, 20) !== data.length - SEND_HEADER_LENGTH) return RESULT.badLength;
    return {
      destination: addressOf(data),
      sourcePort: readU16(data, 16),
      destinationPort: readU16(data, 18),
      payload: data.slice(SEND_HEADER_LENGTH),
    };
  },
  write: ({ destination, sourcePort, destinationPort, payload }) => {
    const numbers = [sourcePort, destinationPort, payload.length].flatMap(bytesOf16);
    return Uint8Array.of(...bytesOfAddress(destination), ...numbers, ...payload);
  },
};
const scan: DataForm<FieldsOf<'scan'>> = {
  /** Without a Pairing ID its place is left out, or filled with zeros: both are seen. */
  read: (data) => {
    const [duration = 0] = data;
    const flag = data[5];
    if (data.length !== 6 && data.length !== 6 + PAIRING_ID_LENGTH) return RESULT.badLength;
    if (flag === 1 && data.length === 6) return RESULT.badLength;
    const mask = readU32(data, 1);
    const maskFits = mask > 0 && (mask & ~ALL_CHANNELS) === 0;
    if (duration < MIN_DURATION || duration > MAX_DURATION || !maskFits || (flag ?? 2) > 1) return RESULT.badParameter;
    return { duration, mask, pairingId: flag === 1 ? latin1OfBytes(data.subarray(6)) : undefined };
  },
  write: ({ duration, mask, pairingId }) => {
    const id = pairingId === undefined ? [0] : [1, ...bytesOfLatin1(pairingId)];
    return Uint8Array.of(duration, ...bytesOf32(mask), ...id);
  },
};
const credentials: DataForm<FieldsOf<'setCredentials'>> = {
  read: (data) => {
    if (data.length !== ID_LENGTH + PASSWORD_LENGTH) return RESULT.badLength;
    return { id: latin1OfBytes(data.subarray(0, ID_LENGTH)), password: latin1OfBytes(data.subarray(ID_LENGTH)) };
  },
  write: ({ id, password }) => {
    if (id.length !== ID_LENGTH || password.length !== PASSWORD_LENGTH)
      throw new RangeError('ID or password has a wrong length'); // a firmware would take what stands behind it
    return bytesOfLatin1(id + password);
  },
};
const settings: DataForm<FieldsOf<'configure'>> = {
  read: (data) => {
    const [mode = 0, hanSleep = 0, channel = 0, power = 0] = data;
    if (data.length !== 4) return RESULT.badLength;
    const fits = mode === ROUTE_B_AND_HAN && hanSleep <= 1 && channelOfJ11(channel) !== undefined && power <= 2;
    return fits ? { mode, hanSleep, channel, power } : RESULT.badParameter;
  },
  write: ({ mode, hanSleep, channel, power }) => Uint8Array.of(mode, hanSleep, channel, power),
};
const oneByte: DataForm<FieldsOf<'setFlowControl'>> = {
  read: ([value, ...rest]) => (value === undefined || rest.length > 0 ? RESULT.badLength : { value }),
  write: ({ value }) => Uint8Array.of(value),
};

const WITH_DATA: { readonly [Name in NameWithData]: DataForm<FieldsOf<Name>> } = {
  openPort: port,
  closePort: port,
  send: datagram,
  scan,
  setCredentials: credentials,
  configure: settings,
  setFlowControl: oneByte,
};
const formOf = (name: CommandName): DataForm<object> => (name in WITH_DATA ? WITH_DATA[name as NameWithData] : nothing);

/** The whole frame, as the host sends it. @throws RangeError for ID or password of another length. */
export const encodeCommand = (command: J11Command): Uint8Array =>
  encodeFrame('host', { code: COMMAND_CODES[command.name], data: formOf(command.name).write(command) });

export type ParsedCommand =
  | { readonly kind: 'command'; readonly command: J11Command }
  /** Not understood: answered with FFFF. */
  | { readonly kind: 'unknown' }
  /** Answered with this result. */
  | { readonly kind: 'refused'; readonly result: number };

const NAMES = Object.keys(COMMAND_CODES) as readonly CommandName[];

/** What the module makes of a request frame. */
export function parseCommand({ code, data }: J11Frame): ParsedCommand {
  const name = NAMES.find((name) => COMMAND_CODES[name] === code);
  if (name === undefined) return { kind: 'unknown' };
  const fields = formOf(name).read(data);
  if (typeof fields === 'number') return { kind: 'refused', result: fields };
  return { kind: 'command', command: { name, ...fields } as J11Command };
}

/** @returns undefined for any frame that does not answer this command. */
export function responseTo(name: CommandName, { code, data }: J11Frame): J11Response | undefined {
  const [first] = data;
  return code === COMMAND_CODES[name] + RESPONSE && first !== undefined
    ? { result: first, data: data.subarray(1) }
    : undefined;
}
