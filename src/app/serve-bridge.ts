import { scope } from '../kernel/async.ts';
import { systemClock } from '../kernel/clock.ts';
import { Pulse } from '../kernel/deadlines.ts';
import type { BridgeDeps } from './bridge.ts';
import { packageVersion, staysOnMistake } from './context.ts';
import type { CliContext } from './context.ts';
import { houseAddress } from './house-address.ts';
import { openToOthers } from './load-settings.ts';
import type { Loaded } from './load-settings.ts';
import { readyText } from './log-words.ts';
import { keepHeapTidy, thisHeap } from './small-heap.ts';

/** The service with this configuration, until `signal` aborts. Everything heavy is loaded here. */
export async function serveBridge(
  { settings, secretFiles }: Loaded,
  as: Pick<BridgeDeps, 'asExporter' | 'onlyFrom' | 'missingBroker' | 'page'>,
  { env, redactor }: CliContext,
  signal: AbortSignal,
): Promise<void> {
  const [{ runBridge }, { serviceLog }, { wireOf }] = await Promise.all([
    import('./bridge.ts'),
    import('./service-log.ts'),
    import('./device.ts'),
  ]);
  const log = await serviceLog(settings, redactor);
  const clock = systemClock;
  const version = packageVersion();
  log.info({ version, node: process.version, meters: settings.meters.map(({ id }) => id) }, 'broute2mqtt starts');
  for (const path of await openToOthers(secretFiles)) log.warn({ path }, 'holds secrets and others can read it');
  const shared = { clock, log, version, pulse: new Pulse(clock) };
  const systemd = env['NOTIFY_SOCKET'] ? await import('./systemd.ts') : undefined;
  using serving = scope(signal);
  let reporting: Promise<void> | undefined;
  const heap = thisHeap();
  const tidying = heap && keepHeapTidy(heap, clock, serving.signal);
  const deps: BridgeDeps = {
    ...shared,
    redactor,
    ...as,
    house: staysOnMistake({ env }) ? undefined : houseAddress(), // a container's own is no use to anybody
    wireOf: (meter) => wireOf(meter, clock, log),
    onReady: ({ page, board }) => {
      log.info({ page, startMs: Math.round(clock.monotonicMs()) }, readyText(settings));
      reporting = systemd?.reportToSystemd(env, { ...shared, board, language: settings.language }, serving.signal);
    },
  };
  try {
    await runBridge(settings, deps, signal);
  } finally {
    serving.abort();
    await Promise.all([reporting, tidying]);
  }
  log.info('stopped');
}
