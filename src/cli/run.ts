import type { Command } from 'commander';
import { addCommand, configPath } from '../app/command.ts';
import type { CliContext } from '../app/context.ts';
import { homeAssistantApp } from '../app/home-assistant-app/home-assistant-app.ts';
import { settingsOrSetUp } from '../app/setup/settings-or-set-up.ts';
import { serveBridge } from '../app/serve-bridge.ts';

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
  const file = configPath(command);
  const asExporter = await exporterConfig(file, context);
  const loaded = asExporter ?? (await settingsOrSetUp(file, context));
  return await serveBridge(loaded, { asExporter: asExporter !== undefined }, context, signal);
}
