import { together } from '../../kernel/async.ts';
import { systemClock } from '../../kernel/clock.ts';
import type { Settings } from '../../model/settings.ts';
import type { LinkStatus } from '../../model/status.ts';
import { readingJson } from '../../model/reading.ts';
import { askBridge } from '../../app/ask/ask-bridge.ts';
import type { Asked } from '../../app/ask/bridge-status.ts';
import { chooseMeters } from '../../app/load-settings.ts';
import { say } from '../../app/context.ts';
import type { CliContext } from '../../app/context.ts';
import { fromBridge, quietLog } from '../../app/read/obtain-readings.ts';
import type { Obtained } from '../../app/read/obtain-readings.ts';
import { readingsText } from './read-formats.ts';
import type { ReadFormat } from './read-formats.ts';
import { tellError } from '../../app/exit-codes.ts';

const ASK_EVERY_MS = 1000;

interface Watch {
  readonly format: ReadFormat;
  readonly meter?: string;
}

/**
 * Prints each new reading until the signal aborts: of the bridge as long as one runs, else over a session of our own, which
 * is given up as soon as a bridge appears. JSON is one object a line.
 * @throws BridgeError when the stick cannot be used.
 */
export async function watchReadings(
  settings: Settings,
  { format, meter }: Watch,
  context: CliContext,
  onStatus: (meter: string, status: LinkStatus) => void,
): Promise<void> {
  const { signal, language } = context;
  const clock = systemClock;
  const meters = chooseMeters(settings.meters, meter);
  const teller = new Teller(context, (one) => readingsText([one], format, language, false));
  let bridgeSeen = false as boolean;
  for (;;) {
    const asked = await askBridge(settings, clock, signal);
    if (asked.kind === 'failed' && !bridgeSeen) throw asked.error;
    if (asked.kind === 'none' && !bridgeSeen) await hold();
    else if (asked.kind === 'none') teller.gone();
    else {
      bridgeSeen = true; // it may be restarted: its port stays its own
      for (const { id } of meters) teller.tell(told(asked, id));
    }
    await clock.sleep(ASK_EVERY_MS, signal);
  }

  async function hold(): Promise<void> {
    const { holdSession } = await import('../../app/read/read-once.ts');
    const log = await quietLog(context);
    const holding = meters.map(
      (one) =>
        (inner: AbortSignal): Promise<void> =>
          holdSession(
            one,
            {
              clock,
              log,
              onEvent: (event) => {
                if (event.kind === 'status') onStatus(one.id, event.status);
                const answer = event.kind === 'reading' ? readingJson(one.id, event.reading) : undefined;
                if (answer) teller.tell({ meter: one.id, ok: true, answer, besides: [] });
              },
            },
            inner,
          ),
    );
    await together(signal, ...holding, async (inner) => {
      do await clock.sleep(ASK_EVERY_MS, inner);
      while ((await askBridge(settings, clock, inner)).kind !== 'answered');
    });
  }
}

const told = (asked: Exclude<Asked, { kind: 'none' }>, id: string): Obtained =>
  asked.kind === 'answered' ? fromBridge(asked.status, id) : { meter: id, ok: false, error: asked.error };

/** Says each reading once, and once that there is none. */
class Teller {
  readonly #context: CliContext;
  readonly #text: (reading: Extract<Obtained, { ok: true }>) => string;
  /** Of each meter: the time of what was printed last, or the code of the failure that was told. */
  readonly #last = new Map<string, string>();

  constructor(context: CliContext, text: (reading: Extract<Obtained, { ok: true }>) => string) {
    this.#context = context;
    this.#text = text;
  }

  tell(one: Obtained): void {
    const key = one.ok ? one.answer.time : one.error.code;
    if (this.#last.get(one.meter) === key) return;
    this.#last.set(one.meter, key);
    if (one.ok) this.#context.stdout.write(this.#text(one));
    else tellError(one.error, this.#context);
  }

  gone(): void {
    if (this.#last.get('') === 'gone') return;
    this.#last.clear();
    this.#last.set('', 'gone');
    say(this.#context.stderr, this.#context, {
      en: 'the bridge has ended; waiting for it to come back',
      ja: 'ブリッジが終了しました。再開を待っています',
    });
  }
}
