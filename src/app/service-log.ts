import { systemClock } from '../kernel/clock.ts';
import { LogWriter, writeToStdout } from '../kernel/log-writer.ts';
import type { Language } from '../kernel/language.ts';
import { createLog } from '../kernel/log.ts';
import type { Log } from '../kernel/log.ts';
import { plainText } from '../kernel/plain-text.ts';
import type { Redactor } from '../kernel/redactor.ts';
import type { Settings } from '../model/settings.ts';
import type { Sink, BridgeEvent, LinkPhase, LinkStatus } from '../model/status.ts';
import { PHASE_WORDS } from './phase-words.ts';

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

export async function prettyLine(): Promise<(line: string) => string> {
  const { prettyFactory } = (await import('pino-pretty')).default;
  const pretty = prettyFactory({ singleLine: true, translateTime: 'SYS:HH:MM:ss' });
  const plain = (_key: string, value: unknown): unknown => (typeof value === 'string' ? plainText(value) : value);
  return (line) => {
    try {
      return pretty(JSON.parse(line, plain)); // which writes what JSON had escaped
    } catch {
      return line; // a secret that was taken out of a number left no JSON
    }
  };
}

/** Phase changes at info, readings at debug: a quiet log of a healthy bridge. What failed is logged where it failed. */
export class LogSink implements Sink {
  readonly #log: Log;
  readonly #words: Language | undefined;
  readonly #phases = new Map<string, LinkPhase>();

  /** @param words of the phases, where people read the log */
  constructor(log: Log, words?: Language) {
    this.#log = log;
    this.#words = words;
  }

  accept(event: BridgeEvent): void {
    switch (event.kind) {
      case 'status':
        return this.#status(event.meter, event.status);
      case 'reading':
        return this.#log.debug({ meter: event.meter, reading: event.reading }, 'reading');
      case 'halfHour':
        return this.#log.debug({ meter: event.meter, halfHour: event.halfHour }, 'half-hour registers');
      case 'history':
        return this.#log.debug({ meter: event.meter, halfHour: event.halfHour }, 'half hour from the meter’s memory');
      case 'minute':
        return this.#log.debug({ meter: event.meter, minute: event.minute }, 'minute registers');
      case 'pace':
        return this.#log.debug({ meter: event.meter, intervalS: event.intervalS }, 'pace');
      case 'profile':
        return this.#log.debug({ meter: event.meter, profile: event.profile }, 'meter known');
      case 'clock':
        return this.#log.debug({ meter: event.meter, clock: event.clock }, 'meter’s clock');
      case 'interval':
        return this.#log.info({ meter: event.meter, intervalS: event.intervalS }, 'polling interval changed');
      case 'usage':
        return; // follows from readings and half hours
      case 'activity':
        return; // logged where it is done
    }
  }

  #status(meter: string, status: LinkStatus): void {
    const { phase, error } = status;
    if (this.#phases.get(meter) === phase) return;
    this.#phases.set(meter, phase);
    this.#log.info(
      {
        meter,
        phase,
        ...(status.pan && { channel: status.pan.channel }),
        ...(error && { code: error.code }),
      },
      this.#words === undefined ? 'link' : PHASE_WORDS[phase][this.#words],
    );
  }
}
