import type { Clock } from '../kernel/clock.ts';
import type { LinkPhase, LinkStatus } from '../model/status.ts';
import type { Agenda } from './agenda.ts';
import { linkPayload } from './mqtt-payloads.ts';

/** Signal strength and the like change at every answer; Home Assistant's database need not. */
const PACE_MS = 60_000;

/** What an automation waits for goes out at once; a figure when there is one for the first time. */
const urgentPart = ({ phase, pan, reconnects, error, rssiDbm, lqi }: LinkStatus): string =>
  JSON.stringify([phase, pan?.channel, reconnects, error?.code, rssiDbm === undefined, lqi === undefined]);

/** `state/link`: phases at once, figures at most once a minute. */
export class LinkState {
  readonly #clock: Clock;
  readonly #agenda: Agenda;
  readonly #send: (payload: string) => void;
  #status: LinkStatus | undefined;
  #sent: { readonly urgent: string; readonly text: string; readonly atMs: number } | undefined;

  /** @param send publishes a payload; called only between `up` and `down`. */
  constructor(clock: Clock, agenda: Agenda, send: (payload: string) => void) {
    this.#clock = clock;
    this.#agenda = agenda;
    this.#send = send;
  }

  get phase(): LinkPhase {
    return this.#status?.phase ?? 'opening';
  }

  take(status: LinkStatus, connected: boolean): void {
    this.#status = status;
    if (!connected) return;
    const sent = this.#sent;
    if (!sent || sent.urgent !== urgentPart(status)) return this.publish();
    if (sent.text === linkPayload(status) || this.#agenda.has('link')) return;
    this.#agenda.in(sent.atMs + PACE_MS - this.#clock.monotonicMs(), 'link', () => this.publish());
  }

  /** The newest state, now. Nothing before the first one is known. */
  publish(): void {
    this.#agenda.cancel('link');
    if (!this.#status) return;
    const text = linkPayload(this.#status);
    this.#sent = { urgent: urgentPart(this.#status), text, atMs: this.#clock.monotonicMs() };
    this.#send(text);
  }

  down(): void {
    this.#sent = undefined;
    this.#agenda.cancel('link');
  }
}
