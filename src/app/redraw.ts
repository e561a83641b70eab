import { scope } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { plainText } from '../kernel/plain-text.ts';
import type { Output } from './context.ts';

/** Back to the first column of a terminal, and what stands there erased. */
export const ERASE_LINE = '\r\x1b[K';
const DRAW_EVERY_MS = 200;

/** Draws what `line` says again and again while `task` runs; nothing of it is left. For a terminal. */
export async function redrawWhile<T>(
  line: () => string,
  { output, clock, signal }: { readonly output: Output; readonly clock: Clock; readonly signal: AbortSignal },
  task: () => Promise<T>,
): Promise<T> {
  using drawing = scope(signal);
  const drawn = (async () => {
    for (;;) {
      output.write(`${ERASE_LINE}${plainText(line())}`);
      await clock.sleep(DRAW_EVERY_MS, drawing.signal);
    }
  })().catch(() => undefined); // the sleep ends with the task
  try {
    return await task();
  } finally {
    drawing.abort();
    await drawn;
    output.write(ERASE_LINE);
  }
}
