import { abortable, deferred, scope, together, within } from '../../kernel/async.ts';
import type { Clock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { Text } from '../../kernel/language.ts';
import type { Log } from '../../kernel/log.ts';
import type { MeterSettings } from '../../model/settings.ts';
import type { BridgeEvent, LinkStatus } from '../../model/status.ts';
import type { WiSunModule } from '../../module/module.ts';
import { MeterRecord } from '../../web/meter-record.ts';
import { wireOf } from '../device.ts';
import { openMeterParts } from '../meter-parts.ts';
import { PHASE_WORDS } from '../phase-words.ts';

/** The registers come with the second answer, some seconds after the first: so long they are worth waiting for. */
const REGISTERS_WORTH_MS = 3000;
/** A stick that was plugged in a moment ago may not answer yet. */
const SILENCES = 2;
/** Trying again cannot mend these while somebody waits for an answer. */
const HOPELESS: ReadonlySet<string> = new Set([
  'PORT_MISSING',
  'PORT_DENIED',
  'PORT_BUSY',
  'PORT_FAILED',
  'MODULE_UNKNOWN',
]);

export interface HoldDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly onEvent: (event: BridgeEvent) => void;
  readonly wrap?: ((module: WiSunModule) => WiSunModule) | undefined;
}

/**
 * Opens the port and holds the meter's session as the service does, with the same memory, until `signal` aborts. The
 * session is left standing on the radio: whoever comes next finds it warm.
 * @throws BridgeError PORT_…, MODULE_… when the stick cannot be used, unless a reading came before.
 */
export async function holdSession(
  meter: MeterSettings,
  { clock, log, onEvent, wrap }: HoldDeps,
  signal: AbortSignal,
): Promise<void> {
  using holding = scope(signal);
  let hasRead = false as boolean;
  let silences = 0;
  const isHopeless = ({ code }: BridgeError): boolean =>
    HOPELESS.has(code) || (code === 'MODULE_SILENT' && ++silences >= SILENCES);
  const { onStuckCommand: _forTheService, minuteHistory: _ofTheService, ...plain } = meter;
  const { reader, supervisor } = await openMeterParts(plain, {
    clock,
    log,
    wireOf: (one) => wireOf(one, clock, log),
    wrap,
    emit: (event) => {
      hasRead ||= event.kind === 'reading';
      onEvent(event);
    },
    onUnopened: (error) => {
      if (!hasRead && error instanceof BridgeError && isHopeless(error)) holding.abort(error);
    },
  });
  try {
    await supervisor.run(holding.signal);
  } finally {
    await reader.close();
  }
  holding.signal.throwIfAborted();
}

export interface ReadOnceOptions {
  /** For opening the port and reading, ms; the bridge has its own second. */
  readonly timeoutMs: number;
  /** What to do when the time is up without a failure that says it; in the place of advice that only `read` can follow. */
  readonly lateHint?: Text;
  /** Puts something between us and the module, such as another way to scan. */
  readonly wrap?: (module: WiSunModule, meter: MeterSettings) => WiSunModule;
  /** Hears each change of what is being done while the port is ours. */
  readonly onStatus?: (meter: string, status: LinkStatus) => void;
}

/** What came of it, and the newest failure that no answer followed. */
export interface ReadOnce {
  readonly snapshot: ReturnType<MeterRecord['snapshot']>;
  readonly failure: BridgeError | undefined;
}

/**
 * One reading without a bridge: warm session, else the remembered network, else a scan. With energy when it comes soon.
 * @param leftMs what is left of the time-out
 * @throws BridgeError: what went wrong, or the newest failure when the time is up; the signal's reason.
 */
export async function readOnce(
  meter: MeterSettings,
  { timeoutMs, lateHint, wrap, onStatus }: ReadOnceOptions,
  { clock, log, leftMs }: { readonly clock: Clock; readonly log: Log; readonly leftMs: number },
  signal: AbortSignal,
): Promise<ReadOnce> {
  const record = new MeterRecord(meter, clock);
  const [power, registers] = [deferred<void>(), deferred<void>()];
  let status: LinkStatus | undefined;
  const onEvent = (event: BridgeEvent): void => {
    record.accept(event);
    if (event.kind === 'status') onStatus?.(meter.id, (status = event.status));
    if (event.kind !== 'reading') return;
    if (event.reading.powerW !== undefined) power.resolve();
    if (event.reading.importKwh !== undefined) registers.resolve();
  };
  const enough = async (inner: AbortSignal): Promise<void> => {
    await abortable(power.promise, inner);
    using pause = scope(inner);
    await Promise.race([registers.promise, clock.sleep(REGISTERS_WORTH_MS, pause.signal)]).finally(() => pause.abort());
  };
  const holdDeps = { clock, log, onEvent, wrap: wrap && ((module: WiSunModule) => wrap(module, meter)) };
  await within(
    clock,
    leftMs,
    signal,
    (limit) => together(limit, (inner) => holdSession(meter, holdDeps, inner), enough),
    () => tooLate(meter.id, timeoutMs, status, lateHint),
  );
  return { snapshot: record.snapshot(), failure: record.error instanceof BridgeError ? record.error : undefined };
}

const DEFAULT_HINT: Text = {
  en: 'Give it more time (--timeout): a first search for the meter can take minutes.',
  ja: '時間を延ばしてください（--timeout）。最初の探索には数分かかることがあります。',
};

function tooLate(id: string, timeoutMs: number, status: LinkStatus | undefined, hint = DEFAULT_HINT): BridgeError {
  const seconds = timeoutMs / 1000;
  const text = {
    en: `meter ${id}: no reading within ${seconds} s`,
    ja: `メーター ${id}: ${seconds} 秒以内に値を取得できませんでした`,
  };
  const { error, phase = 'opening' } = status ?? {};
  if (!(error instanceof BridgeError))
    return new BridgeError(
      'NO_READING',
      {
        en: `${text.en} (${phase})`,
        ja: `${text.ja}（${PHASE_WORDS[phase].ja}）`,
      },
      { hint },
    );
  return new BridgeError(error.code, {
    en: `${text.en}; last failure: ${error.what.en}`,
    ja: `${text.ja}。直前のエラー: ${error.what.ja}`,
  });
}
