import { EPC } from '../echonet/epc.ts';
import { decodeFrame } from '../echonet/frame.ts';
import { bytesOfLatin1, latin1OfBytes } from '../kernel/bytes.ts';
import { ECHONET_PORT } from '../skstack/commands.ts';
import { Pseudonyms } from './pseudonyms.ts';
import type { Replacement } from './pseudonyms.ts';
import { FORMAT, FORMAT_VERSION, formatTranscript } from './transcript.ts';
import type { Side } from './transcript.ts';
import { datagramHeader, payloadOf, TwoWayUnits } from './wire-units.ts';
import type { WireUnit } from './wire-units.ts';

/** A day of one reading every ten seconds has some 6 MB. */
const MOST_BYTES = 32_000_000;

/** How every frame of a J11 module begins. */
const J11_ANSWER = '\xd0\xf9\xee\x5d';

const MASKING = [
  [
    'masking',
    'Route-B ID, password, Pairing ID, MAC and IP addresses, PAN IDs, serial and identification numbers are pseudonyms',
  ],
  ['masking', 'datagrams other than ECHONET Lite (PANA) are filled with zeros behind their first 8 bytes'],
] as const;

interface Secrets {
  readonly routeBId: string;
  readonly routeBPassword: string;
}

/** What passes over a wire, until it is written down. It stays in memory: what is not redacted yet is never on a disk. */
export class Recording {
  readonly #wire = new TwoWayUnits();
  readonly #units: WireUnit[] = [];
  readonly #now: () => number;
  readonly #startMs: number;
  #bytes = 0;

  /** @param now monotonic ms. */
  constructor(now: () => number) {
    this.#now = now;
    this.#startMs = now();
  }

  /** Bytes of both directions. */
  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.#bytes >= MOST_BYTES;
  }

  /** The stick spoke J11, whose frames nothing here knows to make anonymous: such a recording must not be written. */
  get hasJ11(): boolean {
    return this.#units.some(({ from, text }) => from === 'module' && text.includes(J11_ANSWER));
  }

  accept(from: Side, bytes: Uint8Array): void {
    if (this.isFull) return;
    this.#bytes += bytes.length;
    this.#units.push(...this.#wire.push(from, bytes, this.#now() - this.#startMs));
  }

  /** The wire closed: nothing is joined with what another one brings. */
  closed(): void {
    this.#units.push(...this.#wire.flush());
  }

  /** The file. @param about further lines of its header: key and value, without anything that is secret. */
  text(secrets: Secrets, about: readonly (readonly [string, string])[]): string {
    this.closed();
    const header = [['format', `${FORMAT} ${FORMAT_VERSION}`] as const, ...about, ...MASKING];
    const lines = redacted(this.#units, secrets).map(({ text, ...unit }) => ({ ...unit, bytes: bytesOfLatin1(text) }));
    return formatTranscript(header, lines);
  }
}

/**
 * The same recording without anything that tells whose it is. First everything identifying is looked for in the whole of
 * it, by its place in lines and datagrams; then each is replaced wherever it stands, in every form, with something as
 * long: no DATALEN, no offset and no unit changes. Each direction is one text meanwhile, so that it does not matter where
 * a value was cut.
 */
function redacted(units: readonly WireUnit[], { routeBId, routeBPassword }: Secrets): WireUnit[] {
  const names = new Pseudonyms();
  names.routeBId(routeBId);
  names.password(routeBPassword);
  for (const unit of units) collect(unit, names);
  const replace = replacer(names);
  const rest: Record<Side, string> = { host: '', module: '' };
  for (const unit of units) rest[unit.from] += withoutForeignPayload(unit);
  for (const side of ['host', 'module'] as const) rest[side] = replace(rest[side]);
  return units.map((unit) => {
    const text = rest[unit.from].slice(0, unit.text.length);
    rest[unit.from] = rest[unit.from].slice(unit.text.length);
    return { ...unit, text };
  });
}

/** Where what identifies stands in lines. Shorter credentials are pieces of damaged lines: as values of their own they would blacken innocent text. */
const IDENTIFYING = [
  ['routeBId', /SKSETRBID ([!-~]{8,32})/gi],
  ['password', /SKSETP(?:WD|SK) [0-9A-F]{1,2} ([!-~]{8,32})/gi],
  ['pairingId', /PairID:([0-9A-F]{8})/gi],
  ['mac', /(?<![0-9A-F])([0-9A-F]{16})(?![0-9A-F])/gi],
  ['ip', /((?:[0-9A-F]{4}:){7}[0-9A-F]{4})/gi],
] as const;
/** Where a PAN ID stands, in lines of either direction. */
const PAN_ID =
  /((?:Pan ID:|SKSREG S3 |ESREG (?=[0-9A-F]{4}\r)|EINFO [0-9A-F:]{39} [0-9A-F]{16} [0-9A-F]{1,2} ))([0-9A-F]{4})/gi;

/** Properties that number a meter, and how many bytes before the number hold only its form and its maker. */
const NUMBERING: ReadonlyMap<number, number> = new Map([
  [EPC.serialNumber, 0],
  [EPC.uniqueId, 4],
  [EPC.routeBId, 4],
]);

function collect(unit: WireUnit, names: Pseudonyms): void {
  for (const [kind, pattern] of IDENTIFYING)
    for (const [, found = ''] of unit.text.matchAll(pattern)) names[kind](found);
  const payload = payloadOf(unit);
  const frame = payload && decodeFrame(bytesOfLatin1(payload.bytes));
  if (!frame?.ok) return;
  for (const { epc: code, edt } of [...frame.value.properties, ...(frame.value.getProperties ?? [])]) {
    const kept = NUMBERING.get(code);
    if (kept !== undefined && edt.length > kept) names.number(latin1OfBytes(edt.subarray(kept)));
  }
}

/** Reserved bytes, length, kind of message. */
const PANA_KEPT = 8;

/**
 * What is no ECHONET Lite is the module's own: PANA carries the Route-B ID in clear and what the password is proved with.
 * Nobody needs it to read a meter, so it goes as a whole.
 */
function withoutForeignPayload(unit: WireUnit): string {
  const header = datagramHeader(unit);
  if (!header || header.ports.includes(ECHONET_PORT)) return unit.text;
  const isHex = /[0-9A-F]/i.test(unit.text.charAt(header.at));
  const from = header.at + (isHex ? 2 * PANA_KEPT : PANA_KEPT);
  const end = /\r?\n?$/.exec(unit.text)?.index ?? unit.text.length;
  const zeros = (isHex ? '0' : '\0').repeat(Math.max(0, end - from));
  return unit.text.slice(0, from) + zeros + unit.text.slice(Math.max(from, end));
}

function replacer(names: Pseudonyms): (text: string) => string {
  const { replacements } = names;
  const replaceFragments = fragmentReplacer(replacements);
  return (text) => {
    let out = text.replaceAll(PAN_ID, (_, before: string, panId: string) => before + names.panId(panId));
    for (const replacement of replacements) out = replaceWhole(out, replacement);
    return replaceFragments(out);
  };
}

function replaceWhole(text: string, { find, put, fragment }: Replacement): string {
  if (fragment === undefined) return text.replaceAll(find, () => put);
  const pattern = new RegExp(find.replaceAll(/[^0-9A-Za-z]/g, String.raw`\$&`), 'gi');
  return text.replaceAll(pattern, (found) => inCaseOf(found, put));
}

const inCaseOf = (found: string, put: string): string => (found === found.toUpperCase() ? put : put.toLowerCase());

/** What is left of a value of which a part was lost on the line. Fewer than three different characters tell nothing. */
function fragmentReplacer(replacements: readonly Replacement[]): (text: string) => string {
  const windows = new Map<string, string>();
  const lengths = new Set<number>();
  for (const { find, put, fragment } of replacements) {
    if (fragment === undefined) continue;
    for (let at = 0; at + fragment <= find.length; at++) {
      const window = find.slice(at, at + fragment).toUpperCase();
      if (new Set(window).size < 3 || windows.has(window)) continue;
      windows.set(window, put.slice(at, at + fragment));
      lengths.add(fragment);
    }
  }
  return (text) => {
    const upper = text.replaceAll(/[a-z]+/g, (run) => run.toUpperCase()); // latin-1 has letters that grow
    const out = Array.from(text);
    for (const length of lengths) {
      for (let at = 0; at + length <= text.length; at++) {
        const put = windows.get(upper.slice(at, at + length));
        if (put === undefined) continue;
        const found = text.slice(at, at + length);
        for (const [i, letter] of Array.from(inCaseOf(found, put)).entries()) out[at + i] = letter;
      }
    }
    return out.join('');
  };
}
