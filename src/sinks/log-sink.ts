import { BridgeError } from '../kernel/errors.ts';
import type { Language } from '../kernel/language.ts';
import type { Log } from '../kernel/log.ts';
import type { Sink } from '../model/sink.ts';
import type { BridgeEvent, LinkPhase, LinkStatus } from '../model/status.ts';

/** Phase changes at info, readings at debug: a quiet log of a healthy bridge. */
export class LogSink implements Sink {
  readonly name = 'log';
  readonly #log: Log;
  readonly #language: Language;
  readonly #phases = new Map<string, LinkPhase>();

  constructor(log: Log, language: Language) {
    this.#log = log;
    this.#language = language;
  }

  accept(event: BridgeEvent): void {
    switch (event.kind) {
      case 'status':
        return this.#status(event.meter, event.status);
      case 'reading':
        return this.#log.debug({ meter: event.meter, reading: event.reading }, 'reading');
      case 'halfHour':
        return this.#log.debug({ meter: event.meter, halfHour: event.halfHour }, 'half-hour registers');
      case 'profile':
        return this.#log.debug({ meter: event.meter, profile: event.profile }, 'meter known');
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
        ...(error && { code: error.code, reason: error.message }),
        ...(error && error.code !== 'DEFECT' && { hint: new BridgeError(error.code, '').hint(this.#language) }),
      },
      'link',
    );
  }
}
