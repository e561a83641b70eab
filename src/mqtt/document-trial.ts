/** A broker that closes for what a packet holds does it at once. */
const AT_ONCE_MS = 5000;
/** A connection that stands this long without the document shows that the document was why others closed. */
const PROOF_MS = 10_000;
const STRIKES = 2;
const AGAIN_MS = 86_400_000;

/**
 * Whether this broker can take the discovery document. One of 3.1.1 cannot say that a packet is too large: it closes.
 * The sign: the document was on its way, unacknowledged, and the connection went at once; twice. Then it is left out, and
 * tried again after a day. Where the connection goes without it too, it was something else.
 */
export class DocumentTrial {
  #strikes = 0;
  #refusedMs: number | undefined;
  /** When the document that is not acknowledged yet was sent. */
  #sentMs: number | undefined;
  #upMs = 0;

  /** It is left out at this moment. */
  isRefused(nowMs: number): boolean {
    return this.#refusedMs !== undefined && nowMs - this.#refusedMs < AGAIN_MS;
  }

  up(nowMs: number): void {
    this.#upMs = nowMs;
    this.#sentMs = undefined;
  }

  sent(nowMs: number): void {
    this.#sentMs = nowMs;
  }

  acknowledged(): void {
    this.#sentMs = undefined;
    this.#strikes = 0;
    this.#refusedMs = undefined;
  }

  /** The connection is gone. @returns true when the document is left out from now on. */
  down(nowMs: number): boolean {
    if (this.isRefused(nowMs)) {
      if (nowMs - this.#upMs < PROOF_MS && nowMs - (this.#refusedMs ?? 0) < 2 * PROOF_MS) this.acknowledged();
      return false;
    }
    const isStrike = this.#sentMs !== undefined && nowMs - this.#sentMs < AT_ONCE_MS;
    this.#sentMs = undefined;
    this.#strikes = isStrike ? this.#strikes + 1 : 0;
    if (this.#strikes < STRIKES) return false;
    this.#refusedMs = nowMs;
    this.#strikes = STRIKES - 1; // in a day once is enough
    return true;
  }
}
