import { encodeFrame, ESV } from '../echonet/frame.ts';
import type { Property, ReceivedFrame } from '../echonet/frame.ts';
import type { Clock } from '../kernel/clock.ts';
import { hex, hexOfBytes, latin1OfBytes } from '../kernel/bytes.ts';
import { pairingIdOf } from '../model/pan.ts';
import type { Transcript } from './transcript.ts';
import { frameOf, TwoWayUnits, unitsOf } from './wire-units.ts';
import type { WireUnit } from './wire-units.ts';

const NOT_SUPPORTED = 'FAIL ER04\r\n';

/** Answers to a request of ours; notifications have a transaction of their own. */
const { setRes, getRes, setGetRes, infcRes, setISna, setCSna, getSna, setGetSna } = ESV;
const ANSWERS = new Set<number>([setRes, getRes, setGetRes, infcRes, setISna, setCSna, getSna, setGetSna]);

/** What whoever watches a replay wants to know. */
export type ReplayEvent =
  /** Nobody asked this in the recording: refused. */
  | { readonly kind: 'unknown'; readonly asked: string }
  /** Asked together what was recorded apart: answered with the recorded values. */
  | { readonly kind: 'composed'; readonly asked: string }
  /** The newest of the recording has been sent. From here on answers come again. */
  | { readonly kind: 'end'; readonly played: number; readonly exchanges: number };

export interface ReplayerTools {
  readonly clock: Clock;
  readonly timeFactor: number;
  /** To the host, latin-1. */
  readonly send: (text: string) => void;
  readonly report: (event: ReplayEvent) => void;
}

/** What a host asks. Two with the same key ask the same. */
interface Question {
  readonly key: string;
  /** Where another question may stand in its place: a scan of another length. */
  readonly looseKey?: string;
  readonly frame?: ReceivedFrame;
}

/** Something the module sent. */
interface Reply {
  readonly unit: WireUnit;
  /** After the host's last question, ms. */
  readonly delayMs: number;
}

/** One question and everything the module sent until the next one. */
interface Exchange extends Question {
  readonly text: string;
  readonly replies: readonly Reply[];
  /** What the meter answered, wherever in the recording that came. */
  readonly answer?: ReceivedFrame;
}

/**
 * A module that answers as one did in a recording. What the host asks is looked for by its meaning, each kind of question
 * in its own order: a host that asks in another order, with other credentials or transactions, is answered all the same.
 */
export class Replayer {
  readonly #tools: ReplayerTools;
  readonly #exchanges: readonly Exchange[];
  readonly #played = new Set<Exchange>();
  /** Transactions of the recording and those of this host. */
  readonly #tids = new Map<number, number>();
  /** What the meter answered last of each property. */
  readonly #values = new Map<number, Uint8Array>();
  readonly #reported = new Set<string>();
  readonly #ending = new AbortController();
  readonly #recordedPairingId: string | undefined;
  /** What the module sent before anything was asked, until a host is there. */
  #opening: readonly Reply[] = [];
  #host = new TwoWayUnits();
  #pairingId: string | undefined;

  constructor(transcript: Transcript, tools: ReplayerTools) {
    const { opening, exchanges } = scriptOf(transcript);
    this.#tools = tools;
    this.#opening = opening;
    this.#exchanges = exchanges;
    const id = exchanges.map(({ text }) => idIn(text)).find((found) => found !== undefined);
    const own = id && pairingIdOf(id).toUpperCase();
    this.#recordedPairingId = transcript.lines
      .map(({ text }) => /PairID:(\w{8})/.exec(text)?.[1])
      .find((found) => found?.toUpperCase() === own);
    for (const { answer } of exchanges) {
      for (const { epc, edt } of answer?.properties ?? []) if (!this.#values.has(epc)) this.#values.set(epc, edt);
    }
  }

  /** A host is there, maybe another one. */
  attached(): void {
    this.#host = new TwoWayUnits();
    void this.#play({ text: '', replies: this.#opening }, '');
    this.#opening = [];
  }

  push(bytes: Uint8Array): void {
    for (const { text } of [...this.#host.push('host', bytes, 0), ...this.#host.settle('host')]) this.#answer(text);
  }

  /** Nothing is sent from now on. */
  stop(): void {
    this.#ending.abort(new Error('the replay was stopped'));
  }

  #answer(text: string): void {
    const question = questionIn(text);
    if (question.key === '') return;
    const id = idIn(text);
    if (id !== undefined) this.#pairingId = pairingIdOf(id);
    const exchange = this.#next(question);
    if (exchange) return this.#playExchange(exchange, question, text);
    const composed = question.frame && this.#composed(question.frame);
    this.#report({ kind: composed ? 'composed' : 'unknown', asked: question.key });
    if (composed) void this.#play({ text: '', replies: composed }, '');
    else this.#tools.send(NOT_SUPPORTED);
  }

  /** The next of its kind that was not played yet; when all were, the last that the meter answered. */
  #next({ key, looseKey, frame }: Question): Exchange | undefined {
    let alike = this.#exchanges.filter((exchange) => exchange.key === key);
    if (alike.length === 0 && looseKey !== undefined)
      alike = this.#exchanges.filter((exchange) => exchange.looseKey === looseKey);
    const fresh = alike.find((exchange) => !this.#played.has(exchange));
    return fresh ?? (frame ? alike.findLast(({ answer }) => answer) : undefined) ?? alike.at(-1);
  }

  #playExchange(exchange: Exchange, { frame }: Question, text: string): void {
    if (frame && exchange.frame) this.#tids.set(exchange.frame.tid, frame.tid);
    const isRepeated = this.#played.has(exchange);
    this.#played.add(exchange);
    const isLast = exchange === this.#exchanges.at(-1) || (isRepeated && frame !== undefined);
    void this.#play(exchange, text, isLast);
  }

  /** @param sent what this host sent, to be repeated in place of what was recorded */
  async #play({ text, replies }: Pick<Exchange, 'text' | 'replies'>, sent: string, isLast = false): Promise<void> {
    const { clock, timeFactor, send } = this.#tools;
    const startMs = clock.monotonicMs();
    const { signal } = this.#ending;
    try {
      for (const { unit, delayMs } of replies) {
        const leftMs = startMs + delayMs / timeFactor - clock.monotonicMs();
        if (leftMs > 0) await clock.sleep(leftMs, signal);
        signal.throwIfAborted();
        send(this.#adapted(unit, text.trimEnd(), sent.trimEnd()));
      }
    } catch (error) {
      if (!signal.aborted) throw error;
      return;
    }
    if (isLast) this.#report({ kind: 'end', played: this.#played.size, exchanges: this.#exchanges.length });
  }

  /** As it was recorded, but to this host: its transaction, its own credentials where they are repeated. */
  #adapted(unit: WireUnit, recorded: string, sent: string): string {
    const found = frameOf(unit);
    if (found && ANSWERS.has(found.frame.esv)) {
      for (const { epc, edt } of found.frame.properties) this.#values.set(epc, edt);
      const tid = this.#tids.get(found.frame.tid);
      return tid === undefined ? unit.text : withTid(unit.text, found.payload, tid);
    }
    if (recorded !== '' && unit.text.startsWith(recorded)) return sent + unit.text.slice(recorded.length);
    const pairingId = this.#pairingId;
    if (pairingId === undefined) return unit.text;
    return unit.text.replaceAll(/(PairID:)(\w{8})/g, (all, name: string, id: string) =>
      this.#recordedPairingId === undefined || id === this.#recordedPairingId ? name + pairingId : all,
    );
  }

  /** The answer to a Get of properties that were asked in other company. */
  #composed({ tid, esv: service, properties }: ReceivedFrame): Reply[] | undefined {
    if (service !== ESV.get || !properties.every(({ epc }) => this.#values.has(epc))) return undefined;
    const model = this.#exchanges.find(({ answer, replies, frame }) => {
      const inTime = replies.some(({ unit }) => frameOf(unit)?.frame.tid === frame?.tid);
      return answer && frame?.esv === ESV.get && inTime;
    });
    if (!model?.answer) return undefined;
    const { seoj, deoj } = model.answer;
    const answered = properties.map(({ epc }): Property => ({ epc, edt: this.#values.get(epc) ?? new Uint8Array() }));
    const isWhole = answered.every(({ edt }) => edt.length > 0);
    const data = encodeFrame({ tid, seoj, deoj, esv: isWhole ? ESV.getRes : ESV.getSna, properties: answered });
    return model.replies.flatMap(({ unit, delayMs }) => {
      const found = frameOf(unit);
      if (!found) return /^EVENT (?!2[1])/.test(unit.text) ? [] : [{ unit, delayMs }];
      if (found.frame.tid !== model.frame?.tid) return [];
      const header = unit.text.slice(0, found.payload.at - 'XXXX '.length);
      const text = `${header}${hex(data.length, 4)} ${found.payload.isHex ? hexOfBytes(data) : latin1OfBytes(data)}\r\n`;
      return [{ unit: { ...unit, text }, delayMs }];
    });
  }

  /** The same thing once; the end, too. */
  #report(event: ReplayEvent): void {
    const text = event.kind === 'end' ? event.kind : JSON.stringify(event);
    if (this.#reported.has(text)) return;
    this.#reported.add(text);
    this.#tools.report(event);
  }
}

const idIn = (text: string): string | undefined => /^SKSETRBID (\w{8,32})/.exec(text)?.[1];

function withTid(text: string, { at, isHex }: { readonly at: number; readonly isHex: boolean }, tid: number): string {
  const [from, digits] = isHex ? [at + 4, hex(tid, 4)] : [at + 2, String.fromCharCode(tid >> 8, tid & 0xff)];
  return text.slice(0, from) + digits + text.slice(from + digits.length);
}

/** By its meaning: credentials, transaction numbers and the order of properties do not matter. */
function questionIn(sent: string): Question {
  const frame = frameOf({ from: 'host', text: sent })?.frame;
  if (frame) {
    const codes = [...frame.properties, ...(frame.getProperties ?? [])].map(
      ({ epc, edt }) => hex(epc, 2) + (edt.length === 0 ? '' : `=${hexOfBytes(edt)}`),
    );
    return { key: `SKSENDTO ${hex(frame.esv, 2)} ${codes.toSorted().join(' ')}`, frame };
  }
  const key = sent.replace(/[\r\n ]+$/, '').toUpperCase();
  const [name = '', ...args] = key.split(' ');
  if (name === 'SKSETPWD' || name === 'SKSETRBID') return { key: name };
  return name === 'SKSCAN' ? { key, looseKey: `SKSCAN ${args.length}` } : { key };
}

function scriptOf(transcript: Transcript): {
  readonly opening: readonly Reply[];
  readonly exchanges: readonly Exchange[];
} {
  const opening: Reply[] = [];
  type Growing = Omit<Exchange, 'answer'> & { replies: Reply[]; answer?: ReceivedFrame };
  const exchanges: Growing[] = [];
  const asked = new Map<number, Growing>();
  let askedMs = 0;
  for (const unit of unitsOf(transcript)) {
    if (unit.from === 'host') {
      const question = questionIn(unit.text);
      if (question.key === '') continue; // line ends that clear the line
      const exchange: Growing = { ...question, text: unit.text, replies: [] };
      exchanges.push(exchange);
      askedMs = unit.atMs;
      if (question.frame) asked.set(question.frame.tid, exchange);
      continue;
    }
    (exchanges.at(-1)?.replies ?? opening).push({ unit, delayMs: Math.max(0, unit.atMs - askedMs) });
    const frame = frameOf(unit)?.frame;
    const exchange = frame && ANSWERS.has(frame.esv) ? asked.get(frame.tid) : undefined;
    if (exchange && frame) exchange.answer ??= frame;
  }
  return { opening, exchanges };
}
