import { bytesOf16, bytesOf32, bytesOfHex, signed8, hexOfBytes, readU16, readU32 } from '../kernel/bytes.ts';
import { commandCodes } from './commands.ts';
import type { CommandName } from './commands.ts';
import { encodeFrame } from './frame.ts';
import type { J11Frame } from './frame.ts';

/** A response has its request's code and this. */
export const RESPONSE = 0x2000;
/** The module's answer to a header whose sum is wrong, and to a code it does not know. */
export const BAD_HEADER = 0x2fff;
export const UNKNOWN_COMMAND = 0xffff;

export interface J11Response {
  readonly result: number;
  /** What stands behind the result byte. */
  readonly data: Uint8Array;
}

/** @returns undefined for any frame that does not answer this command. */
export function responseTo(name: CommandName, { code, data }: J11Frame): J11Response | undefined {
  const [first] = data;
  return code === commandCodes[name] + RESPONSE && first !== undefined
    ? { result: first, data: data.subarray(1) }
    : undefined;
}

export const encodeResponse = (code: number, result: number, data: Iterable<number> = []): Uint8Array =>
  encodeFrame('module', { code: code + RESPONSE, data: Uint8Array.of(result, ...data) });

/** 0001: what runs. */
export interface ModuleStatus {
  readonly started: boolean;
  /** `mac`: connected to a meter's network; `authenticated`: a PANA session stands. */
  readonly routeB: 'none' | 'mac' | 'authenticated';
}
const STARTED = 0x03;
const NOT_STARTED = 0x02;
const routeBStates = ['none', 'mac', 'authenticated'] as const;

export function decodeStatus(data: Uint8Array): ModuleStatus | undefined {
  const routeB = routeBStates[(data[1] ?? 0) - 1];
  if (data.length < 2 || routeB === undefined) return undefined;
  return { started: data[0] === STARTED, routeB };
}
export const encodeStatus = ({ started, routeB }: ModuleStatus): readonly number[] => [
  started ? STARTED : NOT_STARTED,
  routeBStates.indexOf(routeB) + 1,
  0x01, // no HAN
];

/** 006B. */
export interface Version {
  readonly firmwareId: number;
  readonly major: number;
  readonly minor: number;
  readonly revision: number;
}
export function decodeVersion(data: Uint8Array): Version | undefined {
  if (data.length < 8) return undefined;
  const [, , major = 0, minor = 0] = data;
  return { firmwareId: readU16(data, 0), major, minor, revision: readU32(data, 4) };
}
export const encodeVersion = ({ firmwareId, major, minor, revision }: Version): readonly number[] => [
  ...bytesOf16(firmwareId),
  major,
  minor,
  ...bytesOf32(revision),
];

/** The network 0053 connected to. */
export interface Connection {
  /** 4–17. */
  readonly channel: number;
  readonly panId: number;
  readonly macAddress: string;
  readonly rssiDbm: number;
}
export function decodeConnection(data: Uint8Array): Connection | undefined {
  if (data.length < 12) return undefined;
  const [channel = 0] = data;
  return {
    channel,
    panId: readU16(data, 1),
    macAddress: hexOfBytes(data.slice(3, 11)),
    rssiDbm: signed8(data[11] ?? 0),
  };
}
export const encodeConnection = ({ channel, panId, macAddress, rssiDbm }: Connection): readonly number[] => [
  channel,
  ...bytesOf16(panId),
  ...bytesOfHex(macAddress),
  rssiDbm & 0xff,
];

/** Low half-byte of the byte behind 0008's result: how the sending went. Behind it stand the first bytes of the data. */
export const decodeSendResult = (data: Uint8Array): number | undefined => {
  const [byte] = data;
  return byte === undefined ? undefined : byte & 0x0f;
};
