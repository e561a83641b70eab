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
import { RESPONSE, result } from './responses.ts';
import type { J11Response } from './responses.ts';

/**
 * The requests this program sends or its simulator answers, ROHM 63TR008E by sections 3.2 and 3.4. 00F0 (write mode, by
 * its name) is missing on purpose: it must never be sent.
 */
export const commandCodes = {
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
export type CommandName = keyof typeof commandCodes;

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

/** The whole frame, as the host sends it. @throws RangeError for ID or password of another length. */
export const encodeCommand = (command: J11Command): Uint8Array =>
  encodeFrame('host', { code: commandCodes[command.name], data: dataOf(command) });

function dataOf(command: J11Command): Uint8Array {
  switch (command.name) {
    case 'openPort':
    case 'closePort':
      return Uint8Array.from(bytesOf16(command.port));
    case 'send': {
      const { destination, sourcePort, destinationPort, payload } = command;
      const ports = [...bytesOf16(sourcePort), ...bytesOf16(destinationPort), ...bytesOf16(payload.length)];
      return Uint8Array.of(...bytesOfAddress(destination), ...ports, ...payload);
    }
    case 'scan': {
      const { duration, mask, pairingId } = command;
      const id = pairingId === undefined ? [0] : [1, ...bytesOfLatin1(pairingId)];
      return Uint8Array.of(duration, ...bytesOf32(mask), ...id);
    }
    case 'setCredentials': {
      const { id, password } = command;
      if (id.length !== ID_LENGTH || password.length !== PASSWORD_LENGTH)
        throw new RangeError('ID or password has a wrong length'); // a firmware would take what stands behind it
      return bytesOfLatin1(id + password);
    }
    case 'configure':
      return Uint8Array.of(command.mode, command.hanSleep, command.channel, command.power);
    case 'setFlowControl':
      return Uint8Array.of(command.value);
    default:
      return new Uint8Array();
  }
}

export type ParsedCommand =
  | { readonly kind: 'command'; readonly command: J11Command }
  /** Not understood: answered with FFFF. */
  | { readonly kind: 'unknown' }
  /** Answered with this result. */
  | { readonly kind: 'refused'; readonly result: number };

const names: ReadonlyMap<number, CommandName> = new Map(
  Object.entries(commandCodes).map(([name, code]) => [code, name as CommandName] as const),
);

/** What the module makes of a request frame. */
export function parseCommand({ code, data }: J11Frame): ParsedCommand {
  const name = names.get(code);
  if (name === undefined) return { kind: 'unknown' };
  const parsed = commandOf(name, data);
  return typeof parsed === 'number' ? { kind: 'refused', result: parsed } : { kind: 'command', command: parsed };
}

/** @returns the result byte where the data do not fit. */
function commandOf(name: CommandName, data: Uint8Array): J11Command | number {
  switch (name) {
    case 'openPort':
    case 'closePort':
      if (data.length !== 2) return result.badLength;
      return readU16(data, 0) === 0 ? result.badParameter : { name, port: readU16(data, 0) };
    case 'send':
      return sendOf(data);
    case 'scan':
      return scanOf(data);
    case 'setCredentials':
      if (data.length !== ID_LENGTH + PASSWORD_LENGTH) return result.badLength;
      return {
        name,
        id: latin1OfBytes(data.subarray(0, ID_LENGTH)),
        password: latin1OfBytes(data.subarray(ID_LENGTH)),
      };
    case 'configure': {
      const [mode = 0, hanSleep = 0, channel = 0, power = 0] = data;
      if (data.length !== 4) return result.badLength;
      const fits = mode === ROUTE_B_AND_HAN && hanSleep <= 1 && channelOfJ11(channel) !== undefined && power <= 2;
      return fits ? { name, mode, hanSleep, channel, power } : result.badParameter;
    }
    case 'setFlowControl':
      return data.length === 1 ? { name, value: data[0] ?? 0 } : result.badLength;
    default:
      return data.length === 0 ? { name } : result.badLength;
  }
}

function sendOf(data: Uint8Array): J11Command | number {
  if (data.length <= SEND_HEADER_LENGTH || data.length > SEND_HEADER_LENGTH + MAX_PAYLOAD_LENGTH)
    return result.badLength;
  if (readU16(data, 20) !== data.length - SEND_HEADER_LENGTH) return result.badLength;
  return {
    name: 'send',
    destination: addressOf(data),
    sourcePort: readU16(data, 16),
    destinationPort: readU16(data, 18),
    payload: data.slice(SEND_HEADER_LENGTH),
  };
}

/** Without a Pairing ID its place is left out, or filled with zeros: both are seen. */
function scanOf(data: Uint8Array): J11Command | number {
  const [duration = 0] = data;
  const flag = data[5];
  if (data.length !== 6 && data.length !== 6 + PAIRING_ID_LENGTH) return result.badLength;
  if (flag === 1 && data.length === 6) return result.badLength;
  const mask = readU32(data, 1);
  const maskFits = mask > 0 && (mask & ~ALL_CHANNELS) === 0;
  if (duration < MIN_DURATION || duration > MAX_DURATION || !maskFits || (flag ?? 2) > 1) return result.badParameter;
  return { name: 'scan', duration, mask, pairingId: flag === 1 ? latin1OfBytes(data.subarray(6)) : undefined };
}

/** @returns undefined for any frame that does not answer this command. */
export function responseTo(name: CommandName, { code, data }: J11Frame): J11Response | undefined {
  const [first] = data;
  return code === commandCodes[name] + RESPONSE && first !== undefined
    ? { result: first, data: data.subarray(1) }
    : undefined;
}
