import { interfaceId, pairingIdOf } from '../model/pan.ts';
import { bytesOfLatin1, hex, hexOfBytes } from '../kernel/bytes.ts';

/** One way in which something identifying stands on the wire, and what is written in its place: as long, of the same shape. */
export interface Replacement {
  readonly find: string;
  readonly put: string;
  /** Text is compared without regard to case, and a piece of it this long is found too: lines get damaged. Raw bytes as they are. */
  readonly fragment?: number;
}

const FRAGMENT = 8;

const ROUTE_B_ID = '00112233445566778899AABBCCDDEEFF';
/** EUI-64s set aside for documentation: RFC 9542, 2.2.3. */
const DOCUMENTATION_EUI = '00005EEF100000';

const hexOf = (latin1: string): string => hexOfBytes(bytesOfLatin1(latin1));
const rawOf = (digits: string): string => Buffer.from(digits, 'hex').toString('latin1');
/** Exactly so many hex digits, the last ones. */
const digitsOf = (value: number, width: number): string => hex(value, width).slice(-width);
const colons = (digits: string): string => (digits.match(/.{4}/g) ?? []).join(':');

/** Nothing that distinguishes one thing from another: unset (FFFF…) or masked by whoever published it (0000…, ****). */
const isBlank = (text: string): boolean => new Set(text).size < 2;

/**
 * Stable pseudonyms for one recording: the same value gets the same one, wherever and in whatever form it stands. They
 * are counted, not derived: nothing of the value is in them.
 */
export class Pseudonyms {
  readonly #seen = new Set<string>();
  readonly #pans = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  readonly #replacements: Replacement[] = [];

  /** In the order in which they must be looked for: the longest first. */
  get replacements(): readonly Replacement[] {
    return this.#replacements.toSorted((a, b) => b.find.length - a.find.length);
  }

  /** Its last 8 characters are the Pairing ID, which a meter sends to everybody. */
  routeBId(id: string): void {
    if (!this.#isNew('id', id)) return;
    const put = ROUTE_B_ID.repeat(Math.ceil(id.length / ROUTE_B_ID.length)).slice(0, id.length);
    this.#text(id, put);
    if (/^(?:[0-9A-F]{2}){8,}$/i.test(id)) this.#raw(id, put);
    const pairingId = pairingIdOf(id);
    if (this.#isNew('pairing', pairingId)) this.#text(pairingId, pairingIdOf(put));
  }

  password(password: string): void {
    if (this.#isNew('password', password)) this.#text(password, 'X'.repeat(password.length));
  }

  /** Of another household's meter; our own came with the ID. */
  pairingId(id: string): void {
    if (this.#isNew('pairing', id)) this.#text(id, `AA${digitsOf(this.#count('pairing'), 6)}`);
  }

  /** An EUI-64, 16 hex digits, and the link-local address made of it. */
  mac(mac: string): void {
    if (!this.#isNew('mac', mac)) return;
    const put = DOCUMENTATION_EUI + digitsOf(this.#count('mac'), 2);
    for (const [from, to] of [
      [mac.toUpperCase(), put],
      [interfaceId(mac), interfaceId(put)],
    ] as const) {
      this.#text(from, to);
      this.#text(colons(from), colons(to));
      this.#raw(from, to);
    }
  }

  /** An address, eight groups of four digits. Those for everybody (FF02::1) and unset ones stay. */
  ip(address: string): void {
    const digits = address.replaceAll(':', '');
    if (isBlank(digits) || /^FF/i.test(digits)) return;
    if (/^FE80(?:0000){3}/i.test(digits)) return this.mac(interfaceId(digits.slice(16)));
    if (!this.#isNew('ip', digits)) return;
    const put = `20010DB8${digitsOf(this.#count('ip'), 24)}`;
    this.#text(colons(digits), colons(put));
    this.#raw(digits, put);
  }

  /** Four digits occur everywhere, so a PAN ID is replaced only where one stands. @returns what stands for it. */
  panId(panId: string): string {
    if (isBlank(panId)) return panId;
    const known = this.#pans.get(panId.toUpperCase());
    const put = known ?? digitsOf(0xb000 + this.#count('pan'), 4);
    this.#pans.set(panId.toUpperCase(), put);
    return put;
  }

  /** Bytes that number one thing: a meter's serial number, an identification number. */
  number(bytes: string): void {
    if (!this.#isNew('number', bytes)) return;
    const digits = String(this.#count('number')).padStart(bytes.length, '0').slice(-bytes.length);
    const put = /^[\x20-\x7e\0]*$/.test(bytes)
      ? Array.from(bytes, (letter, i) =>
          /[ \0]/.test(letter) ? letter : /[A-Z]/i.test(letter) ? 'X' : digits.charAt(i),
        ).join('')
      : rawOf(digits.padStart(2 * bytes.length, '0'));
    this.#replacements.push({ find: bytes, put });
    this.#asHex(bytes, put);
    const trimmed = bytes.replaceAll(/^[\0 ]+|[\0 ]+$/g, '');
    const at = bytes.indexOf(trimmed);
    if (trimmed.length >= 4) this.#text(trimmed, put.slice(at, at + trimmed.length));
  }

  #text(find: string, put: string): void {
    this.#replacements.push({ find, put, fragment: FRAGMENT });
    this.#asHex(find, put);
    const lower = find.toLowerCase();
    if (lower !== find) this.#asHex(lower, put.toLowerCase());
  }

  #asHex(find: string, put: string): void {
    this.#replacements.push({ find: hexOf(find), put: hexOf(put), fragment: 2 * FRAGMENT });
  }

  /** Bytes as they are, given as hex digits. */
  #raw(find: string, put: string): void {
    this.#replacements.push({ find: rawOf(find), put: rawOf(put) });
  }

  #isNew(kind: string, value: string): boolean {
    const key = `${kind} ${value.toUpperCase()}`;
    if (isBlank(value) || this.#seen.has(key)) return false;
    this.#seen.add(key);
    return true;
  }

  #count(kind: string): number {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    return count;
  }
}
