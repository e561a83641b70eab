import type { Command } from 'commander';
import { addCommand, configPath } from '../app/command.ts';
import type { CliContext } from '../app/context.ts';
import { MACKEREL_OPTIONS } from './mackerel/mackerel-options.ts';
import type { MackerelFlags } from './mackerel/mackerel-options.ts';

/** `mackerel`, also `mackerel-plugin-smartmeter`: the plugin of the Mackerel agent, with the options of the program of that name. */
export function addMackerelCommand(program: Command, context: CliContext): void {
  const help = {
    en: 'plugin of the Mackerel agent (also as mackerel-plugin-smartmeter)',
    ja: 'Mackerelエージェントのプラグイン（mackerel-plugin-smartmeter 互換）',
  };
  addCommand(program, context, 'mackerel', help, MACKEREL_OPTIONS).action(
    async (flags: MackerelFlags, command: Command) => {
      const { runMackerel } = await import('./mackerel/run-mackerel.ts');
      const { path, pathGiven } = configPath(command);
      await runMackerel(flags, pathGiven ? path : undefined, context);
    },
  );
}
