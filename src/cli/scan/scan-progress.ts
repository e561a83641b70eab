import { scope } from '../../kernel/async.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Text } from '../../kernel/language.ts';
import { channelsOfMask } from '../../model/scan-plan.ts';
import { scanDwellMs, scanTimeMs } from '../../skstack/commands.ts';
import { hex } from '../../kernel/bytes.ts';
import type { ScanRequest } from '../../model/scan-plan.ts';
import { say } from '../../app/context.ts';
import type { CliContext } from '../../app/context.ts';

const DRAW_EVERY_MS = 200;
const BAR_WIDTH = 24;
/** Back to the first column, and what stands there erased. */
const ERASE_LINE = '\r\x1b[K';

/** Which of how many scans this is. */
export interface ScanPlace {
  readonly at: number;
  readonly of: number;
}

/**
 * Shows how far a scan is while `task` runs: a bar with channel and time left on a terminal, else one line at its begin. The
 * module tells nothing on the way, so both follow from the time.
 */
export async function withScanProgress<T>(
  request: ScanRequest,
  place: ScanPlace,
  { clock, context }: { readonly clock: Clock; readonly context: CliContext },
  task: () => Promise<T>,
): Promise<T> {
  const { stderr, signal, language } = context;
  if (stderr.isTTY !== true) {
    say(stderr, context, beginText(request, place));
    return await task();
  }
  using drawing = scope(signal);
  const startedMs = clock.monotonicMs();
  const drawn = (async () => {
    for (;;) {
      stderr.write(`${ERASE_LINE}${scanBar(request, place, clock.monotonicMs() - startedMs)[language]}`);
      await clock.sleep(DRAW_EVERY_MS, drawing.signal);
    }
  })().catch(() => undefined); // the sleep ends with the task
  try {
    return await task();
  } finally {
    drawing.abort();
    await drawn;
    stderr.write(ERASE_LINE);
  }
}

function beginText({ mask, duration }: ScanRequest, { at, of }: ScanPlace): Text {
  const channels = channelsOfMask(mask);
  const seconds = Math.ceil(scanTimeMs(mask, duration) / 1000);
  const range = `${channels[0]}–${channels.at(-1)}`;
  return {
    en: `scanning ${channels.length} channels (${range}), duration ${duration}: ${seconds} s … (scan ${at} of ${of})`,
    ja: `${channels.length} チャネル（${range}）をスキャン中（duration ${duration}、約 ${seconds} 秒）…（${at}/${of} 回目）`,
  };
}

/** The bar as it stands after `elapsedMs`. */
export function scanBar({ mask, duration }: ScanRequest, { at, of }: ScanPlace, elapsedMs: number): Text {
  const channels = channelsOfMask(mask);
  const share = Math.min(1, elapsedMs / scanTimeMs(mask, duration));
  const filled = Math.round(share * BAR_WIDTH);
  const bar = `[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}]`;
  const seconds = Math.ceil(((1 - share) * scanTimeMs(mask, duration)) / 1000);
  const channel = channels[Math.floor(elapsedMs / scanDwellMs(duration))];
  if (channel === undefined)
    return {
      en: `${bar} waiting for the stick (scan ${at} of ${of})`,
      ja: `${bar} スティックの応答待ち（${at}/${of} 回目）`,
    };
  return {
    en: `${bar} channel ${channel} (${hex(channel, 2)}), ${seconds} s left (scan ${at} of ${of})`,
    ja: `${bar} チャネル ${channel} (${hex(channel, 2)})、残り約 ${seconds} 秒（${at}/${of} 回目）`,
  };
}
