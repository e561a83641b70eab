import { Command } from 'commander';
import { addCleanupCommand } from './cleanup.ts';
import { addConfigCommand } from './config.ts';
import { addDoctorCommand } from './doctor.ts';
import { addDemoCommand } from './demo.ts';
import type { CliContext } from '../app/context.ts';
import { addHealthCommand } from './health.ts';
import { helpTexts, translateHelp } from './help.ts';
import { addMackerelCommand } from './mackerel.ts';
import { addReadCommand } from './read.ts';
import { addRecordCommand } from './record.ts';
import { addReplayCommand } from './replay.ts';
import { addRunCommand } from './run.ts';
import { addScanCommand } from './scan.ts';
import { packageVersion } from '../app/version.ts';
import { addSimulateCommand } from './simulate.ts';

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
  addRunCommand(program, context);
  addDemoCommand(program, context);
  addReadCommand(program, context);
  addMackerelCommand(program, context);
  addScanCommand(program, context);
  addDoctorCommand(program, context);
  addHealthCommand(program, context);
  addConfigCommand(program, context);
  addCleanupCommand(program, context);
  addSimulateCommand(program, context);
  addRecordCommand(program, context);
  addReplayCommand(program, context);
  return program;
}
