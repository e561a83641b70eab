import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { MeterProfile } from '../model/reading.ts';
import type { Agenda } from './agenda.ts';
import { discoveryDocument } from './ha-discovery.ts';
import type { DiscoveryInput } from './ha-discovery.ts';
import type { Message, MqttLink } from './mqtt-link.ts';
import { discoveryTopic } from './mqtt-topics.ts';

/** Home Assistant sets entities up in the background and skips what comes while it does: never two changes in a burst. */
const DOCUMENT_PACE_MS = 2000;
/** Several bridges do not answer a birth at the same moment. */
const LONGEST_JITTER_MS = 5000;
/** Whoever may write on Home Assistant's topic could otherwise make us say everything as fast as he can. */
const BIRTH_PACE_MS = 5000;

export type AnnouncerOptions = Omit<DiscoveryInput, 'profile'> & {
  readonly homeAssistant: { readonly discovery: boolean; readonly prefix: string };
};

export interface AnnouncerDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly agenda: Agenda;
  /** The connection of this moment. */
  readonly link: () => MqttLink | undefined;
  readonly send: (message: Message) => void;
  /** A document went out: the states that are not retained have to follow. */
  readonly published: () => void;
}

/** Keeps Home Assistant's device document: what it says, when it may be published. */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #deps: AnnouncerDeps;
  readonly #topic: string;
  #profile: MeterProfile | undefined;
  #slowestS = 0;
  #text: string;
  #last: { readonly text: string; readonly atMs: number } | undefined;
  #tooLarge = false;
  #birthAtMs = -Infinity;

  constructor(options: AnnouncerOptions, deps: AnnouncerDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#topic = discoveryTopic(options.homeAssistant.prefix, options.meter.id);
    this.#text = this.#write();
  }

  /** What was announced once is not taken back: a phase or a register does not go away with one poor answer. */
  learn(profile: MeterProfile): void {
    this.#profile = {
      ...profile,
      hasTPhase: profile.hasTPhase || this.#profile?.hasTPhase === true,
      hasExport: profile.hasExport || this.#profile?.hasExport === true,
    };
    this.#text = this.#write();
    this.#offer();
  }

  /** The meter is asked more seldom: what Home Assistant waits before it drops a value grows, and does not shrink again. */
  pace(intervalS: number): void {
    if (intervalS <= this.#slowestS) return;
    this.#slowestS = intervalS;
    this.#text = this.#write();
    this.#offer();
  }

  /** A connection or a birth wants the document now. While a change has to wait, that is the one before it. */
  announce(link: MqttLink): void {
    if (this.#waitMs() > 0 && this.#last) {
      this.#put(link, this.#last.text);
      this.#offer();
    } else {
      this.#put(link, this.#text);
    }
  }

  /** Home Assistant has started. Births that come before `answer` is due are answered with it. */
  born(answer: (link: MqttLink) => void): void {
    const { agenda, clock, link } = this.#deps;
    if (agenda.has('birth')) return;
    const restMs = this.#birthAtMs + BIRTH_PACE_MS - clock.monotonicMs();
    agenda.in(Math.max(birthJitterMs(this.#options.meter.id), restMs), 'birth', () => {
      this.#birthAtMs = clock.monotonicMs();
      const current = link();
      if (current) answer(current);
    });
  }

  /** Publishes a changed document as soon as it may. */
  readonly #offer = (): void => {
    const link = this.#deps.link();
    if (!link || this.#text === this.#last?.text) return; // the next connection announces it
    const waitMs = this.#waitMs();
    if (waitMs > 0) this.#deps.agenda.in(waitMs, 'document', this.#offer);
    else this.#put(link, this.#text);
  };

  #waitMs(): number {
    if (!this.#last || this.#last.text === this.#text) return 0;
    return Math.max(0, this.#last.atMs + DOCUMENT_PACE_MS - this.#deps.clock.monotonicMs());
  }

  #put(link: MqttLink, text: string): void {
    if (!this.#options.homeAssistant.discovery) return;
    const message: Message = { topic: this.#topic, payload: text, qos: 1, retain: true };
    if (!link.fits(message)) return this.#complain(link);
    this.#last = { text, atMs: this.#deps.clock.monotonicMs() };
    this.#deps.send(message);
    this.#deps.published();
  }

  #complain(link: MqttLink): void {
    if (this.#tooLarge) return;
    this.#tooLarge = true;
    this.#deps.log.warn(
      { topic: this.#topic, bytes: Buffer.byteLength(this.#text), limit: link.limits.maximumPacketSize },
      'broker’s maximum packet size is too small for the discovery document: raise it',
    );
  }

  #write(): string {
    const { homeAssistant: _, ...input } = this.#options;
    const meter = { ...input.meter, slowestS: this.#slowestS };
    return JSON.stringify(discoveryDocument({ ...input, meter, profile: this.#profile }));
  }
}

/** 0–5 s, derived from the meter's id (FNV-1a): the same at every start, different for every meter. */
export function birthJitterMs(meterId: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(meterId)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % (LONGEST_JITTER_MS + 1);
}
