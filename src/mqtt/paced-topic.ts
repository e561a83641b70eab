import type { Send } from '../broker/broker-connection.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Deadline, Deadlines } from '../kernel/deadlines.ts';

/** What states need that publish by themselves. */
export interface StateDeps {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** Called with or without a connection. */
  readonly send: Send;
}

/** The same of one topic. */
export interface TopicDeps extends Omit<StateDeps, 'send'> {
  readonly send: (payload: string) => void;
}

export interface RegisterTopicDeps extends TopicDeps {
  /** Of the registers. */
  readonly decimals: () => number;
}

/** Figures change at every answer; Home Assistant's database need not. */
const PACE_MS = 60_000;

interface PacedState {
  readonly payload: string;
  /** What an automation waits for, and a value that comes or goes. */
  readonly urgent: string;
}

/** A state of which the urgent part goes out at once, figures at most once a minute. */
export abstract class PacedTopic {
  readonly #clock: Clock;
  readonly #send: (payload: string) => void;
  readonly #next: Deadline;
  #sent: (PacedState & { readonly atMs: number }) | undefined;

  constructor({ clock, deadlines, send }: TopicDeps) {
    this.#clock = clock;
    this.#send = send;
    this.#next = deadlines.create();
  }

  /** As of now; undefined while nothing is known. */
  protected abstract state(): PacedState | undefined;

  /** To be called after anything may have changed. */
  update(): void {
    const [state, sent] = [this.state(), this.#sent];
    if (!state) return;
    if (sent?.urgent !== state.urgent) return this.publish();
    if (sent.payload === state.payload || this.#next.isSet) return;
    this.#next.in(sent.atMs + PACE_MS - this.#clock.monotonicMs(), () => this.publish());
  }

  /** The newest state, now: for a broker that knows nothing or something old. Nothing before the first one is known. */
  publish(): void {
    this.#next.cancel();
    const state = this.state();
    if (!state) return;
    this.#sent = { ...state, atMs: this.#clock.monotonicMs() };
    this.#send(state.payload);
  }

  down(): void {
    this.#sent = undefined;
    this.#next.cancel();
  }
}
