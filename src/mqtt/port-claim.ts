import { abortable, deferred } from '../kernel/async.ts';
import type { LinkPhase, LinkStatus } from '../model/status.ts';

/** In these the module answers. */
const openPhases: ReadonlySet<LinkPhase> = new Set(['scanning', 'joining', 'connected', 'paused']);

/**
 * Whose the broker connection of a meter id is. Two bridges with one id are told apart by who holds the port: whoever held
 * it keeps the connection, also while the port is away, until another takes it from him.
 */
export class PortClaim {
  #isOpen = false;
  #isOurs: boolean;
  #won = deferred<void>();

  constructor(isOurs = false) {
    this.#isOurs = isOurs;
  }

  get isOurs(): boolean {
    return this.#isOurs;
  }

  take({ phase, error }: LinkStatus): void {
    if (openPhases.has(phase)) {
      this.#isOpen = true;
      this.#isOurs = true;
      this.#won.resolve();
    } else if (phase === 'waiting' && /^(PORT|MODULE)_/.test(error?.code ?? '')) this.#isOpen = false;
  }

  /** Another took the connection: as long as we have no port, he may be the one who has it. */
  contested(): void {
    if (this.#isOpen || !this.#isOurs) return;
    this.#isOurs = false;
    this.#won = deferred();
  }

  /** Resolves when the port is ours. @throws the signal's reason */
  async won(signal: AbortSignal): Promise<void> {
    await abortable(this.#won.promise, signal);
  }
}
