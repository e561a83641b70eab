import type { Command } from 'commander';
import { resolve } from 'node:path';
import { BridgeError } from '../kernel/errors.ts';
import { addCommand, configPath } from '../app/command.ts';
import { EXIT_CODES, say, Stop } from '../app/context.ts';
import type { CliContext } from '../app/context.ts';
import { writeProblems } from '../app/load-settings.ts';
import type { TerminalInput } from './setup/keys.ts';

/** `setup`: asks, tries everything live, writes the configuration and goes on as the service. */
export function addSetupCommand(program: Command, context: CliContext): void {
  const help = {
    en: 'set everything up step by step, then run',
    ja: '対話形式で設定し、そのまま動作を開始',
  };
  addCommand(program, context, 'setup', help, [
    ['--no-run', { en: 'end after writing the configuration', ja: '設定を書き込んだら終了' }],
  ]).action(async ({ run }: { readonly run: boolean }, command: Command) => {
    const stdin: TerminalInput & { readonly isTTY?: boolean } = context.stdin;
    if (stdin.isTTY !== true || context.stderr.isTTY !== true) throw noTerminal();
    const file = resolve(configPath(command).path);
    const { refuseTakenName } = await import('../store/user-file.ts');
    await refuseTakenName(file, false).catch((error: unknown) => {
      throw error instanceof BridgeError ? alreadyThere(file) : error;
    });
    const { wrongEnvironment } = await import('../app/setup/settings-or-set-up.ts');
    const wrong = await wrongEnvironment(file, context);
    if (wrong.length > 0) {
      await writeProblems(wrong, context);
      throw new Stop(EXIT_CODES.configuration);
    }
    const { askEverything } = await import('./setup/ask-everything.ts');
    const finished = await askEverything(file, stdin, context);
    if (!finished) throw new Stop(EXIT_CODES.done);
    const { loaded, language } = finished;
    if (!run) return;
    say(
      context.stderr,
      { ...context, language },
      {
        en: '\nThe service runs now; Ctrl-C ends it. Started at boot: docs/systemd.md\n',
        ja: '\nサービスを開始します（Ctrl-Cで終了）。起動時の自動開始：docs/systemd.md\n',
      },
    );
    const { serveBridge } = await import('../app/serve-bridge.ts');
    const settings = { ...loaded.settings, log: { ...loaded.settings.log, format: 'pretty' } as const }; // a person reads it
    await serveBridge({ ...loaded, settings }, {}, context, context.signal);
  });
}

const noTerminal = (): BridgeError =>
  new BridgeError(
    'USAGE',
    { en: 'setup asks questions and needs a terminal', ja: 'setup は質問をするため、端末が必要です' },
    {
      hint: {
        en: 'Over SSH: ssh -t HOST broute2mqtt setup. In a container: docker compose run --rm broute2mqtt setup. In the browser: broute2mqtt run without a configuration shows the same steps as a page.',
        ja: 'SSHでは ssh -t ホスト broute2mqtt setup、コンテナでは docker compose run --rm broute2mqtt setup。ブラウザーでは、設定なしで broute2mqtt run を実行すると同じ手順のページが開きます。',
      },
    },
  );

const alreadyThere = (file: string): BridgeError =>
  new BridgeError(
    'USAGE',
    { en: `${file} is there already, and is never written over`, ja: `${file} は既にあります（上書きしません）` },
    {
      hint: {
        en: 'Check it with `broute2mqtt config check`, run it with `broute2mqtt run`. To begin anew, move it away, or name another file with --config.',
        ja: '確認は `broute2mqtt config check`、開始は `broute2mqtt run`。最初からやり直すには、このファイルを移動するか、--config で別のファイルを指定してください。',
      },
    },
  );
