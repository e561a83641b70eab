import type { Command } from 'commander';
import { scope } from '../kernel/async.ts';
import { systemClock } from '../kernel/clock.ts';
import { Pulse } from '../kernel/pulse.ts';
import { addCommand, configPath, requireSettings } from '../app/command.ts';
import type { CliContext } from '../app/context.ts';
import { openToOthers } from '../app/open-files.ts';
import { keepHeapTidy, thisHeap } from '../app/small-heap.ts';
import { packageVersion } from '../app/version.ts';

/** `run`, the default: the service. Ends with 0 on SIGTERM and SIGINT, 78 for a wrong configuration, 70 for a defect, else never. */
export function addRunCommand(program: Command, context: CliContext): void {
  addCommand(
    program,
    context,
    'run',
    { en: 'the service: keep the session, publish the readings (default)', ja: 'サービスとして動作（既定）' },
    { isDefault: true },
  ).action(async (_options: unknown, command: Command) => {
    const { exporterConfig } = await import('../app/exporter-mode.ts');
    const asExporter = await exporterConfig(configPath(command), context);
    const { settings, secretFiles } = asExporter ?? (await requireSettings(command, context));
    const [{ runBridge }, { serviceLog }, { wireOf }] = await Promise.all([
      import('../app/bridge.ts'),
      import('../app/service-log.ts'),
      import('../app/device.ts'),
    ]);
    const { redactor } = context;
    const log = await serviceLog(settings, redactor);
    const clock = systemClock;
    const version = packageVersion();
    log.info({ version, node: process.version, meters: settings.meters.map(({ id }) => id) }, 'broute2mqtt starts');
    for (const path of await openToOthers(secretFiles)) log.warn({ path }, 'holds secrets and others can read it');
    const pulse = new Pulse(clock);
    const systemd = context.env['NOTIFY_SOCKET']
      ? (await import('../app/systemd.ts')).systemdReport(context.env, settings, {
          clock,
          log,
          version,
          pid: process.pid,
          pulse,
        })
      : undefined;
    using serving = scope(context.signal);
    let reporting: Promise<void> | undefined;
    const heap = thisHeap();
    const tidying = heap && keepHeapTidy(heap, clock, serving.signal);
    try {
      await runBridge(
        settings,
        {
          clock,
          log,
          redactor,
          version,
          pulse,
          asExporter: asExporter !== undefined,
          wireOf: (meter) => wireOf(meter, clock, log),
          extraSinks: systemd ? [systemd] : [],
          onReady: ({ page }) => {
            log.info({ page, startMs: Math.round(clock.monotonicMs()) }, 'ready');
            reporting = systemd?.run(serving.signal);
          },
        },
        context.signal,
      );
    } finally {
      serving.abort();
      await Promise.all([reporting, tidying]);
    }
    log.info('stopped');
  });
}
