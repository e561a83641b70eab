import { systemClock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import { inBoth } from '../../kernel/language.ts';
import type { Text } from '../../kernel/language.ts';
import { quantities } from '../../model/quantity.ts';
import type { ReadingJson } from '../../model/reading.ts';
import type { MeterSettings, Settings } from '../../model/settings.ts';
import type { MeterSnapshot } from '../../web/status-snapshot.ts';
import { askBridge } from '../ask/ask-bridge.ts';
import { publishedError } from '../ask/bridge-status.ts';
import { staleWords } from '../phase-words.ts';
import type { BridgeStatus } from '../ask/bridge-status.ts';
import { stderrLog } from '../context.ts';
import type { CliContext } from '../context.ts';
import { chooseMeters } from '../load-settings.ts';
import type { ReadOnceOptions } from './read-once.ts';

/** Whoever has the port may be another command that reads once, or a bridge that is about to answer. */
const BUSY_PATIENCE_MS = 5000;
const BUSY_AGAIN_MS = 500;

/** What is known of one meter now. */
export interface CurrentReading {
  /** The newest answer: the object of `readings` without `run` and `seq`. */
  readonly answer: ReadingJson;
  /** Current values that this answer did not hold, each with the time of its own. */
  readonly besides: readonly ReadingJson[];
}

/** What came of one meter. */
export type Obtained =
  | ({ readonly meter: string; readonly ok: true } & CurrentReading)
  | { readonly meter: string; readonly ok: false; readonly error: BridgeError };

/**
 * A current reading of one meter, or of all: from the running bridge, else from the stick itself. A bridge that runs keeps
 * its port, whatever it has to tell. Failures of a meter are values, in the order of the configuration.
 * @throws BridgeError USAGE for an unknown meter; the signal's reason.
 */
export async function obtainReadings(
  settings: Settings,
  meterId: string | undefined,
  context: CliContext,
  options: ReadOnceOptions,
): Promise<readonly Obtained[]> {
  const meters = chooseMeters(settings.meters, meterId);
  const asked = await askBridge(settings, systemClock, context.signal);
  if (asked.kind === 'answered') return meters.map(({ id }) => fromBridge(asked.status, id));
  if (asked.kind === 'failed') return meters.map(({ id }) => ({ meter: id, ok: false, error: asked.error }));
  return await Promise.all(meters.map((meter) => fromPort(settings, meter, context, options)));
}

export function fromBridge(status: BridgeStatus, id: string): Obtained {
  const meter = status.meters.find((candidate) => candidate.id === id);
  if (!meter) return { meter: id, ok: false, error: unknownThere(id) };
  try {
    return { meter: id, ok: true, ...currentReading(meter, publishedError(meter.error)) };
  } catch (error) {
    return asFailure(id, error);
  }
}

const unknownThere = (id: string): BridgeError =>
  new BridgeError(
    'NO_READING',
    {
      en: `meter ${id}: the running bridge does not know it`,
      ja: `メーター ${id}: 動作中のブリッジに登録されていません`,
    },
    {
      hint: {
        en: 'The configuration was changed after the bridge started: restart the bridge.',
        ja: 'ブリッジの起動後に設定が変わっています。ブリッジを再起動してください。',
      },
    },
  );

function asFailure(meter: string, error: unknown): Obtained {
  if (error instanceof BridgeError) return { meter, ok: false, error };
  throw error;
}

/**
 * The reading that may be shown as current, by the bridge's own verdict.
 * @param failure of the bridge: why it has none
 * @throws BridgeError NO_READING, or that failure
 */
export function currentReading(meter: Omit<MeterSnapshot, 'error'>, failure: BridgeError | undefined): CurrentReading {
  const { last_answer: answer, reading } = meter;
  if (!meter.fresh || !answer || !reading || reading.power?.stale === true) throw noReading(meter, failure);
  const besides = quantities.flatMap(({ key }) => {
    const value = reading[key];
    if (value === undefined || value.stale || answer[key] !== undefined) return [];
    return [{ meter: meter.id, time: value.time, [key]: value.value }];
  });
  return { answer, besides };
}

function noReading(snapshot: Omit<MeterSnapshot, 'error'>, failure: BridgeError | undefined): BridgeError {
  const why = staleWords(snapshot);
  const meter: Text = { en: 'meter', ja: 'メーター' };
  return new BridgeError(
    failure?.code ?? 'NO_READING',
    inBoth((language) =>
      [`${meter[language]} ${snapshot.id}`, why[language], failure?.what[language]].filter(Boolean).join(': '),
    ),
  );
}

async function fromPort(
  settings: Settings,
  meter: MeterSettings,
  context: CliContext,
  options: ReadOnceOptions,
): Promise<Obtained> {
  const { readOnce } = await import('./read-once.ts');
  const { signal } = context;
  const clock = systemClock;
  const log = (await stderrLog(context, 'silent')).child({ meter: meter.id }); // the command itself shows what goes wrong
  const startedMs = clock.monotonicMs();
  const patienceMs = Math.min(BUSY_PATIENCE_MS, options.timeoutMs);
  for (;;) {
    const leftMs = Math.max(1, options.timeoutMs - (clock.monotonicMs() - startedMs));
    try {
      const { snapshot, failure } = await readOnce(meter, options, { clock, log, leftMs }, signal);
      return { meter: meter.id, ok: true, ...currentReading(snapshot, failure) };
    } catch (error) {
      signal.throwIfAborted();
      const isBusy = error instanceof BridgeError && error.code === 'PORT_BUSY';
      if (!isBusy || clock.monotonicMs() - startedMs >= patienceMs) return asFailure(meter.id, error);
    }
    await clock.sleep(BUSY_AGAIN_MS, signal);
    const asked = await askBridge(settings, clock, signal);
    if (asked.kind === 'answered') return fromBridge(asked.status, meter.id);
  }
}
