import { encodeFrame, esv } from '../echonet/frame.ts';
import type { Property, ReceivedFrame } from '../echonet/frame.ts';
import type { Clock } from '../kernel/clock.ts';
import { hex, hexOfBytes, latin1OfBytes } from '../kernel/bytes.ts';
import { pairingIdOf } from '../model/pan.ts';
import { frameOf, hostWord, isAnswer, scriptOf } from './exchanges.ts';
import type { RecordedExchange, HostWord, Reply } from './exchanges.ts';
import type { Transcript } from './transcript.ts';
import { WireUnits } from './wire-units.ts';
import type { WireUnit } from './wire-units.ts';

const NOT_SUPPORTED = 'FAIL ER04\r\n';

/** What whoever watches a replay wants to know. */
export type ReplayEvent =
  /** Nobody asked this in the recording: refused. */
  | { readonly kind: 'unknown'; readonly asked: string }
  /** Asked together what was recorded apart: answered with the recorded values. */
  | { readonly kind: 'composed'; readonly asked: string }
  /** The newest of the recording has been told. From here on answers come again. */
  | { readonly kind: 'end'; readonly played: number; readonly exchanges: number };

export interface ReplayerTools {
  readonly clock: Clock;
  readonly timeFactor: number;
  /** To the host, latin-1. */
  readonly say: (text: string) => void;
  readonly tell: (event: ReplayEvent) => void;
}

/**
 * A module that answers as one did in a recording. What the host asks is looked for by its meaning, each kind of question
 * in its own order: a host that asks in another order, with other credentials or transactions, is answered all the same.
 */
export class Replayer {
  readonly #tools: ReplayerTools;
  readonly #opening: readonly Reply[];
  readonly #exchanges: readonly RecordedExchange[];
  readonly #played = new Set<RecordedExchange>();
  /** Transactions of the recording and those of this host. */
  readonly #tids = new Map<number, number>();
  /** What the meter said last of each property. */
  readonly #values = new Map<number, Uint8Array>();
  readonly #told = new Set<string>();
  readonly #ending = new AbortController();
  readonly #recordedPairingId: string | undefined;
  #host = new WireUnits('host');
  #pairingId: string | undefined;
  #opened = false;
  #ended = false;

  constructor(transcript: Transcript, tools: ReplayerTools) {
    const { opening, exchanges } = scriptOf(transcript);
    this.#tools = tools;
    this.#opening = opening;
    this.#exchanges = exchanges;
    const id = exchanges.map(({ host }) => idIn(host.text)).find((found) => found !== undefined);
    const heard = transcript.lines.flatMap(({ text }) => /PairID:(\w{8})/.exec(text)?.[1] ?? []);
    const own = id && pairingIdOf(id).toUpperCase();
    this.#recordedPairingId = heard.find((found) => found.toUpperCase() === own);
    for (const { answer } of exchanges) {
      for (const { epc, edt } of answer?.properties ?? []) if (!this.#values.has(epc)) this.#values.set(epc, edt);
    }
  }

  /** A host is there, maybe another one. */
  attached(): void {
    this.#host = new WireUnits('host');
    if (!this.#opened) void this.#play(this.#opening, undefined);
    this.#opened = true;
  }

  push(bytes: Uint8Array): void {
    const now = this.#tools.clock.monotonicMs();
    for (const unit of [...this.#host.push(latin1OfBytes(bytes), now), ...this.#host.settle()]) this.#onUnit(unit);
  }

  /** Nothing is said from now on. */
  stop(): void {
    this.#ending.abort(new Error('the replay was stopped'));
  }

  #onUnit(unit: WireUnit): void {
    const word = hostWord(unit);
    if (word.key === '') return;
    const id = idIn(unit.text);
    if (id !== undefined) this.#pairingId = pairingIdOf(id);
    const exchange = this.#next(word);
    if (!exchange) {
      const composed = word.frame && this.#composed(word.frame);
      this.#tell({ kind: composed ? 'composed' : 'unknown', asked: word.key });
      if (composed) void this.#play(composed, undefined);
      else this.#tools.say(NOT_SUPPORTED);
      return;
    }
    if (word.frame && exchange.frame) this.#tids.set(exchange.frame.tid, word.frame.tid);
    const isRepeated = this.#played.has(exchange);
    this.#played.add(exchange);
    const isLast = exchange.index === this.#exchanges.length - 1 || (isRepeated && word.frame !== undefined);
    void this.#play(exchange.replies, { recorded: exchange.host.text, actual: unit.text }, isLast);
  }

  /** The next of its kind that was not played yet; when all were, the last that the meter answered. */
  #next({ key, looseKey, frame }: HostWord): RecordedExchange | undefined {
    const exact = this.#exchanges.filter((exchange) => exchange.key === key);
    const alike =
      exact.length > 0 || looseKey === undefined
        ? exact
        : this.#exchanges.filter((exchange) => exchange.looseKey === looseKey);
    const fresh = alike.find((exchange) => !this.#played.has(exchange));
    return fresh ?? (frame ? alike.findLast(({ answer }) => answer) : undefined) ?? alike.at(-1);
  }

  async #play(
    replies: readonly Reply[],
    echo: { readonly recorded: string; readonly actual: string } | undefined,
    isLast = false,
  ): Promise<void> {
    const { clock, timeFactor, say } = this.#tools;
    const startMs = clock.monotonicMs();
    const { signal } = this.#ending;
    try {
      for (const { unit, delayMs } of replies) {
        const leftMs = startMs + delayMs / timeFactor - clock.monotonicMs();
        if (leftMs > 0) await clock.sleep(leftMs, signal);
        signal.throwIfAborted();
        say(this.#adapted(unit, echo));
      }
    } catch (error) {
      if (!signal.aborted) throw error;
      return;
    }
    if (!isLast || this.#ended) return;
    this.#ended = true;
    this.#tell({ kind: 'end', played: this.#played.size, exchanges: this.#exchanges.length });
  }

  /** As it was said, but to this host: its transaction, its own credentials where they are repeated. */
  #adapted(unit: WireUnit, echo: { readonly recorded: string; readonly actual: string } | undefined): string {
    const found = frameOf(unit);
    if (found && isAnswer(found.frame.esv)) {
      for (const { epc, edt } of found.frame.properties) this.#values.set(epc, edt);
      const tid = this.#tids.get(found.frame.tid);
      return tid === undefined ? unit.text : withTid(unit.text, found.payload, tid);
    }
    const [recorded, actual] = [echo?.recorded.trimEnd() ?? '', echo?.actual.trimEnd() ?? ''];
    if (recorded !== '' && unit.text.startsWith(recorded)) return actual + unit.text.slice(recorded.length);
    const pairingId = this.#pairingId;
    if (pairingId === undefined) return unit.text;
    return unit.text.replaceAll(/(PairID:)(\w{8})/g, (all, name: string, id: string) =>
      this.#recordedPairingId === undefined || id === this.#recordedPairingId ? name + pairingId : all,
    );
  }

  /** The answer to a Get of properties that were asked in other company. */
  #composed({ tid, esv: service, properties }: ReceivedFrame): Reply[] | undefined {
    if (service !== esv.get || !properties.every(({ epc }) => this.#values.has(epc))) return undefined;
    const model = this.#exchanges.find(({ answer, replies, frame }) => {
      const inTime = replies.some(({ unit }) => frameOf(unit)?.frame.tid === frame?.tid);
      return answer && frame?.esv === esv.get && inTime;
    });
    if (!model?.answer) return undefined;
    const { seoj, deoj } = model.answer;
    const answered = properties.map(({ epc }): Property => ({ epc, edt: this.#values.get(epc) ?? new Uint8Array() }));
    const isWhole = answered.every(({ edt }) => edt.length > 0);
    const data = encodeFrame({ tid, seoj, deoj, esv: isWhole ? esv.getRes : esv.getSna, properties: answered });
    return model.replies.flatMap(({ unit, delayMs }) => {
      const found = frameOf(unit);
      if (!found) return /^EVENT (?!2[1])/.test(unit.text) ? [] : [{ unit, delayMs }];
      if (found.frame.tid !== model.frame?.tid) return [];
      const header = unit.text.slice(0, found.payload.at - 'XXXX '.length);
      const text = `${header}${hex(data.length, 4)} ${found.payload.isHex ? hexOfBytes(data) : latin1OfBytes(data)}\r\n`;
      return [{ unit: { ...unit, text }, delayMs }];
    });
  }

  /** The same thing once. */
  #tell(event: ReplayEvent): void {
    const text = JSON.stringify(event);
    if (this.#told.has(text)) return;
    this.#told.add(text);
    this.#tools.tell(event);
  }
}

const idIn = (text: string): string | undefined => /^SKSETRBID (\w{8,32})/.exec(text)?.[1];

function withTid(text: string, { at, isHex }: { readonly at: number; readonly isHex: boolean }, tid: number): string {
  const [from, digits] = isHex ? [at + 4, hex(tid, 4)] : [at + 2, String.fromCharCode(tid >> 8, tid & 0xff)];
  return text.slice(0, from) + digits + text.slice(from + digits.length);
}
