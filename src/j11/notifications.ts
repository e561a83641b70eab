import { addressOf, bytesOf16, bytesOfAddress, bytesOfHex, signed8, hexOfBytes, readU16 } from '../kernel/bytes.ts';
import { encodeFrame } from './frame.ts';
import type { J11Frame } from './frame.ts';

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

const CONNECTION_CHANGES = ['macUp', 'panaUp', 'macDown', 'panaDown'] as const;
export type ConnectionChange = (typeof CONNECTION_CHANGES)[number];
const PANA_OUTCOMES = ['ok', 'refused', 'noAnswer'] as const;
export type PanaOutcome = (typeof PANA_OUTCOMES)[number];
/** `reason` of 6038 that a new authentication mends: decryption, and MAC (message authentication) failed. */
export const isKeyTrouble = (reason: number): boolean => reason === 0x01 || reason === 0x02;

const BEACON_LENGTH = 11;
const HEARD = 0x00;
const NOT_HEARD = 0x01;
const RECEIVED_HEADER_LENGTH = 27;
const ENCRYPTED = 0x02;
const NOT_ENCRYPTED = 0x01;

/** What a module can send: everything but noise. */
export type SentNotification = Exclude<J11Notification, { readonly kind: 'noise' }>;
type Of<Kind> = Omit<Extract<J11Notification, { readonly kind: Kind }>, 'kind'>;

/** One notification, both ways. */
interface NotificationForm<Fields> {
  readonly code: number;
  /** @returns undefined for data that do not fit. */
  read(data: Uint8Array): Fields | undefined;
  write(fields: Fields): readonly number[];
}

const NOTIFICATIONS: { readonly [Kind in SentNotification['kind']]: NotificationForm<Of<Kind>> } = {
  scanned: {
    code: 0x4051,
    read: (data) => {
      const [heard, channel = 0, count = 0] = data;
      if (heard === NOT_HEARD && data.length >= 2) return { channel, beacons: [] };
      if (heard !== HEARD || data.length < 3 + count * BEACON_LENGTH) return undefined;
      return { channel, beacons: Array.from({ length: count }, (_, i) => beaconAt(data, 3 + i * BEACON_LENGTH)) };
    },
    write: ({ channel, beacons }) =>
      beacons.length === 0
        ? [NOT_HEARD, channel]
        : [HEARD, channel, beacons.length, ...beacons.flatMap((beacon) => bytesOfBeacon(beacon))],
  },
  received: {
    code: 0x6018,
    read: (data) => {
      if (data.length < RECEIVED_HEADER_LENGTH) return undefined;
      const payload = data.slice(RECEIVED_HEADER_LENGTH);
      if (readU16(data, 25) !== payload.length) return undefined;
      return {
        from: addressOf(data),
        sourcePort: readU16(data, 16),
        destinationPort: readU16(data, 18),
        panId: readU16(data, 20),
        isMulticast: data[22] === 0x01,
        isEncrypted: data[23] === ENCRYPTED,
        rssiDbm: signed8(data[24] ?? 0),
        payload,
      };
    },
    write: ({ from, sourcePort, destinationPort, panId, isMulticast, isEncrypted, rssiDbm, payload }) => [
      ...bytesOfAddress(from),
      ...[sourcePort, destinationPort, panId].flatMap(bytesOf16),
      isMulticast ? 1 : 0,
      isEncrypted ? ENCRYPTED : NOT_ENCRYPTED,
      rssiDbm & 0xff,
      ...bytesOf16(payload.length),
      ...payload,
    ],
  },
  started: { code: 0x6019, read: () => ({}), write: () => [] },
  connection: {
    code: 0x601a,
    read: (data) => {
      const change = CONNECTION_CHANGES[(data[0] ?? 0) - 1];
      if (data.length < 10 || change === undefined) return undefined;
      return { change, macAddress: hexOfBytes(data.slice(1, 9)), rssiDbm: signed8(data[9] ?? 0) };
    },
    write: ({ change, macAddress, rssiDbm }) => [
      CONNECTION_CHANGES.indexOf(change) + 1,
      ...bytesOfHex(macAddress),
      rssiDbm & 0xff,
    ],
  },
  pana: {
    code: 0x6028,
    read: (data) => {
      const outcome = PANA_OUTCOMES[(data[0] ?? 0) - 1];
      if (data.length < 9 || outcome === undefined) return undefined;
      return { outcome, macAddress: hexOfBytes(data.slice(1, 9)) };
    },
    write: ({ outcome, macAddress }) => [PANA_OUTCOMES.indexOf(outcome) + 1, ...bytesOfHex(macAddress)],
  },
  receiveFailure: {
    code: 0x6038,
    read: (data) => (data.length < 17 ? undefined : { reason: data[0] ?? 0, from: addressOf(data.subarray(1)) }),
    // sequence 0, no fragment, tag 0, one byte of the packet
    write: ({ reason, from }) => [reason, ...bytesOfAddress(from), 0, 1, 0, 0, 0],
  },
};

const beaconAt = (data: Uint8Array, at: number): Beacon => ({
  macAddress: hexOfBytes(data.slice(at, at + 8)),
  panId: readU16(data, at + 8),
  rssiDbm: signed8(data[at + 10] ?? 0),
});
const bytesOfBeacon = ({ macAddress, panId, rssiDbm }: Beacon): readonly number[] => [
  ...bytesOfHex(macAddress),
  ...bytesOf16(panId),
  rssiDbm & 0xff,
];

const KINDS = Object.keys(NOTIFICATIONS) as readonly SentNotification['kind'][];

export const isNotification = ({ code }: J11Frame): boolean => code >>> 12 === 0x4 || code >>> 12 === 0x6;

export function parseNotification({ code, data }: J11Frame): J11Notification {
  const kind = KINDS.find((kind) => NOTIFICATIONS[kind].code === code);
  if (kind === undefined) return { kind: 'noise', code, reason: 'not known to us' };
  const fields = NOTIFICATIONS[kind].read(data);
  if (fields === undefined) return { kind: 'noise', code, reason: `${data.length} bytes that do not fit` };
  return { kind, ...fields } as SentNotification;
}

/** The whole frame, as a module sends it. */
export function encodeNotification(notification: SentNotification): Uint8Array {
  const form: NotificationForm<object> = NOTIFICATIONS[notification.kind];
  return encodeFrame('module', { code: form.code, data: Uint8Array.from(form.write(notification)) });
}
