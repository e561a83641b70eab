import type { Command } from 'commander';
import { scope } from '../kernel/async.ts';
import { systemClock } from '../kernel/clock.ts';
import { Pulse } from '../kernel/deadlines.ts';
import { addCommand, configPath, requireSettings } from '../app/command.ts';
import type { BridgeDeps } from '../app/bridge.ts';
import { packageVersion } from '../app/context.ts';
import type { CliContext } from '../app/context.ts';
import { homeAssistantApp } from '../app/home-assistant-app/home-assistant-app.ts';
import { openToOthers } from '../app/load-settings.ts';
import type { Loaded } from '../app/load-settings.ts';
import { keepHeapTidy, thisHeap } from '../app/small-heap.ts';

/** `run`, the default: the service. Ends with 0 on SIGTERM and SIGINT, 78 for a wrong configuration, 70 for a defect, else never. */
export function addRunCommand(program: Command, context: CliContext): void {
  const help = {
    en: 'the service: keep the session, publish the readings (default)',
    ja: 'サービスとして動作（既定）',
  };
  addCommand(program, context, 'run', help, [], true).action(async (_options: unknown, command: Command) =>
    serve(command, context),
  );
}

async function serve(command: Command, context: CliContext): Promise<void> {
  const { env, signal } = context;
  const app = homeAssistantApp(env);
  if (app) {
    const { serveApp } = await import('../app/home-assistant-app/serve-app.ts');
    return await serveApp(app, context, (loaded, as, inner) => serveBridge(loaded, as, context, inner));
  }
  const { exporterConfig } = await import('../app/exporter-mode.ts');
  const asExporter = await exporterConfig(configPath(command), context);
  const loaded = asExporter ?? (await requireSettings(command, context));
  return await serveBridge(loaded, { asExporter: asExporter !== undefined }, context, signal);
}

async function serveBridge(
  { settings, secretFiles }: Loaded,
  as: Pick<BridgeDeps, 'asExporter' | 'onlyFrom' | 'missingBroker' | 'page'>,
  { env, redactor }: CliContext,
  signal: AbortSignal,
): Promise<void> {
  const [{ runBridge }, { serviceLog }, { wireOf }] = await Promise.all([
    import('../app/bridge.ts'),
    import('../app/service-log.ts'),
    import('../app/device.ts'),
  ]);
  const log = await serviceLog(settings, redactor);
  const clock = systemClock;
  const version = packageVersion();
  log.info({ version, node: process.version, meters: settings.meters.map(({ id }) => id) }, 'broute2mqtt starts');
  for (const path of await openToOthers(secretFiles)) log.warn({ path }, 'holds secrets and others can read it');
  const shared = { clock, log, version, pulse: new Pulse(clock) };
  const systemd = env['NOTIFY_SOCKET'] ? await import('../app/systemd.ts') : undefined;
  using serving = scope(signal);
  let reporting: Promise<void> | undefined;
  const heap = thisHeap();
  const tidying = heap && keepHeapTidy(heap, clock, serving.signal);
  const deps: BridgeDeps = {
    ...shared,
    redactor,
    ...as,
    wireOf: (meter) => wireOf(meter, clock, log),
    onReady: ({ page, board }) => {
      log.info({ page, startMs: Math.round(clock.monotonicMs()) }, 'ready');
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
