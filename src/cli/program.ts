import { Command, CommanderError } from 'commander';
import { BridgeError } from '../kernel/errors.ts';
import type { Text } from '../kernel/language.ts';
import { say, EXIT_CODES, tellError, packageVersion } from '../app/context.ts';
import type { CliContext, ExitCode } from '../app/context.ts';
import { addCleanupCommand } from './cleanup.ts';
import { addConfigCommand } from './config.ts';
import { addDemoCommand } from './demo.ts';
import { addDoctorCommand } from './doctor.ts';
import { translateHelp, usageText } from './commander-texts.ts';
import { addHealthCommand } from './health.ts';
import { addHistoryCommand } from './history.ts';
import { addMackerelCommand } from './mackerel.ts';
import { understood } from './mackerel/mackerel-options.ts';
import { addReadCommand } from './read.ts';
import { addRecordCommand } from './record.ts';
import { addReplayCommand } from './replay.ts';
import { addRunCommand } from './run.ts';
import { addScanCommand } from './scan.ts';
import { addSetupCommand } from './setup.ts';
import { addSimulateCommand } from './simulate.ts';

const TEXTS = {
  description: {
    en: 'Keeps a Wi-SUN Route-B session with a Japanese smart meter alive and publishes its readings to MQTT.',
    ja: 'スマートメーターとのBルート（Wi-SUN）接続を保ち、計測値をMQTTで配信します。',
  },
  config: { en: 'configuration file', ja: '設定ファイル' },
  version: { en: 'show the version', ja: 'バージョンを表示' },
} as const;

/** Every command. A new one: a file with `addXCommand(program, context)`, and a line here; heavy imports inside its action. */
export function buildProgram(context: CliContext): Command {
  const { language } = context;
  const program = new Command('broute2mqtt')
    .description(TEXTS.description[language])
    .option('--config <FILE>', TEXTS.config[language], 'config.yaml')
    .version(packageVersion(), '-V, --version', TEXTS.version[language])
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: (text) => void context.stderr.write(text),
      outputError: () => undefined, // told below, in the user's language
    });
  translateHelp(program, context);
  addRunCommand(program, context);
  addSetupCommand(program, context);
  addDemoCommand(program, context);
  addReadCommand(program, context);
  addMackerelCommand(program, context);
  addScanCommand(program, context);
  addDoctorCommand(program, context);
  addHealthCommand(program, context);
  addConfigCommand(program, context);
  addHistoryCommand(program, context);
  addCleanupCommand(program, context);
  addSimulateCommand(program, context);
  addRecordCommand(program, context);
  addReplayCommand(program, context);
  return program;
}

/** Runs one command line to its end. Never throws: whatever happens is told and becomes an exit code. */
export async function runCli(args: readonly string[], context: CliContext): Promise<ExitCode> {
  const program = buildProgram(context);
  try {
    await program.parseAsync(understood(args), { from: 'user' });
    return EXIT_CODES.done;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT_CODES.done; // --help, --version
      if (error.code === 'commander.help') return EXIT_CODES.usage; // the help stands there already
      const text = usageText(error, program);
      say(context.stderr, context, { en: `error: ${text.en}`, ja: `エラー: ${text.ja}` });
      say(context.stderr, context, seeHelp(program));
      return EXIT_CODES.usage;
    }
    const isUsage = error instanceof BridgeError && error.code === 'USAGE';
    return tellError(isUsage ? error.orHint(seeHelp(program)) : error, context);
  }
}

/** Of the command that was meant, as far as the line names one. */
function seeHelp(program: Command): Text {
  const words = ['broute2mqtt'];
  for (let at: Command | undefined = program; at;) {
    const [name]: readonly string[] = at.args;
    at = at.commands.find((command) => command.name() === name);
    if (at) words.push(at.name());
  }
  const help = `\`${words.join(' ')} --help\``;
  return { en: `See ${help}.`, ja: `${help} をご覧ください。` };
}
