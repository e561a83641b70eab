import { addressOf, bytesOf16, bytesOfAddress, bytesOfHex, signed8, hexOfBytes, readU16 } from '../kernel/bytes.ts';
import { encodeFrame } from './frame.ts';
import type { J11Frame } from './frame.ts';

export const notificationCodes = {
  scanned: 0x4051,
  received: 0x6018,
  started: 0x6019,
  connection: 0x601a,
  pana: 0x6028,
  receiveFailure: 0x6038,
} as const;

/** A network a scan heard. */
export interface Beacon {
  readonly macAddress: string;
  readonly panId: number;
  readonly rssiDbm: number;
}

/** 6018: a UDP datagram. */
export interface ReceivedDatagram {
  readonly kind: 'received';
  readonly from: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly panId: number;
  readonly isMulticast: boolean;
  readonly isEncrypted: boolean;
  readonly rssiDbm: number;
  readonly payload: Uint8Array;
}

/** What the module says unasked. Total: what fits nothing else is `noise`. */
export type J11Notification =
  /** 4051: one channel of a scan, 4–17. */
  | { readonly kind: 'scanned'; readonly channel: number; readonly beacons: readonly Beacon[] }
  | ReceivedDatagram
  /** 6019: powered up or reset. */
  | { readonly kind: 'started' }
  /** 601A: not sent for the host's own successful commands. */
  | {
      readonly kind: 'connection';
      readonly change: ConnectionChange;
      readonly macAddress: string;
      readonly rssiDbm: number;
    }
  /** 6028: of a commanded and of an automatic authentication. */
  | { readonly kind: 'pana'; readonly outcome: PanaOutcome; readonly macAddress: string }
  /** 6038: a packet that could not be read. */
  | { readonly kind: 'receiveFailure'; readonly reason: number; readonly from: string }
  | { readonly kind: 'noise'; readonly code: number; readonly reason: string };

const connectionChanges = ['macUp', 'panaUp', 'macDown', 'panaDown'] as const;
export type ConnectionChange = (typeof connectionChanges)[number];
const panaOutcomes = ['ok', 'refused', 'noAnswer'] as const;
export type PanaOutcome = (typeof panaOutcomes)[number];
/** `reason` of 6038 that a new authentication mends: decryption, and MAC (message authentication) failed. */
export const isKeyTrouble = (reason: number): boolean => reason === 0x01 || reason === 0x02;

const BEACON_LENGTH = 11;
const HEARD = 0x00;
const NOT_HEARD = 0x01;
const RECEIVED_HEADER_LENGTH = 27;
const ENCRYPTED = 0x02;
const NOT_ENCRYPTED = 0x01;

export const isNotification = ({ code }: J11Frame): boolean => code >>> 12 === 0x4 || code >>> 12 === 0x6;

export function parseNotification({ code, data }: J11Frame): J11Notification {
  return parsed(code, data) ?? { kind: 'noise', code, reason: `${data.length} bytes that do not fit` };
}

function parsed(code: number, data: Uint8Array): J11Notification | undefined {
  const [first = 0] = data;
  switch (code) {
    case notificationCodes.scanned:
      return scannedOf(data);
    case notificationCodes.received:
      return receivedOf(data);
    case notificationCodes.started:
      return { kind: 'started' };
    case notificationCodes.connection: {
      const change = connectionChanges[first - 1];
      if (data.length < 10 || change === undefined) return undefined;
      return { kind: 'connection', change, macAddress: hexOfBytes(data.slice(1, 9)), rssiDbm: signed8(data[9] ?? 0) };
    }
    case notificationCodes.pana: {
      const outcome = panaOutcomes[first - 1];
      return data.length < 9 || outcome === undefined
        ? undefined
        : { kind: 'pana', outcome, macAddress: hexOfBytes(data.slice(1, 9)) };
    }
    case notificationCodes.receiveFailure:
      return data.length < 17
        ? undefined
        : { kind: 'receiveFailure', reason: first, from: addressOf(data.subarray(1)) };
  }
  return { kind: 'noise', code, reason: 'not known to us' };
}

function scannedOf(data: Uint8Array): J11Notification | undefined {
  const [heard, channel = 0, count = 0] = data;
  if (heard === NOT_HEARD && data.length >= 2) return { kind: 'scanned', channel, beacons: [] };
  if (heard !== HEARD || data.length < 3 + count * BEACON_LENGTH) return undefined;
  const beacons = Array.from({ length: count }, (_, i) => {
    const at = 3 + i * BEACON_LENGTH;
    return {
      macAddress: hexOfBytes(data.slice(at, at + 8)),
      panId: readU16(data, at + 8),
      rssiDbm: signed8(data[at + 10] ?? 0),
    };
  });
  return { kind: 'scanned', channel, beacons };
}

function receivedOf(data: Uint8Array): J11Notification | undefined {
  if (data.length < RECEIVED_HEADER_LENGTH) return undefined;
  const payload = data.slice(RECEIVED_HEADER_LENGTH);
  if (readU16(data, 25) !== payload.length) return undefined;
  return {
    kind: 'received',
    from: addressOf(data),
    sourcePort: readU16(data, 16),
    destinationPort: readU16(data, 18),
    panId: readU16(data, 20),
    isMulticast: data[22] === 0x01,
    isEncrypted: data[23] === ENCRYPTED,
    rssiDbm: signed8(data[24] ?? 0),
    payload,
  };
}

/** The whole frame, as a module sends it. */
export const encodeNotification = (notification: Exclude<J11Notification, { kind: 'noise' }>): Uint8Array =>
  encodeFrame('module', {
    code: notificationCodes[notification.kind],
    data: Uint8Array.from(bytesOfNotification(notification)),
  });

function bytesOfNotification(notification: Exclude<J11Notification, { kind: 'noise' }>): readonly number[] {
  switch (notification.kind) {
    case 'scanned': {
      const { channel, beacons } = notification;
      if (beacons.length === 0) return [NOT_HEARD, channel];
      const heard = beacons.flatMap(({ macAddress, panId, rssiDbm }) => [
        ...bytesOfHex(macAddress),
        ...bytesOf16(panId),
        rssiDbm & 0xff,
      ]);
      return [HEARD, channel, beacons.length, ...heard];
    }
    case 'received': {
      const { from, sourcePort, destinationPort, panId, isMulticast, isEncrypted, rssiDbm, payload } = notification;
      return [
        ...bytesOfAddress(from),
        ...[sourcePort, destinationPort, panId].flatMap(bytesOf16),
        isMulticast ? 1 : 0,
        isEncrypted ? ENCRYPTED : NOT_ENCRYPTED,
        rssiDbm & 0xff,
        ...bytesOf16(payload.length),
        ...payload,
      ];
    }
    case 'started':
      return [];
    case 'connection': {
      const { change, macAddress, rssiDbm } = notification;
      return [connectionChanges.indexOf(change) + 1, ...bytesOfHex(macAddress), rssiDbm & 0xff];
    }
    case 'pana':
      return [panaOutcomes.indexOf(notification.outcome) + 1, ...bytesOfHex(notification.macAddress)];
    case 'receiveFailure':
      // sequence 0, no fragment, tag 0, one byte of the packet
      return [notification.reason, ...bytesOfAddress(notification.from), 0, 1, 0, 0, 0];
  }
}
