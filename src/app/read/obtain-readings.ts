import { systemClock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { Text } from '../../kernel/language.ts';
import type { MeterSettings, Settings } from '../../model/settings.ts';
import type { LinkStatus } from '../../model/status.ts';
import type { WiSunModule } from '../../module/module.ts';
import { askBridge } from '../ask/ask-bridge.ts';
import type { BridgeStatus } from '../ask/bridge-status.ts';
import { chooseMeters } from '../load-settings.ts';
import { stderrLog } from '../context.ts';
import type { CliContext } from '../context.ts';
import { currentReading } from './current-reading.ts';
import type { CurrentReading } from './current-reading.ts';

/** Whoever has the port may be another command that reads once, or a bridge that is about to answer. */
const BUSY_PATIENCE_MS = 5000;
const BUSY_AGAIN_MS = 500;

/** What came of one meter. */
export type Obtained =
  | ({ readonly meter: string; readonly ok: true } & CurrentReading)
  | { readonly meter: string; readonly ok: false; readonly error: BridgeError };

export interface ObtainOptions {
  /** For opening the port and reading, ms; the bridge has its own second. */
  readonly timeoutMs: number;
  /** What to do when the time is up without a failure that says it. */
  readonly lateHint?: Text;
  /** Puts something between us and the module, such as another way to scan. */
  readonly wrap?: (module: WiSunModule, meter: MeterSettings) => WiSunModule;
  /** Hears what is being done while the port is ours. */
  readonly onStatus?: (meter: string, status: LinkStatus) => void;
}

/**
 * A current reading of one meter, or of all: from the running bridge, else from the stick itself. A bridge that runs keeps
 * its port, whatever it has to tell. Failures of a meter are values, in the order of the configuration.
 * @throws BridgeError USAGE for an unknown meter; the signal's reason.
 */
export async function obtainReadings(
  settings: Settings,
  meterId: string | undefined,
  context: CliContext,
  options: ObtainOptions,
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
  return attempt(id, () => currentReading(meter));
}

const unknownThere = (id: string): BridgeError =>
  new BridgeError('NO_READING', `meter ${id}: the running bridge does not know it`, {
    hint: {
      en: 'The configuration was changed after the bridge started: restart the bridge.',
      ja: 'ブリッジの起動後に設定が変わっています。ブリッジを再起動してください。',
    },
  });

function attempt(meter: string, read: () => CurrentReading): Obtained {
  try {
    return { meter, ok: true, ...read() };
  } catch (error) {
    return asFailure(meter, error);
  }
}

function asFailure(meter: string, error: unknown): Obtained {
  if (error instanceof BridgeError) return { meter, ok: false, error };
  throw error;
}

async function fromPort(
  settings: Settings,
  meter: MeterSettings,
  context: CliContext,
  { timeoutMs, lateHint, wrap, onStatus }: ObtainOptions,
): Promise<Obtained> {
  const { readOnce } = await import('./read-once.ts');
  const { signal } = context;
  const clock = systemClock;
  const log = await stderrLog(context, 'silent'); // what goes wrong is told by the command, in words
  const startedMs = clock.monotonicMs();
  for (;;) {
    const spentMs = clock.monotonicMs() - startedMs;
    const deps = {
      clock,
      log: log.child({ meter: meter.id }),
      timeoutMs,
      leftMs: Math.max(1, timeoutMs - spentMs),
      ...(lateHint && { lateHint }),
      ...(wrap && { wrap: (module: WiSunModule) => wrap(module, meter) }),
      ...(onStatus && { onStatus: (status: LinkStatus) => onStatus(meter.id, status) }),
    };
    try {
      return { meter: meter.id, ok: true, ...(await readOnce(settings, meter, deps, signal)) };
    } catch (error) {
      signal.throwIfAborted();
      const isBusy = error instanceof BridgeError && error.code === 'PORT_BUSY';
      const patient = clock.monotonicMs() - startedMs < Math.min(BUSY_PATIENCE_MS, timeoutMs);
      if (!isBusy || !patient) return asFailure(meter.id, error);
    }
    await clock.sleep(BUSY_AGAIN_MS, signal);
    const asked = await askBridge(settings, clock, signal);
    if (asked.kind === 'answered') return fromBridge(asked.status, meter.id);
  }
}
