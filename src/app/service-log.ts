import { systemClock } from '../kernel/clock.ts';
import { LogWriter, writeToStdout } from '../kernel/log-writer.ts';
import { createLog } from '../kernel/log.ts';
import type { Log } from '../kernel/log.ts';
import type { Redactor } from '../kernel/redactor.ts';
import type { Settings } from '../model/settings.ts';

/** The service's log on standard output, as the configuration wants it. Whatever becomes of the output, the service goes on. */
export async function serviceLog({ log }: Pick<Settings, 'log'>, redactor: Redactor): Promise<Log> {
  const format = log.format === 'pretty' ? await prettyLine() : undefined;
  const destination = new LogWriter({
    write: writeToStdout(),
    nowMs: () => systemClock.now(),
    ...(format && { format }),
  });
  return createLog({ level: log.level, redactor, destination });
}

async function prettyLine(): Promise<(line: string) => string> {
  const { prettyFactory } = (await import('pino-pretty')).default;
  return prettyFactory({ singleLine: true, translateTime: 'SYS:HH:MM:ss' });
}
