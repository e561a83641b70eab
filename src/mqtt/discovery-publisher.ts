import type { Clock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Text } from '../kernel/language.ts';
import type { Log } from '../kernel/log.ts';
import type { MeterProfile } from '../model/reading.ts';
import type { Deadline, Deadlines } from '../kernel/deadlines.ts';
import { Announced } from './announced.ts';
import { DocumentTrial } from './document-trial.ts';
import { deviceDocument, possibleKeys } from './ha-discovery.ts';
import type { DeviceDocument, DiscoveryInput } from './ha-discovery.ts';
import { LEFT_OUT_HINT } from '../broker/reason-codes.ts';
import type { BrokerConnection, Message, Outcome, Send } from '../broker/broker-connection.ts';
import { discoveryTopic } from './mqtt-topics.ts';

/** Home Assistant sets entities up in the background and skips what comes while it does: never two changes in a burst. */
const DOCUMENT_PACE_MS = 2000;
/** Several bridges do not answer a birth at the same moment. */
const LONGEST_JITTER_MS = 5000;
/** Whoever may write on Home Assistant's topic could otherwise make us publish everything as fast as they can. */
const BIRTH_PACE_MS = 5000;

export type DiscoveryPublisherOptions = Omit<DiscoveryInput, 'profile'> & {
  readonly homeAssistant: { readonly discovery: boolean; readonly prefix: string };
  /** The meter's folder, where what was announced is remembered. */
  readonly stateDir?: string | undefined;
};

export interface DiscoveryPublisherDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly deadlines: Deadlines;
  readonly send: Send;
  /** A document went out: the states that are not retained have to follow. */
  readonly published: () => void;
  /** The broker has a document of so many entities. */
  readonly onAnnounced?: ((entities: number) => void) | undefined;
}

/** Keeps Home Assistant's device document: what it says, when it may be published. */
export class DiscoveryPublisher {
  /** Why this broker has no document of ours. */
  refusal: BridgeError | undefined;
  readonly #options: DiscoveryPublisherOptions;
  readonly #deps: DiscoveryPublisherDeps;
  readonly #topic: string;
  #profile: MeterProfile | undefined;
  #intervalS: number;
  #slowestS = 0;
  #document: DeviceDocument;
  #last: { readonly document: DeviceDocument; readonly atMs: number } | undefined;
  readonly #announced: Announced;
  readonly #trial = new DocumentTrial();
  #birthAtMs = -Infinity;
  #connection: BrokerConnection | undefined;
  readonly #birth: Deadline;
  readonly #change: Deadline;

  constructor(options: DiscoveryPublisherOptions, deps: DiscoveryPublisherDeps) {
    this.#options = options;
    this.#intervalS = options.meter.intervalS;
    this.#deps = deps;
    this.#birth = deps.deadlines.create();
    this.#change = deps.deadlines.create();
    this.#topic = discoveryTopic(options.homeAssistant.prefix, options.meter.id);
    this.#announced = new Announced(options.stateDir, deps.log);
    this.#document = this.#write();
  }

  /** What earlier starts announced; before anything is published. */
  async load(): Promise<void> {
    await this.#announced.load();
    this.#rewrite();
  }

  async close(): Promise<void> {
    await this.#announced.close();
  }

  /** From now on documents are published. */
  up(connection: BrokerConnection): void {
    this.#connection = connection;
    this.#trial.up(this.#deps.clock.monotonicMs());
  }

  down(): void {
    this.#connection = undefined;
    const bytes = Buffer.byteLength(this.#last?.document.text ?? '');
    if (this.#trial.down(this.#deps.clock.monotonicMs()))
      this.#leaveOut({
        en: `the broker closes the connection when it is sent the discovery document of ${bytes} bytes`,
        ja: `${bytes} バイトのディスカバリー情報を送るとブローカーが接続を閉じます`,
      });
    this.#birth.cancel();
    this.#change.cancel();
  }

  /** What was announced once is not taken back: a phase or a register does not go away with one poor answer. */
  learn(profile: MeterProfile): void {
    this.#profile = {
      ...profile,
      hasTPhase: profile.hasTPhase || this.#profile?.hasTPhase === true,
      hasExport: profile.hasExport || this.#profile?.hasExport === true,
    };
    this.#rewrite();
  }

  /** The meter is asked more seldom: what Home Assistant waits before it drops a value grows, and does not shrink again. */
  pace(intervalS: number): void {
    if (intervalS <= this.#slowestS) return;
    this.#slowestS = intervalS;
    this.#rewrite();
  }

  /** Another interval was asked for: what Home Assistant waits before it drops a value follows it, both ways. */
  interval(intervalS: number): void {
    this.#intervalS = intervalS;
    this.#slowestS = 0;
    this.#rewrite();
  }

  /** A connection or a birth wants the document now. While a change has to wait, that is the one before it. */
  announce(): void {
    this.#clearStray();
    if (this.#waitMs() > 0 && this.#last) {
      this.#publish(this.#last.document);
      this.#offer();
    } else {
      this.#publish(this.#document);
    }
  }

  /** Home Assistant has started. Births that come before `answer` is due are answered with it. */
  born(answer: () => void): void {
    if (this.#birth.isSet) return;
    const { clock } = this.#deps;
    const restMs = this.#birthAtMs + BIRTH_PACE_MS - clock.monotonicMs();
    this.#birth.in(Math.max(birthJitterMs(this.#options.meter.id), restMs), () => {
      this.#birthAtMs = clock.monotonicMs();
      answer();
    });
  }

  /** Publishes a changed document as soon as it may. */
  readonly #offer = (): void => {
    if (!this.#connection || this.#document.text === this.#last?.document.text) return; // the next connection announces it
    const waitMs = this.#waitMs();
    if (waitMs > 0) this.#change.in(waitMs, this.#offer);
    else this.#publish(this.#document);
  };

  #rewrite(): void {
    this.#document = this.#write();
    this.#offer();
  }

  #waitMs(): number {
    if (!this.#last || this.#last.document.text === this.#document.text) return 0;
    return Math.max(0, this.#last.atMs + DOCUMENT_PACE_MS - this.#deps.clock.monotonicMs());
  }

  #publish(document: DeviceDocument): void {
    const { clock, send, published } = this.#deps;
    const connection = this.#connection;
    if (!connection || !this.#options.homeAssistant.discovery || this.#trial.isRefused(clock.monotonicMs())) return;
    const message: Message = { topic: this.#topic, payload: document.text, qos: 1, retain: true };
    if (!connection.fits(message)) return this.#complain(connection, Buffer.byteLength(document.text));
    this.#last = { document, atMs: clock.monotonicMs() };
    this.#trial.sent(clock.monotonicMs());
    send(message, (outcome) => this.#answered(document, outcome));
    published();
  }

  #answered({ announced, removed }: DeviceDocument, outcome: Outcome): void {
    if (outcome instanceof Error) return; // the connection went first
    this.#trial.acknowledged();
    if (outcome !== undefined) return;
    this.refusal = undefined;
    this.#announced.record(this.#topic, announced, removed);
    this.#deps.onAnnounced?.(Object.keys(announced).length);
    if (Object.keys(removed).length === 0) return;
    this.#deps.log.info(
      { entities: Object.keys(removed) },
      'entities no longer announced are removed from Home Assistant',
    );
    this.#rewrite();
  }

  /** Under a prefix that was left, or with discovery turned off, nothing of ours may stay. */
  #clearStray(): void {
    const { discovery } = this.#options.homeAssistant;
    const topic = this.#announced.strayTopic(discovery ? this.#topic : undefined);
    if (topic === undefined) return;
    this.#deps.log.info({ topic }, 'discovery document of before is removed');
    this.#deps.send({ topic, payload: '', qos: 1, retain: true }, (outcome) => {
      if (outcome === undefined) this.#announced.forgotten(topic);
    });
  }

  #complain(connection: BrokerConnection, bytes: number): void {
    const { maximumPacketSize: limit } = connection.limits;
    if (this.refusal) return;
    this.#leaveOut({
      en: `the broker’s maximum packet size is too small for the discovery document: ${limit}, not ${bytes} bytes`,
      ja: `ブローカーのパケット上限がディスカバリー情報には小さすぎます（上限 ${limit} バイト、必要 ${bytes} バイト）`,
    });
  }

  #leaveOut(why: Text): void {
    const what = { en: `${why.en}; it is left out`, ja: `${why.ja}。送信を見合わせています` };
    this.refusal = new BridgeError('BROKER_REFUSED', what, { hint: LEFT_OUT_HINT });
    this.#deps.log.warn({ err: this.refusal, topic: this.#topic }, 'discovery document left out');
  }

  #write(): DeviceDocument {
    const meter = { ...this.#options.meter, intervalS: this.#intervalS, slowestS: this.#slowestS };
    const removed = this.#announced.ghosts(
      this.#topic,
      possibleKeys(meter.contractAmpere !== undefined, this.#options.prices),
    );
    return deviceDocument({ ...this.#options, meter, profile: this.#profile }, removed);
  }
}

/** 0–5 s, derived from the meter's id (FNV-1a): the same at every start, different for every meter. */
export function birthJitterMs(meterId: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(meterId)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % (LONGEST_JITTER_MS + 1);
}
