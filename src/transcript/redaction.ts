import { epc } from '../echonet/epc.ts';
import { decodeFrame } from '../echonet/frame.ts';
import { ECHONET_PORT } from '../skstack/commands.ts';
import { bytesOfLatin1, latin1OfBytes } from '../kernel/bytes.ts';
import { Pseudonyms } from './pseudonyms.ts';
import type { Replacement } from './pseudonyms.ts';
import type { Side } from './transcript.ts';
import { datagramHeader, payloadOf } from './wire-units.ts';
import type { WireUnit } from './wire-units.ts';

export interface Secrets {
  readonly routeBId: string;
  readonly routeBPassword: string;
}

/**
 * The same recording without anything that tells whose it is. First everything identifying is looked for in the whole of
 * it, by its place in lines and datagrams; then each is replaced wherever it stands, in every form, with something as
 * long: no DATALEN, no offset and no unit changes. Each direction is one text meanwhile, so that it does not matter where
 * a value was cut.
 */
export function redacted(units: readonly WireUnit[], { routeBId, routeBPassword }: Secrets): WireUnit[] {
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

const IP = /(?:[0-9A-F]{4}:){7}[0-9A-F]{4}/gi;
const MAC = /(?<![0-9A-F])[0-9A-F]{16}(?![0-9A-F])/gi;
const PAIRING_ID = /PairID:([0-9A-F]{8})/gi;
/** Shorter ones are pieces of damaged lines: as values of their own they would blacken innocent text. */
const ROUTE_B_ID = /SKSETRBID ([!-~]{8,32})/gi;
const PASSWORD = /SKSETP(?:WD|SK) [0-9A-F]{1,2} ([!-~]{8,32})/gi;
/** Where a PAN ID stands, in lines of either direction. */
const PAN_ID =
  /((?:Pan ID:|SKSREG S3 |ESREG (?=[0-9A-F]{4}\r)|EINFO [0-9A-F:]{39} [0-9A-F]{16} [0-9A-F]{1,2} ))([0-9A-F]{4})/gi;

function collect(unit: WireUnit, names: Pseudonyms): void {
  const { text } = unit;
  for (const [, id = ''] of text.matchAll(ROUTE_B_ID)) names.routeBId(id);
  for (const [, password = ''] of text.matchAll(PASSWORD)) names.password(password);
  for (const [, id = ''] of text.matchAll(PAIRING_ID)) names.pairingId(id);
  for (const [mac] of text.matchAll(MAC)) names.mac(mac);
  for (const [address] of text.matchAll(IP)) names.ip(address);
  const payload = payloadOf(unit);
  const frame = payload && decodeFrame(bytesOfLatin1(payload.bytes));
  if (!frame?.ok) return;
  for (const property of [...frame.value.properties, ...(frame.value.getProperties ?? [])]) {
    const kept = numbering.get(property.epc);
    if (kept !== undefined && property.edt.length > kept) names.number(latin1OfBytes(property.edt.subarray(kept)));
  }
}

/** Properties that number a meter, and how many bytes before the number tell only its form and its maker. */
const numbering: ReadonlyMap<number, number> = new Map([
  [epc.serialNumber, 0],
  [epc.uniqueId, 4],
  [epc.routeBId, 4],
]);

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
  return (
    unit.text.slice(0, from) +
    (isHex ? '0' : '\0').repeat(Math.max(0, end - from)) +
    unit.text.slice(Math.max(from, end))
  );
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
