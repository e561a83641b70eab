import { deferred, Mailbox, together, within } from '../kernel/async.ts';
import type { Deferred } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError, exceeds } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { decodeFrame, encodeFrame, EOJ, ESV } from '../echonet/frame.ts';
import type { Frame, Property } from '../echonet/frame.ts';
import { hex } from '../kernel/bytes.ts';
import type { Datagram, Session } from '../module/module.ts';

/** Requests whose answers are still welcome, the newest last. */
const REMEMBERED_REQUESTS = 16;
const REPLIES_LIMIT = 8;

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
}

interface Request {
  readonly epcs: readonly number[];
  readonly sentMs: number;
  readonly answer: Deferred<MeterAnswer>;
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
    await this.#session.ready(signal);
    const tid = this.#nextTid();
    const request: Request = { epcs, sentMs: this.#deps.clock.monotonicMs(), answer: deferred(), isGivenUp: false };
    this.#remember(tid, request);
    const properties = epcs.map((epc) => ({ epc, edt: new Uint8Array() }));
    const frame = encodeFrame({ tid, seoj: EOJ.controller, deoj: EOJ.meter, esv: ESV.get, properties });
    await this.#session.send(frame, signal);
    const { properties: answered } = await within(
      this.#deps.clock,
      timeoutMs,
      signal,
      async (limit) => {
        limit.addEventListener('abort', () => request.answer.reject(limit.reason), { once: true });
        return await request.answer.promise;
      },
      () => {
        request.isGivenUp = true;
        const what = epcs.map((epc) => hex(epc, 2)).join(' ');
        return new BridgeError('REPLY_TIMEOUT', {
          en: `no answer to Get ${what} within ${timeoutMs} ms`,
          ja: `${timeoutMs} ms 以内に Get ${what} への応答がありません`,
        });
      },
    );
    return answered;
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
      return;
    }
    const frame = decoded.value;
    if (frame.seoj !== EOJ.meter) {
      this.#deps.log.debug({ seoj: hex(frame.seoj, 6), esv: hex(frame.esv, 2) }, 'frame of another object');
      return;
    }
    switch (frame.esv) {
      case ESV.getRes:
      case ESV.getSna:
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
    if (!request || !fits) {
      this.#deps.log.debug({ tid: hex(frame.tid, 4) }, 'answer to nothing we asked');
      return;
    }
    this.#requests.delete(frame.tid);
    const { epcs: asked, isGivenUp: isLate, sentMs } = request;
    const answer = {
      properties: frame.properties,
      datagram,
      roundTripMs: datagram.monotonicMs - sentMs,
      asked,
      isLate,
    };
    this.#deps.onAnswer(answer);
    request.answer.resolve(answer);
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
  const properties = frame.properties.map(({ epc }) => ({ epc, edt: new Uint8Array() }));
  return encodeFrame({ tid: frame.tid, seoj: frame.deoj, deoj: frame.seoj, esv: ESV.infcRes, properties });
}
