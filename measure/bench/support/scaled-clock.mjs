/**
 * Loaded before the built program: its clock runs as many times faster as the parent says, all else is as users run it.
 * The clock is the only source of time in it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../../dist/kernel/clock.js';

const LONGEST_DELAY_MS = 500; // so that a change is heard soon
let factor = 1;
let [realMs, virtualMs] = [performance.now(), performance.now()];
const startedAt = Date.now() - realMs;

systemClock.monotonicMs = () => virtualMs + (performance.now() - realMs) * factor;
systemClock.now = () => Math.round(startedAt + systemClock.monotonicMs());
systemClock.sleep = async (ms, signal) => {
  const untilMs = systemClock.monotonicMs() + ms;
  for (;;) {
    signal.throwIfAborted();
    const leftMs = untilMs - systemClock.monotonicMs();
    if (leftMs <= 0 && ms > 0) return;
    try {
      await delay(Math.min(LONGEST_DELAY_MS, Math.max(0, leftMs) / factor), undefined, { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
    if (ms <= 0) return;
  }
};
process.on('message', (to) => {
  virtualMs = systemClock.monotonicMs();
  realMs = performance.now();
  factor = to;
});
process.channel?.unref();
