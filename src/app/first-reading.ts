import type { Clock } from '../kernel/clock.ts';
import type { Language, Text } from '../kernel/language.ts';
import type { Log } from '../kernel/log.ts';
import type { MeterSettings } from '../model/settings.ts';
import type { BridgeEvent, Sink } from '../model/status.ts';

/** What Home Assistant is told of a meter follows its first answers within seconds; a broker that is away is not waited for. */
const PATIENCE_MS = 10_000;

export interface FirstReadingOptions {
  readonly meters: readonly Pick<MeterSettings, 'id' | 'name'>[];
  /** The page's address, as soon as there is one. */
  readonly page: () => string | undefined;
  /** Home Assistant is told of the meters. */
  readonly announces: boolean;
  /** In words for people, where the log is read by them; else in English with fields. */
  readonly words: Language | undefined;
}

interface Start {
  powerW?: number;
  /** When it came, monotonic. */
  atMs?: number;
  isKnown: boolean;
  entities?: number;
  /** Announced with what is known of the meter. */
  isComplete: boolean;
  isTold: boolean;
}

/** Says in one line that it works, once for each meter: what was read, what Home Assistant got; and once what comes next. */
export class FirstReading implements Sink {
  readonly #options: FirstReadingOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #starts = new Map<string, Start>();
  #isNextTold = false;

  constructor(options: FirstReadingOptions, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#options = options;
    this.#clock = clock;
    this.#log = log;
  }

  /** The broker has a meter's document. */
  announced(meter: string, entities: number): void {
    const start = this.#of(meter);
    start.entities = entities;
    start.isComplete = start.isKnown;
    this.#tell(meter, start);
  }

  accept(event: BridgeEvent): void {
    const start = this.#of(event.meter);
    if (start.isTold) return;
    if (event.kind === 'profile') start.isKnown = true;
    if (event.kind === 'reading' && event.reading.powerW !== undefined) {
      start.powerW ??= event.reading.powerW;
      start.atMs ??= this.#clock.monotonicMs();
    }
    this.#tell(event.meter, start);
  }

  #of(meter: string): Start {
    const known = this.#starts.get(meter) ?? { isKnown: false, isComplete: false, isTold: false };
    this.#starts.set(meter, known);
    return known;
  }

  #tell(meter: string, start: Start): void {
    const { powerW, atMs, entities, isComplete, isTold } = start;
    if (isTold || powerW === undefined || atMs === undefined) return;
    const waits = this.#options.announces && !isComplete && this.#clock.monotonicMs() - atMs < PATIENCE_MS;
    if (waits) return;
    start.isTold = true;
    const told = entities === undefined ? { en: '', ja: '' } : toldOf(entities);
    this.#say(
      { meter, powerW, ...(entities === undefined ? {} : { entities }) },
      { en: `first reading: ${powerW} W (${meter})${told.en}`, ja: `最初の計測値 ${powerW} W（${meter}）${told.ja}` },
    );
    this.#sayNext();
  }

  #sayNext(): void {
    if (this.#isNextTold) return;
    this.#isNextTold = true;
    const page = this.#options.page();
    const [first] = this.#options.meters;
    const parts = [
      ...(this.#options.announces
        ? [
            {
              en: `Home Assistant shows ${first?.name ?? 'the meter'} under Settings → Devices & services → MQTT`,
              ja: `Home Assistantの「設定」→「デバイスとサービス」→「MQTT」に「${first?.name ?? 'メーター'}」が表示されます`,
            },
          ]
        : []),
      ...(page === undefined ? [] : [{ en: `status page: ${page}`, ja: `状態ページ: ${page}` }]),
    ];
    if (parts.length === 0) return;
    this.#say(page === undefined ? {} : { page }, {
      en: `next: ${parts.map(({ en }) => en).join('; ')}`,
      ja: `次へ: ${parts.map(({ ja }) => ja).join('・')}`,
    });
  }

  #say(facts: Readonly<Record<string, unknown>>, text: Text): void {
    const { words } = this.#options;
    if (words === undefined) this.#log.info(facts, text.en);
    else this.#log.info(text[words]);
  }
}

const toldOf = (entities: number): Text => ({
  en: `, ${entities} entities announced to Home Assistant`,
  ja: `・${entities}個のエンティティを登録`,
});
