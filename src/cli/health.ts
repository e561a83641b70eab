import type { Command } from 'commander';
import { formatHostPort, reachable } from '../kernel/host-port.ts';
import { within } from '../kernel/async.ts';
import { systemClock } from '../kernel/clock.ts';
import type { HttpSettings } from '../model/settings.ts';
import { addCommand, configPath, requireSettings } from '../app/command.ts';
import { say, EXIT_CODES, Stop } from '../app/context.ts';
import type { CliContext } from '../app/context.ts';

const LIVEZ_LIMIT_MS = 5000;

/** Whether the service lives: undefined when nobody answers there. */
type Life = { readonly lives: boolean; readonly text: string } | undefined;

/** `health`: 0 while the service lives and its parts go on, for container health checks; says nothing of the meter. */
export function addHealthCommand(program: Command, context: CliContext): void {
  addCommand(program, context, 'health', {
    en: 'exit 0 while the service lives, for container health checks',
    ja: 'サービスが動作中なら終了コード0（コンテナのヘルスチェック用）',
  }).action(async (_options: unknown, command: Command) => {
    const life = await lifeOf(command, context);
    if (life?.lives) return void context.stdout.write('ok\n');
    if (life) context.stderr.write(context.redactor.redact(`${life.text}\n`));
    else say(context.stderr, context, NOBODY);
    throw new Stop(EXIT_CODES.linkDown);
  });
}

const NOBODY = {
  en: 'No running bridge answers, neither at the socket in state_dir nor at http.listen. Is it started, and with this configuration?',
  ja: 'state_dir のソケットにも http.listen にも応答がありません。同じ設定でブリッジが起動しているか確認してください。',
};

async function lifeOf(command: Command, context: CliContext): Promise<Life> {
  const usual = await bySocket(context.env['BROUTE2MQTT_STATE_DIR'], context); // whatever file the service was given
  if (usual) return usual;
  const { exporterConfig } = await import('../app/exporter-mode.ts');
  const { settings } =
    (await exporterConfig(configPath(command), context)) ?? (await requireSettings(command, context));
  return (await bySocket(settings.stateDir, context)) ?? (await byHttp(settings.http, context.signal));
}

async function bySocket(stateDir: string | undefined, context: CliContext): Promise<Life> {
  if (!stateDir) return undefined;
  const { askBridge } = await import('../app/ask/ask-bridge.ts');
  const asked = await askBridge({ stateDir }, systemClock, context.signal);
  if (asked.kind === 'none') return undefined;
  if (asked.kind === 'failed') return { lives: false, text: asked.error.text(context.language) };
  const { late = [] } = asked.status;
  return { lives: late.length === 0, text: late.join('\n') };
}

/** Where there is no socket. `/livez` asks for no token. */
async function byHttp(http: HttpSettings | undefined, signal: AbortSignal): Promise<Life> {
  if (!http || http.listen.port === 0) return undefined;
  const url = `http://${formatHostPort(reachable(http.listen))}/livez`;
  try {
    return await within(
      systemClock,
      LIVEZ_LIMIT_MS,
      signal,
      async (limit) => {
        const answer = await fetch(url, { signal: limit });
        return { lives: answer.ok, text: (await answer.text()).trim() };
      },
      () => new Error(`no answer within ${LIVEZ_LIMIT_MS / 1000} s`),
    );
  } catch {
    signal.throwIfAborted();
    return undefined; // nobody there, or nobody who answers: said as such
  }
}
