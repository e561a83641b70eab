import { BridgeError } from '../kernel/errors.ts';
import type { Text } from '../kernel/language.ts';
import type { Loss } from './broker-connection.ts';

const SHORT_MS = 10_000;
const LONG_MS = 60_000;
const ENOUGH = 3;

const LIKELY_TWO_HINT: Text = {
  en: 'Most likely two bridges run with the same meter id: stop one or change its id. Else the broker’s log says why.',
  ja: '同じメーターidのブリッジが2つ動いている可能性があります。片方を止めるかidを変えてください。違う場合はブローカーのログを確認してください。',
};

/**
 * Two clients with one id throw each other out for ever. MQTT 5 has a reason code for it, but Mosquitto 2.0 just closes, as
 * every 3.1.1 broker does. The sign: short lives, each closed without a DISCONNECT, by a broker that takes us back at once (so
 * it did not restart; that is why the try after a short life comes without delay).
 */
export class TakeoverDetector {
  #short = 0;

  /** The next try should come at once: only then its outcome tells anything. */
  get suspected(): boolean {
    return this.#short > 0;
  }

  /** A connection ended. @returns the loss, put in words when the pattern is there. */
  lost(loss: Loss, livedMs: number, url: string): Loss {
    if (loss.takenOver || !loss.silent || livedMs >= LONG_MS) this.#short = 0;
    else if (livedMs < SHORT_MS) this.#short++;
    if (this.#short < ENOUGH) return loss;
    this.#short = ENOUGH - 1;
    const what = {
      en: `${url} closes the connection soon after each login`,
      ja: `${url} がログイン直後に毎回接続を閉じます`,
    };
    const error = new BridgeError('BROKER_REFUSED', what, { hint: LIKELY_TWO_HINT });
    return { error, takenOver: true, silent: true };
  }

  /** A try failed: the broker was away, which explains what came before. */
  failed(): void {
    this.#short = 0;
  }
}
