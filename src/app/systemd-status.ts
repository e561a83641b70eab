import type { Language, Text } from '../kernel/language.ts';
import type { MeterSnapshot, StatusSnapshot } from '../web/status-snapshot.ts';
import { linkWords } from './phase-words.ts';

/** `systemctl status` shows one line: so many meters are named on it, those in trouble first. */
const NAMED = 4;

/**
 * What `systemctl status` shows. A reading is told by its time and not by its age: the line stands until the next message,
 * and an age would be wrong a second later.
 */
export function statusLine({ time, meters }: StatusSnapshot, language: Language): string {
  const inTrouble = meters.filter(({ fresh }) => !fresh);
  const named = (meters.length > NAMED ? inTrouble : meters).slice(0, NAMED);
  const parts = named.map((meter) => `${meter.id}: ${meterPart(meter, time, language)}`);
  if (meters.length <= NAMED) return parts.join('; ');
  const current = meters.length - inTrouble.length;
  const count = { en: `${meters.length} meters, ${current} current`, ja: `${meters.length}台中${current}台が最新` };
  const more = inTrouble.length > NAMED ? ['…'] : [];
  return [count[language], ...parts, ...more].join('; ');
}

function meterPart(meter: MeterSnapshot, now: string, language: Language): string {
  const { fresh, reading, error } = meter;
  const at = reading && shortTime(reading.time, now);
  const told: Text =
    at === undefined
      ? { en: 'no reading yet', ja: '値はまだありません' }
      : fresh
        ? { en: `reading of ${at}`, ja: `${at}の値` }
        : { en: `no current reading, last one ${at}`, ja: `最新の値なし、最後は${at}` };
  const code = error && !fresh ? [error.code] : [];
  return [linkWords(meter)[language], told[language], ...code].join({ en: ', ', ja: '、' }[language]);
}

/** Of an ISO time: the time of day, with the date when that is not today's. */
const shortTime = (time: string, now: string): string =>
  time.slice(0, 10) === now.slice(0, 10) ? time.slice(11, 19) : time.slice(0, 19).replace('T', ' ');

/** What of it, when changed, is told at once and not with the next beat. */
export const statusKey = ({ meters }: StatusSnapshot): string =>
  JSON.stringify(meters.map(({ phase, fresh, connected, error }) => [phase, fresh, connected, error?.code]));
