import { BridgeError } from '../../kernel/errors.ts';
import { inBoth } from '../../kernel/language.ts';
import type { Language, Text } from '../../kernel/language.ts';
import { quantities } from '../../model/quantity.ts';
import type { ReadingJson } from '../../model/reading.ts';
import type { MeterSnapshot } from '../../web/status-snapshot.ts';
import { publishedError } from '../ask/published-error.ts';

/** What is known of one meter now. */
export interface CurrentReading {
  /** The newest answer: the object of `readings` without `run` and `seq`. */
  readonly answer: ReadingJson;
  /** Current values that this answer did not hold, each with the time of its own. */
  readonly besides: readonly ReadingJson[];
}

/**
 * The reading that may be shown as current, by the bridge's own verdict.
 * @throws BridgeError NO_READING, or the failure that keeps the bridge from having one.
 */
export function currentReading(meter: MeterSnapshot): CurrentReading {
  const { last_answer: answer, reading } = meter;
  if (!meter.fresh || !answer || !reading || reading.power?.stale === true) throw noReading(meter);
  const besides = quantities.flatMap(({ key }) => {
    const value = reading[key];
    if (value === undefined || value.stale || answer[key] !== undefined) return [];
    return [{ meter: meter.id, time: value.time, [key]: value.value }];
  });
  return { answer, besides };
}

function noReading({ id, phase, reason, error }: MeterSnapshot): BridgeError {
  const why = reason ?? `no current power (${phase})`;
  const failure = publishedError(error);
  const of = (what: (language: Language) => string): Text =>
    inBoth((language) => `${{ en: 'meter', ja: 'メーター' }[language]} ${id}: ${what(language)}`);
  return failure
    ? new BridgeError(
        failure.code,
        of((language) => `${why}: ${failure.what[language]}`),
      )
    : new BridgeError(
        'NO_READING',
        of(() => why),
      );
}
