import { deferred, Mailbox, together, within } from '../kernel/async.ts';
import type { Deferred } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError, exceeds } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { decodeFrame, encodeFrame, EOJ, ESV } from '../echonet/frame.ts';
import type { Frame, Property } from '../echonet/frame.ts';
import { hex, readU16 } from '../kernel/bytes.ts';
import type { Datagram, Session } from '../module/module.ts';

/** Requests whose answers are still welcome, the newest last. */
const REMEMBERED_REQUESTS = 16;
const REPLIES_LIMIT = 8;
/** Where a frame's transaction number stands. */
const [TID_AT, TID_END] = [2, 4];
const NONE = new Uint8Array();

const GET_ANSWERS: readonly number[] = [ESV.getRes, ESV.getSna];
const SET_ANSWERS: readonly number[] = [ESV.setRes, ESV.setCSna];

interface Asked {
  readonly esv: number;
  readonly properties: readonly Property[];
  readonly isAside: boolean;
}

/** Properties the meter sent, with or without our asking. */
export interface MeterAnswer {
  readonly properties: readonly Property[];
  readonly datagram: Datagram;
  /** From handing the request to the module until the answer; undefined for notifications. */
  readonly roundTripMs?: number;
  /** What was asked: what is missing from the properties, or empty there, was refused. Undefined for notifications. */
  readonly asked?: readonly number[];
  /** The request had been given up. */
  readonly isLate?: boolean;
  /** It came from the meter's memory or to a Set: nothing in it is a value of now. */
  readonly isAside?: boolean;
  /** The radio module delivered only a part of it; what of it could be read is not used. */
  readonly isCut?: boolean;
}

interface Request {
  readonly epcs: readonly number[];
  readonly sentMs: number;
  readonly answer: Deferred<MeterAnswer>;
  readonly isAside: boolean;
  /** Services that answer it. */
  readonly answers: readonly number[];
  isGivenUp: boolean;
}

export interface ClientDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Hears every answer and notification at the moment it arrives, late ones too. */
  readonly onAnswer: (answer: MeterAnswer) => void;
}

/**
 * Asks the meter (028801) and matches what comes back by sender, transaction and property, never by position. One
 * request is under way at a time; the answer to one given up is still taken when it comes late.
 */
export class MeterClient {
  readonly #session: Session;
  readonly #deps: ClientDeps;
  readonly #requests = new Map<number, Request>();
  readonly #replies = new Mailbox<Uint8Array>(REPLIES_LIMIT);
  #tid: number;

  constructor(session: Session, deps: ClientDeps) {
    this.#session = session;
    this.#deps = deps;
    this.#tid = deps.clock.now() & 0xffff; // a late answer to the last run's requests then rarely fits one of ours
  }

  /** Reads and answers what arrives, for as long as the session lasts. */
  async run(signal: AbortSignal): Promise<void> {
    await together(
      signal,
      async (inner) => {
        for (;;) this.#onDatagram(await this.#session.receive(inner));
      },
      async (inner) => {
        for (;;) await this.#reply(await this.#replies.take(inner), inner);
      },
    );
  }

  /** One Get. What the meter refused comes back with empty data or not at all. @throws BridgeError REPLY_TIMEOUT, SEND_FAILED, SESSION_LOST */
  async get(epcs: readonly number[], timeoutMs: number, signal: AbortSignal): Promise<readonly Property[]> {
    const properties = epcs.map((epc) => ({ epc, edt: NONE }));
    return (await this.#request({ esv: ESV.get, properties, isAside: false }, timeoutMs, signal)).properties;
  }

  /** One Get of something that is no value of now. @throws as `get` */
  async getAside(epc: number, timeoutMs: number, signal: AbortSignal): Promise<MeterAnswer> {
    return await this.#request({ esv: ESV.get, properties: [{ epc, edt: NONE }], isAside: true }, timeoutMs, signal);
  }

  /** One SetC. @returns whether the meter took it. @throws as `get` */
  async set(property: Property, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    const request = { esv: ESV.setC, properties: [property], isAside: true };
    const { properties } = await this.#request(request, timeoutMs, signal);
    return properties.some(({ epc, edt }) => epc === property.epc && edt.length === 0);
  }

  async #request({ esv, properties, isAside }: Asked, timeoutMs: number, signal: AbortSignal): Promise<MeterAnswer> {
    await this.#session.ready(signal);
    const tid = this.#nextTid();
    const epcs = properties.map(({ epc }) => epc);
    const sentMs = this.#deps.clock.monotonicMs();
    const answers = esv === ESV.get ? GET_ANSWERS : SET_ANSWERS;
    const request: Request = { epcs, sentMs, answer: deferred(), isAside, answers, isGivenUp: false };
    this.#remember(tid, request);
    const frame = encodeFrame({ tid, seoj: EOJ.controller, deoj: EOJ.meter, esv, properties });
    await this.#session.send(frame, signal);
    return await within(
      this.#deps.clock,
      timeoutMs,
      signal,
      async (limit) => {
        limit.addEventListener('abort', () => request.answer.reject(limit.reason), { once: true });
        return await request.answer.promise;
      },
      () => {
        request.isGivenUp = true;
        const what = `${esv === ESV.get ? 'Get' : 'SetC'} ${epcs.map((epc) => hex(epc, 2)).join(' ')}`;
        return new BridgeError('REPLY_TIMEOUT', {
          en: `no answer to ${what} within ${timeoutMs} ms`,
          ja: `${timeoutMs} ms 以内に ${what} への応答がありません`,
        });
      },
    );
  }

  /** An acknowledgement the radio could not deliver is not worth a session: the meter announces again. */
  async #reply(frame: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#session.ready(signal);
    try {
      await this.#session.send(frame, signal);
    } catch (error) {
      if (signal.aborted || exceeds(error, 'retry')) throw error;
      this.#deps.log.debug({ err: error }, 'acknowledgement not delivered');
    }
  }

  #onDatagram(datagram: Datagram): void {
    const decoded = decodeFrame(datagram.payload);
    if (!decoded.ok) {
      this.#deps.log.debug({ reason: decoded.reason, bytes: datagram.payload.length }, 'frame refused');
      return this.#onRefused(datagram);
    }
    const frame = decoded.value;
    if (frame.seoj !== EOJ.meter) {
      this.#deps.log.debug({ seoj: hex(frame.seoj, 6), esv: hex(frame.esv, 2) }, 'frame of another object');
      return;
    }
    switch (frame.esv) {
      case ESV.getRes:
      case ESV.getSna:
      case ESV.setRes:
      case ESV.setCSna:
        return this.#onReply(frame, datagram);
      case ESV.infc:
        this.#replies.put(infcResponse(frame));
        return this.#deps.onAnswer({ properties: frame.properties, datagram });
      case ESV.inf:
        return this.#deps.onAnswer({ properties: frame.properties, datagram });
    }
    this.#deps.log.debug({ esv: hex(frame.esv, 2) }, 'service not used by us');
  }

  #onReply(frame: Frame, datagram: Datagram): void {
    const request = this.#requests.get(frame.tid);
    const fits = frame.properties.length === 0 || frame.properties.some(({ epc }) => request?.epcs.includes(epc));
    if (!request?.answers.includes(frame.esv) || !fits) {
      this.#deps.log.debug({ tid: hex(frame.tid, 4) }, 'answer to nothing we asked');
      return;
    }
    this.#requests.delete(frame.tid);
    const { epcs: asked, isGivenUp: isLate, isAside, sentMs } = request;
    const roundTripMs = datagram.monotonicMs - sentMs;
    const answer = { properties: frame.properties, datagram, roundTripMs, asked, isLate, isAside };
    this.#deps.onAnswer(answer);
    request.answer.resolve(answer);
  }

  /** A frame that ends early: of an answer that long the module passes on a part only. */
  #onRefused(datagram: Datagram): void {
    if (datagram.payload.length < TID_END) return;
    const request = this.#requests.get(readU16(datagram.payload, TID_AT));
    if (!request?.isAside) return;
    request.answer.resolve({ properties: [], datagram, isAside: true, isCut: true });
  }

  #nextTid(): number {
    this.#tid = this.#tid >= 0xffff ? 1 : this.#tid + 1;
    return this.#tid;
  }

  #remember(tid: number, request: Request): void {
    this.#requests.set(tid, request);
    for (const oldest of this.#requests.keys()) {
      if (this.#requests.size <= REMEMBERED_REQUESTS) break;
      this.#requests.delete(oldest);
    }
  }
}

/** The meter wants to know that its announcement arrived: same TID, objects swapped, the same EPCs without data. */
function infcResponse(frame: Frame): Uint8Array {
  const properties = frame.properties.map(({ epc }) => ({ epc, edt: NONE }));
  return encodeFrame({ tid: frame.tid, seoj: frame.deoj, deoj: frame.seoj, esv: ESV.infcRes, properties });
}
