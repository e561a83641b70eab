import { isoLocal } from '../../kernel/clock.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Failure } from '../../kernel/errors.ts';
import { inBoth } from '../../kernel/language.ts';
import type { Language, Text } from '../../kernel/language.ts';
import type { LinkStatus } from '../../model/status.ts';
import { known } from '../status-snapshot.ts';

/** A day of it, and no more than a person reads. */
const KEPT_MS = 86_400_000;
const MOST_EVENTS = 100;

export const LINK_EVENT_KINDS = ['started', 'connected', 'lost', 'failed', 'paused', 'waiting'] as const;
export type LinkEventKind = (typeof LINK_EVENT_KINDS)[number];

/** What `/api/links` tells of one event. */
export interface LinkEventAnswer {
  readonly time: string;
  readonly kind: LinkEventKind;
  /** A sentence a person understands. */
  readonly text: string;
  /** What to do about it. */
  readonly hint?: string;
  readonly code?: string;
  /** How long it lasted; absent while it lasts, and of what lasts no time. */
  readonly lasted_s?: number;
}

interface LinkEvent {
  readonly kind: LinkEventKind;
  /** By the wall clock, and by the monotonic one. */
  readonly wallMs: number;
  readonly atMs: number;
  readonly text: Text;
  readonly failure?: Failure;
  lastedMs?: number;
}

const STARTED: Text = { en: 'broute2mqtt started', ja: '起動しました' };
const ASKED: Text = { en: 'Reconnecting, as asked', ja: '指示により再接続します' };
const PAUSED: Text = {
  en: 'Paused: the airtime of this hour is used up',
  ja: '1時間の送信時間の上限に達したため休止しました',
};
const connectedOn = (channel: number | undefined): Text =>
  channel === undefined
    ? { en: 'Connected to the meter', ja: 'メーターに接続しました' }
    : { en: `Connected to the meter (channel ${channel})`, ja: `メーターに接続しました（チャネル ${channel}）` };
/** The code stands beside it. */
const words = (failure: Failure, language: Language): string =>
  failure.text(language).replace(` [${failure.code}]`, '');
const because = (before: Text, failure: Failure): Text =>
  inBoth((language) => `${before[language]}: ${words(failure, language)}`);
const LOST: Text = { en: 'Connection lost', ja: '接続が切れました' };
const FAILED: Text = { en: 'No connection yet', ja: '接続できていません' };

/** What happened on one meter's radio, as a person would tell it: the same failure again and again is one event. */
export class LinkEvents {
  readonly #clock: Clock;
  #events: LinkEvent[] = [];
  #before: LinkStatus | undefined;
  #isUp = false;
  /** What still lasts. */
  #lasting: LinkEvent[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  accept(status: LinkStatus): void {
    const before = this.#before;
    this.#before = status;
    if (status.phase === 'stopped') return;
    const { phase, error, pan } = status;
    if (!before) this.#add('started', STARTED);
    if (before?.phase === 'paused' && phase !== 'paused') this.#over('paused');
    const isUp = phase === 'connected' && !error && !status.progress;
    if (isUp && !this.#isUp) {
      this.#over('lost', 'failed', 'waiting');
      this.#add('connected', connectedOn(pan?.channel));
    }
    const wasUp = this.#isUp;
    if (phase !== 'paused') this.#isUp = isUp;
    if (phase === 'paused' && before?.phase !== 'paused') this.#lasts('paused', PAUSED);
    if (error) this.#failed(error, wasUp);
    else if (phase === 'waiting' && before?.phase !== 'waiting') this.#lasts('waiting', ASKED);
  }

  /** Newest first. */
  now(language: Language): readonly LinkEventAnswer[] {
    const oldestMs = this.#clock.now() - KEPT_MS;
    return this.#events
      .filter(({ wallMs }) => wallMs > oldestMs)
      .toReversed()
      .map(({ kind, wallMs, text, failure, lastedMs }) =>
        known<LinkEventAnswer>({
          time: isoLocal(wallMs),
          kind,
          text: text[language],
          hint: failure?.hint(language),
          code: failure?.code,
          lasted_s: lastedMs === undefined ? undefined : Math.round(lastedMs / 1000),
        }),
      );
  }

  /** Of each kind one until there is a connection again: a long outage repeats the same ones. */
  #failed(failure: Failure, wasUp: boolean): void {
    if (this.#lasting.some((event) => event.failure?.code === failure.code)) return;
    if (wasUp) this.#lasts('lost', because(LOST, failure), failure);
    else this.#lasts('failed', because(FAILED, failure), failure);
  }

  #lasts(kind: LinkEventKind, text: Text, failure?: Failure): void {
    this.#lasting.push(this.#add(kind, text, failure));
  }

  #over(...kinds: readonly LinkEventKind[]): void {
    const now = this.#clock.monotonicMs();
    for (const event of this.#lasting) if (kinds.includes(event.kind)) event.lastedMs = now - event.atMs;
    this.#lasting = this.#lasting.filter(({ kind }) => !kinds.includes(kind));
  }

  #add(kind: LinkEventKind, text: Text, failure?: Failure): LinkEvent {
    const event: LinkEvent = {
      kind,
      text,
      wallMs: this.#clock.now(),
      atMs: this.#clock.monotonicMs(),
      ...(failure && { failure }),
    };
    this.#events.push(event);
    if (this.#events.length > MOST_EVENTS) this.#events.shift();
    return event;
  }
}
