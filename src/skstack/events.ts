import { bytesOfHex, bytesOfLatin1 } from '../kernel/bytes.ts';

/** Every line a module can send. Total: what fits nothing else is `noise`, counted and logged, never thrown. */
export type SkLine =
  | { readonly kind: 'ok'; readonly value?: string }
  | { readonly kind: 'fail'; readonly code: number }
  | SkEvent
  | RxUdp
  | { readonly kind: 'pan' }
  | { readonly kind: 'panField'; readonly name: string; readonly value: string }
  | { readonly kind: 'version'; readonly value: string }
  | { readonly kind: 'appVersion'; readonly value: string }
  | SkInfo
  | { readonly kind: 'register'; readonly value: string }
  /** The bare line that answers SKLL64, without OK. */
  | { readonly kind: 'address'; readonly address: string }
  /** A command repeated by a module whose echo is on. */
  | { readonly kind: 'echo'; readonly text: string }
  | { readonly kind: 'noise'; readonly text: string; readonly reason: string };

export interface SkEvent {
  readonly kind: 'event';
  readonly number: number;
  /** Full IPv6 address; empty for EVENT C0, which has none. */
  readonly from: string;
  /** One digit, DSE only. */
  readonly side?: number;
  /** Two digits. */
  readonly param?: number;
}

export interface SkInfo {
  readonly kind: 'info';
  readonly address: string;
  readonly macAddress: string;
  /** 0x21 before any configuration. */
  readonly channel: number;
  /** 0xFFFF before any configuration. */
  readonly panId: number;
  /** By the last word: four digits (a short address) on SE, one digit (the side) on DSE; undefined for anything else. */
  readonly edition?: 'SE' | 'DSE';
}

export interface RxUdp {
  readonly kind: 'rxudp';
  readonly from: string;
  readonly to: string;
  readonly remotePort: number;
  readonly localPort: number;
  /** The sender's EUI-64, 16 hex digits. */
  readonly macAddress: string;
  /** Link quality 0–255, only with register SA2 = 1 (DSE). */
  readonly lqi?: number;
  readonly secured: boolean;
  readonly side?: number;
  readonly payload: Uint8Array;
}

/** EVENT numbers of BP35A1 command reference 5 that a Route-B client acts on. */
export const EVENT_NUMBER = {
  neighborAdvertised: 0x02,
  beacon: 0x20,
  udpSent: 0x21,
  scanDone: 0x22,
  joinFailed: 0x24,
  joined: 0x25,
  peerEnded: 0x26,
  ended: 0x27,
  endTimedOut: 0x28,
  renewing: 0x29,
  airtimeLimited: 0x32,
  airtimeFree: 0x33,
} as const;

/** Parameter of EVENT 21: delivered, failed, or an address resolution went first and the data follow by themselves. */
export const UDP_SENT = { delivered: 0x00, failed: 0x01, resolving: 0x02 } as const;

const ADDRESS = /^[0-9A-F]{4}(?::[0-9A-F]{4}){7}$/i;
const HEX = /^[0-9A-F]+$/i;
/** Up to its last word. */
const INFO = /^EINFO [0-9A-F]{4}(?::[0-9A-F]{4}){7} [0-9A-F]{16} [0-9A-F]{1,2} [0-9A-F]{1,4}(?: |$)/i;
/**
 * ERXUDP up to the blank before its data, wherever it begins: an echo or a fragment may stand before it. RSSI (two digits)
 * and SIDE (one digit) are there or not; the widths tell.
 */
export const RXUDP_HEADER =
  /ERXUDP (?<from>[0-9A-F:]{39}) (?<to>[0-9A-F:]{39}) (?<remotePort>[0-9A-F]{4}) (?<localPort>[0-9A-F]{4}) (?<mac>[0-9A-F]{16}) (?:(?<lqi>[0-9A-F]{2}) )?(?<secured>[0-9]) (?:(?<side>[0-9]) )?(?<dataLength>[0-9A-F]{4}) /i;
const RXUDP_LINE = new RegExp(`^${RXUDP_HEADER.source}`, 'i');

/** The groups of RXUDP_HEADER. */
interface RxUdpWords {
  readonly from: string;
  readonly to: string;
  readonly remotePort: string;
  readonly localPort: string;
  readonly mac: string;
  readonly lqi: string | undefined;
  readonly secured: string;
  readonly side: string | undefined;
  readonly dataLength: string;
}

interface RxUdpHeader {
  readonly words: RxUdpWords;
  readonly dataAt: number;
  /** DATALEN, bytes. */
  readonly length: number;
}

/** The header a text begins with. */
export function rxUdpHeader(text: string): RxUdpHeader | undefined {
  const found = RXUDP_LINE.exec(text);
  if (!found) return undefined;
  const words = found.groups as unknown as RxUdpWords;
  return { words, dataAt: found[0].length, length: Number.parseInt(words.dataLength, 16) };
}

/** @param line one line without its end, latin-1, as `LineJoiner` gives it. */
export function parseLine(line: string): SkLine {
  if (line.startsWith('ERXUDP ')) return parseRxUdp(line);
  if (line.startsWith(' ')) return parsePanField(line);
  const words = line.trimEnd().split(' ') as [string, ...string[]];
  const [first, second = ''] = words;
  switch (first) {
    case 'OK':
      return words.length > 1 ? { kind: 'ok', value: second } : { kind: 'ok' };
    case 'FAIL':
      return /^ER\d{2}$/.test(second)
        ? { kind: 'fail', code: Number.parseInt(second.slice(2), 10) }
        : noise(line, 'FAIL without an error code');
    case 'EVENT':
      return parseEvent(words, line);
    case 'EPANDESC':
      return { kind: 'pan' };
    case 'EVER':
      return second ? { kind: 'version', value: second } : noise(line, 'EVER without a version');
    case 'EAPPVER':
      return second ? { kind: 'appVersion', value: second } : noise(line, 'EAPPVER without a version');
    case 'EINFO':
      return parseInfo(words, line);
    case 'ESREG':
      return HEX.test(second)
        ? { kind: 'register', value: second.toUpperCase() }
        : noise(line, 'ESREG without a value');
  }
  if (words.length === 1 && ADDRESS.test(first)) return { kind: 'address', address: first.toUpperCase() };
  if (/^(?:SK[A-Z]|[RW](?:OPT|UART)\b)/.test(first)) return { kind: 'echo', text: line };
  return noise(line, 'unknown line');
}

const noise = (text: string, reason: string): SkLine => ({ kind: 'noise', text, reason });

/**
 * `EVENT num sender [side] [param]`: the side is printed with one digit (DSE only), the parameter with two, so the width
 * tells them apart without knowing the edition. Surplus words are ignored (one SE capture has them).
 */
function parseEvent(words: readonly string[], line: string): SkLine {
  const [, number = '', from = '', ...rest] = words;
  if (!/^[0-9A-F]{2}$/i.test(number)) return noise(line, 'EVENT without a number');
  if (!ADDRESS.test(from) && !(from === '' && number === 'C0')) return noise(line, 'EVENT without a sender');
  const side = rest.find((word) => /^[0-9]$/.test(word));
  const param = rest.find((word) => /^[0-9A-F]{2}$/i.test(word));
  return {
    kind: 'event',
    number: Number.parseInt(number, 16),
    from: from.toUpperCase(),
    ...(side === undefined ? {} : { side: Number(side) }),
    ...(param === undefined ? {} : { param: Number.parseInt(param, 16) }),
  };
}

function parseInfo(words: readonly string[], line: string): SkLine {
  if (!INFO.test(line)) return noise(line, 'EINFO in an unknown form');
  const [, address, macAddress, channel, panId, last = ''] = words as [string, string, string, string, string, string?];
  const edition = /^[0-9A-F]{4}$/i.test(last) ? 'SE' : /^[01]$/.test(last) ? 'DSE' : undefined;
  return {
    kind: 'info',
    address: address.toUpperCase(),
    macAddress: macAddress.toUpperCase(),
    channel: Number.parseInt(channel, 16),
    panId: Number.parseInt(panId, 16),
    ...(edition ? { edition } : {}),
  };
}

/** A line of an EPANDESC block: indented, name and value parted by the first colon; names hold blanks ("Pan ID"). */
function parsePanField(line: string): SkLine {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(colon, 0)).trim();
  const value = line.slice(colon + 1).trim();
  return name !== '' && value !== '' ? { kind: 'panField', name, value } : noise(line, 'unknown indented line');
}

function parseRxUdp(line: string): SkLine {
  const header = rxUdpHeader(line);
  if (!header) return noise(line, 'ERXUDP with a header in an unknown form');
  const { words, dataAt, length } = header;
  const { from, to, remotePort, localPort, mac, lqi, secured, side } = words;
  const data = line.slice(dataAt);
  const payload =
    data.length === 2 * length && HEX.test(data)
      ? bytesOfHex(data)
      : data.length === length && !HEX.test(data.slice(0, 1)) // a digit first is ASCII cut in half
        ? bytesOfLatin1(data)
        : undefined;
  if (!payload) return noise(line, 'ERXUDP whose data do not fit DATALEN');
  return {
    kind: 'rxudp',
    from: from.toUpperCase(),
    to: to.toUpperCase(),
    remotePort: Number.parseInt(remotePort, 16),
    localPort: Number.parseInt(localPort, 16),
    macAddress: mac.toUpperCase(),
    ...(lqi === undefined ? {} : { lqi: Number.parseInt(lqi, 16) }),
    secured: secured === '1',
    ...(side === undefined ? {} : { side: Number(side) }),
    payload,
  };
}
