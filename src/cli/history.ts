import type { Command } from 'commander';
import { addCommand } from '../app/command.ts';
import type { CliContext } from '../app/context.ts';
import { addImportCommand } from './history/import.ts';

/** `history import` */
export function addHistoryCommand(program: Command, context: CliContext): void {
  const group = addCommand(program, context, 'history', {
    en: 'the registers of the past, into Home Assistant’s statistics',
    ja: '過去の積算値をHome Assistantの統計へ',
  });
  addImportCommand(group, context);
}
