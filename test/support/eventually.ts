import { setTimeout as delay } from 'node:timers/promises';

/** Polls in real time until `probe` gives something other than false or undefined. For sockets and processes only. */
export async function eventually<T>(
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  what: string,
  limitMs = 20_000,
): Promise<Exclude<T, false>> {
  const end = performance.now() + limitMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) return found as Exclude<T, false>;
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await delay(5);
  }
}
