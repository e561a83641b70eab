import type { SkLine } from '../../skstack/events.ts';

/** One thing the host asked for. */
export interface AskedCommand {
  /** The command's name, the `on` of a fault script; undefined for what was not understood. */
  readonly name: string | undefined;
  /** For the log: the name, or why it was not understood. */
  readonly told: object;
  /** What is repeated before the answer. */
  echo(): Uint8Array | undefined;
  /** Ends when the answer has been given. */
  answer(signal: AbortSignal): Promise<void>;
  /** The answer is this failure instead; undefined: the usual one. */
  fail(code: number | undefined, signal: AbortSignal): Promise<void>;
  /** Says at once that another command is at work; undefined: it waits for its turn. */
  readonly refuseBusy?: () => void;
}

/** A language a module can speak. What goes on inside is the same for all and told in the words of SKSTACK. */
export interface ModuleProtocol {
  push(bytes: Uint8Array): readonly AskedCommand[];
  /** Power or reset: half a command is forgotten, and what only this language knows of. */
  reset(): void;
  /** How it says this; undefined where it has no word for it. */
  format(line: SkLine): Uint8Array | undefined;
  /** Said when it is up again after power-on or a reset. Those who say nothing are up at once. */
  readonly greeting: Uint8Array | undefined;
  /** A packet that cannot be decrypted. Those who have no word for it swallow it. */
  undecryptable(): Uint8Array | undefined;
}
