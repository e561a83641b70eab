// Whether the number may be believed, in one line. Values in, words out.
import { span, words } from './page-words.js';

/** One answer that comes late or is asked for again is no news. */
const lateAfterS = (intervalS) => intervalS * 1.5 + 3;

/** What the bridge does about it. */
function doing({ phase, connected, retry_in_s: retryInS }, elapsedS, isOld) {
  if (phase === 'connected') return isOld || !connected ? words.unanswered : words.awaiting;
  if (phase === 'waiting' && retryInS !== undefined) {
    const next = Math.ceil(retryInS - elapsedS);
    return next > 0 ? words.nextTry(span(next)) : words.nextTryNow;
  }
  return words.doing[phase] ?? words.doing.joining;
}

/**
 * `good`: current. `late`: still within its mark, and something is wrong. `old`: not current. `gone`: the bridge does not
 * answer, nothing is known. `none`: no value yet. Only `good` and `late` may show a number as the one of now.
 */
export function trustOf(meter, elapsedS, feed) {
  if (feed.locked) return { level: 'gone', text: words.locked };
  if (feed.isLost) return { level: 'gone', text: words.bridgeGone(span(elapsedS)) };
  const seen = meter.reading?.power;
  if (!seen) {
    if (meter.phase === 'connected') return { level: 'none', text: meter.reading ? words.noPower : words.waitingFirst };
    // What is tried is in the steps; here what holds it up.
    const halt = meter.phase === 'waiting' || meter.phase === 'paused' || meter.phase === 'stopped';
    return { level: 'none', text: halt ? doing(meter, elapsedS, false) : words.waitingFirst };
  }
  const ageS = seen.age_s + elapsedS;
  const isOld = seen.stale || ageS > seen.stale_after_s;
  const isWell = meter.phase === 'connected' && ageS <= lateAfterS(meter.interval_s);
  if (isWell && !isOld) return { level: 'good', text: ageS < 1 ? words.justNow : words.age(span(ageS)) };
  return {
    level: isOld ? 'old' : 'late',
    text: `${words.noUpdate(span(ageS))}${words.dot}${doing(meter, elapsedS, isOld)}`,
  };
}
