import type { Clock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Text } from '../kernel/language.ts';
import type { Log } from '../kernel/log.ts';
import { NOT_AUTHORIZED, QUOTA_EXCEEDED, reasonText } from './broker-failures.ts';
import { topicRefused } from './retained.ts';
import { LogThrottle } from '../kernel/log-throttle.ts';

export const PACKET_TOO_LARGE = 0x95;
/** Topic name invalid, packet too large, payload format invalid: the same message would be refused for ever. */
const wrongMessage: ReadonlySet<number> = new Set([0x90, PACKET_TOO_LARGE, 0x99]);

/** The refusal speaks of the message itself. Any other speaks of the broker's rules, room or state, which can be mended. */
export const isMessageWrong = (code: number): boolean => wrongMessage.has(code);

const quotaHint: Text = {
  en: 'The broker has no room for this client: raise its quota, or look for a subscriber that is away and for whom it keeps everything. The readings wait and go on by themselves.',
  ja: 'ブローカーの割り当て（quota）を超えています。上限を上げるか、切断中で溜め込ませている購読者がいないか確認してください。計測値は保管され、自動で再開します。',
};
const brokerHint: Text = {
  en: 'The broker’s own log says why it refuses. The readings wait and go on by themselves.',
  ja: '拒否の理由はブローカーのログを確認してください。計測値は保管され、自動で再開します。',
};

/** Why the stream waits although the broker is there, and what to do. */
export function heldError(url: string, topic: string, code: number): BridgeError {
  if (code === NOT_AUTHORIZED) return topicRefused(url, 'writing', topic, code);
  const hint = code === QUOTA_EXCEEDED ? quotaHint : brokerHint;
  return new BridgeError('BROKER_REFUSED', `${url} refuses writing ${topic}: ${reasonText(code)}`, { hint });
}

/** What the broker refused to take, logged once per topic and reason. MQTT 3.1.1 drops in silence and says nothing. */
export class RefusedTopics {
  readonly #log: Log;
  readonly #repeats: LogThrottle;

  constructor(clock: Clock, log: Log) {
    this.#log = log;
    this.#repeats = new LogThrottle(clock, Infinity);
  }

  note(topic: string, code: number): void {
    const reason = reasonText(code);
    if (this.#repeats.due(`${topic} ${code}`) === undefined) return;
    const advice = code === NOT_AUTHORIZED ? { advice: 'allow this user there in the broker’s ACL' } : {};
    this.#log.warn({ topic, reason, ...advice }, 'broker refuses a topic');
  }
}
