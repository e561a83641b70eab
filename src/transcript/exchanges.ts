import { decodeFrame, esv } from '../echonet/frame.ts';
import type { ReceivedFrame } from '../echonet/frame.ts';
import { ECHONET_PORT } from '../skstack/commands.ts';
import { bytesOfLatin1, hex, latin1OfBytes } from '../kernel/bytes.ts';
import type { Transcript } from './transcript.ts';
import { payloadOf, WireUnits } from './wire-units.ts';
import type { UnitPayload, WireUnit } from './wire-units.ts';

/** Something the module said. */
export interface Reply {
  readonly unit: WireUnit;
  /** After the host's last word, ms. */
  readonly delayMs: number;
}

/** One word of the host and everything the module said until the next one. */
export interface RecordedExchange {
  readonly index: number;
  readonly host: WireUnit;
  readonly key: string;
  /** Where another word may stand in its place: a scan of another length. */
  readonly looseKey?: string;
  /** Of the frame sent. */
  readonly frame?: ReceivedFrame;
  readonly replies: readonly Reply[];
  /** What the meter answered, wherever in the recording that came. */
  readonly answer?: ReceivedFrame;
}

/** What a host can be heard saying. */
export interface HostWord {
  readonly key: string;
  readonly looseKey?: string;
  readonly frame?: ReceivedFrame;
}

/** A frame of ECHONET Lite in a unit, with where it stands. */
export function frameOf(
  unit: Pick<WireUnit, 'from' | 'text'>,
): { frame: ReceivedFrame; payload: UnitPayload } | undefined {
  const payload = payloadOf(unit);
  if (!payload?.ports.includes(ECHONET_PORT)) return undefined;
  const decoded = decodeFrame(bytesOfLatin1(payload.bytes));
  return decoded.ok ? { frame: decoded.value, payload } : undefined;
}

const withoutEnd = (text: string): string => text.replace(/[\r\n ]+$/, '');

/** Two words with the same key ask the same: credentials, transaction numbers and the order of properties do not matter. */
export function hostWord(unit: Pick<WireUnit, 'from' | 'text'>): HostWord {
  const frame = frameOf(unit)?.frame;
  if (frame) {
    const codes = [...frame.properties, ...(frame.getProperties ?? [])].map(({ epc, edt }) => hex(epc, 2) + hexOf(edt));
    return { key: `SKSENDTO ${hex(frame.esv, 2)} ${codes.toSorted().join(' ')}`, frame };
  }
  const text = withoutEnd(unit.text);
  const [name = '', ...args] = text.toUpperCase().split(' ');
  if (name === 'SKSETPWD' || name === 'SKSETRBID') return { key: name };
  if (name === 'SKSCAN') return { key: text.toUpperCase(), looseKey: `SKSCAN ${args.length}` };
  return { key: text.toUpperCase() };
}

const hexOf = (bytes: Uint8Array): string =>
  bytes.length === 0 ? '' : `=${Buffer.from(bytes).toString('hex').toUpperCase()}`;

/** Answers to a request of ours; notifications have a transaction of their own. */
export const isAnswer = (service: number): boolean =>
  service === esv.setRes ||
  service === esv.getRes ||
  service === esv.setGetRes ||
  service === esv.infcRes ||
  service === esv.setISna ||
  service === esv.setCSna ||
  service === esv.getSna ||
  service === esv.setGetSna;

/** What the module said before anything was asked, and the exchanges in their order. */
export function scriptOf(transcript: Transcript): {
  readonly opening: readonly Reply[];
  readonly exchanges: readonly RecordedExchange[];
} {
  const opening: Reply[] = [];
  type Growing = Omit<RecordedExchange, 'answer'> & { replies: Reply[]; answer?: ReceivedFrame };
  const exchanges: Growing[] = [];
  const asked = new Map<number, Growing>();
  for (const unit of unitsOf(transcript)) {
    const last = exchanges.at(-1);
    if (unit.from === 'host') {
      const word = hostWord(unit);
      if (word.key === '') continue; // line ends that clear the line
      const exchange: Growing = { index: exchanges.length, host: unit, ...word, replies: [] };
      exchanges.push(exchange);
      if (word.frame) asked.set(word.frame.tid, exchange);
      continue;
    }
    const since = last?.host.atMs ?? 0;
    (last?.replies ?? opening).push({ unit, delayMs: Math.max(0, unit.atMs - since) });
    const frame = frameOf(unit)?.frame;
    const question = frame && isAnswer(frame.esv) ? asked.get(frame.tid) : undefined;
    if (question && frame) question.answer ??= frame;
  }
  return { opening, exchanges };
}

/** Lines put together again: somebody may have cut one in two. A line without a time came with the one before it. */
function unitsOf({ lines }: Transcript): WireUnit[] {
  const streams = { host: new WireUnits('host'), module: new WireUnits('module') };
  const units: WireUnit[] = [];
  let atMs = 0;
  for (const { from, atS, bytes } of lines) {
    if (atS !== undefined) atMs = atS * 1000;
    const other = from === 'host' ? 'module' : 'host';
    units.push(
      ...streams[other].settle(),
      ...streams[from].push(latin1OfBytes(bytes), atMs),
      ...streams[from].settle(),
    );
  }
  return [...units, ...streams.host.flush(), ...streams.module.flush()];
}
