import { pino } from 'pino';
import type { DestinationStream } from 'pino';
import type { Config } from '../../config/schema.ts';
import { createLog } from '../../kernel/log.ts';
import type { Log } from '../../kernel/log.ts';
import type { Redactor } from '../../kernel/redactor.ts';

/** The service's log on standard output, as the configuration wants it. */
export async function serviceLog(
  { log, language }: Pick<Config, 'log' | 'language'>,
  redactor: Redactor,
): Promise<Log> {
  return createLog({ level: log.level, language, redactor, destination: await destination(log.format) });
}

async function destination(format: Config['log']['format']): Promise<DestinationStream> {
  if (format === 'json') return pino.destination({ dest: 1, sync: true });
  const { default: pretty } = await import('pino-pretty');
  return pretty({ sync: true, singleLine: true, translateTime: 'SYS:HH:MM:ss' });
}
