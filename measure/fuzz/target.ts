/** One way in: makes inputs, and knows what must hold for any of them. */
export interface Target {
  readonly name: string;
  /** Of the inputs of a run, relative to the others'. */
  readonly share: number;
  /** Inputs under way at one time: more than one only where the way in is a socket. */
  readonly concurrency?: number;
  /** Fresh state, used for every input of a run. */
  open(): Promise<Session> | Session;
}

export interface Session extends AsyncDisposable {
  /** The next input, from this seed alone. */
  make(seed: number): Uint8Array;
  /** Feeds an input. Throws, or rejects, where something does not hold. */
  check(input: Uint8Array): void | Promise<void>;
  /** What must hold at the end. */
  end?(): void | Promise<void>;
}

export class Broken extends Error {}

/** An invariant. The message is only made when it is needed. */
export function must(holds: boolean, what: string | (() => string)): asserts holds {
  if (!holds) throw new Broken(typeof what === 'string' ? what : what());
}

export const nothing = async (): Promise<void> => undefined;
