import { together } from '../../kernel/async.ts';
import { systemClock } from '../../kernel/clock.ts';
import { readingJson } from '../../model/reading.ts';
import type { MeterSettings, Settings } from '../../model/settings.ts';
import { askBridge } from '../../app/ask/ask-bridge.ts';
import { say, stderrLog, tellError } from '../../app/context.ts';
import type { CliContext } from '../../app/context.ts';
import { phaseTeller } from '../../app/phase-words.ts';
import { fromBridge } from '../../app/read/obtain-readings.ts';
import type { CurrentReading, Obtained } from '../../app/read/obtain-readings.ts';

const ASK_EVERY_MS = 1000;

type TextOf = (reading: CurrentReading) => string;

/**
 * Prints each new reading until the signal aborts: of the bridge as long as one runs, else over a session of our own, which
 * is given up as soon as a bridge appears.
 * @throws BridgeError when the stick cannot be used.
 */
export async function watchReadings(
  settings: Settings,
  meters: readonly MeterSettings[],
  textOf: TextOf,
  context: CliContext,
): Promise<void> {
  const { signal } = context;
  const printer = new Printer(context, textOf);
  let bridgeSeen = false as boolean;
  for (;;) {
    const asked = await askBridge(settings, systemClock, signal);
    if (asked.kind === 'none') {
      if (bridgeSeen) printer.gone();
      else await holdUntilBridge(settings, meters, printer, context);
    } else {
      if (asked.kind === 'failed' && !bridgeSeen) throw asked.error;
      bridgeSeen = true; // it may be restarted: its port stays its own
      for (const { id } of meters)
        printer.print(
          asked.kind === 'answered' ? fromBridge(asked.status, id) : { meter: id, ok: false, error: asked.error },
        );
    }
    await systemClock.sleep(ASK_EVERY_MS, signal);
  }
}

/** Holds the sessions ourselves as long as no bridge answers. */
async function holdUntilBridge(
  settings: Settings,
  meters: readonly MeterSettings[],
  printer: Printer,
  context: CliContext,
): Promise<void> {
  const { holdSession } = await import('../../app/read/read-once.ts');
  const clock = systemClock;
  const log = await stderrLog(context, 'silent');
  const onStatus = phaseTeller(context);
  const hold = (meter: MeterSettings, signal: AbortSignal): Promise<void> =>
    holdSession(
      meter,
      {
        clock,
        log,
        onEvent: (event) => {
          if (event.kind === 'status') onStatus(meter.id, event.status);
          const answer = event.kind === 'reading' ? readingJson(meter.id, event.reading) : undefined;
          if (answer) printer.print({ meter: meter.id, ok: true, answer, besides: [] });
        },
      },
      signal,
    );
  const holding = meters.map((meter) => (inner: AbortSignal) => hold(meter, inner));
  await together(context.signal, ...holding, async (inner) => {
    do await clock.sleep(ASK_EVERY_MS, inner);
    while ((await askBridge(settings, clock, inner)).kind !== 'answered');
  });
}

/** Prints each reading once, and once that there is none. */
class Printer {
  readonly #context: CliContext;
  readonly #textOf: TextOf;
  /** Of each meter: the time of what was printed last, or the code of the failure that was told. */
  readonly #last = new Map<string, string>();
  #isGone = false;

  constructor(context: CliContext, textOf: TextOf) {
    this.#context = context;
    this.#textOf = textOf;
  }

  print(one: Obtained): void {
    const key = one.ok ? one.answer.time : one.error.code;
    if (this.#last.get(one.meter) === key) return;
    this.#last.set(one.meter, key);
    if (one.ok) this.#context.stdout.write(this.#textOf(one));
    else tellError(one.error, this.#context);
  }

  gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#last.clear();
    say(this.#context.stderr, this.#context, {
      en: 'the bridge has ended; waiting for it to come back',
      ja: 'ブリッジが終了しました。再開を待っています',
    });
  }
}
