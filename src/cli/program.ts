import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addConfigCommand } from './config.ts';
import type { CliContext } from './context.ts';
import { helpTexts, translateHelp } from './help.ts';

/** Of package.json, which lies two folders above this file, in the source as in the package. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Every command. A new one: a file with `addXCommand(program, context)`, and a line here; heavy imports inside its action. */
export function buildProgram(context: CliContext): Command {
  const { language } = context;
  const program = new Command('broute2mqtt')
    .description(helpTexts.description[language])
    .option('--config <FILE>', helpTexts.config[language], 'config.yaml')
    .version(packageVersion(), '-V, --version', helpTexts.version[language])
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: (text) => void context.stderr.write(text),
      outputError: () => undefined, // told by runCli, in the user's language
    });
  translateHelp(program, context);
  addConfigCommand(program, context);
  return program;
}
