import type { CliContext } from '../../app/context.ts';
import { PHASE_WORDS } from '../../app/phase-words.ts';
import { isoJst } from '../../kernel/clock.ts';
import type { Clock } from '../../kernel/clock.ts';
import { inBoth } from '../../kernel/language.ts';
import type { Language, Text } from '../../kernel/language.ts';
import { measuredIn } from '../../model/quantity.ts';
import type { Reading } from '../../model/reading.ts';
import type { BridgeEvent, LinkPhase, LinkStatus, Sink } from '../../model/status.ts';

const TOLD_EVERY_MS = 1900;

/** Tells a person at a terminal what the bridge does: each change of the link, each reading. */
export class DemoReport implements Sink {
  readonly #clock: Clock;
  readonly #context: CliContext;
  /** Readings are told no faster than a person reads. */
  #toldAtMs = -Infinity;
  #phase: LinkPhase | undefined;
  #brokenMs: number | undefined;

  constructor(clock: Clock, context: CliContext) {
    this.#clock = clock;
    this.#context = context;
  }

  /** One line, with the house's time of day before it. */
  print(text: Text | string): void {
    const { language, stdout } = this.#context;
    const time = isoJst(this.#clock.now()).slice(11, 19);
    stdout.write(`${time}  ${typeof text === 'string' ? text : text[language]}\n`);
  }

  accept(event: BridgeEvent): void {
    if (event.kind === 'status') this.#status(event.status);
    else if (event.kind === 'reading') this.#reading(event.reading);
  }

  #status({ phase, error, pan }: LinkStatus): void {
    if (phase === this.#phase) return;
    this.#phase = phase;
    const channel = phase === 'joining' ? pan?.channel : undefined;
    const where =
      channel === undefined ? { en: '', ja: '' } : { en: ` (channel ${channel})`, ja: `（チャネル ${channel}）` };
    this.print(inBoth((language) => `— ${PHASE_WORDS[phase][language]}${where[language]}`));
    if (phase !== 'waiting' || !error) return;
    this.#brokenMs ??= this.#clock.monotonicMs();
    this.print(inBoth((language) => `  ${error.text(language)} ${error.hint(language)}`));
  }

  #reading(reading: Reading): void {
    if (reading.powerW === undefined) return;
    if (this.#brokenMs !== undefined) {
      const seconds = ((this.#clock.monotonicMs() - this.#brokenMs) / 1000).toFixed(1);
      this.#brokenMs = undefined;
      this.print({ en: `— recovered by itself in ${seconds} s`, ja: `— ${seconds} 秒で自動復旧しました` });
    }
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#toldAtMs < TOLD_EVERY_MS) return;
    this.#toldAtMs = nowMs;
    const others = measuredIn(reading).filter(([{ key }]) => key !== 'power');
    const part = (language: Language): string =>
      others.map(([{ short, unit }, value]) => `  ${short[language]} ${value.toFixed(1)} ${unit}`).join('');
    this.print(inBoth((language) => `${String(reading.powerW).padStart(6)} W${part(language)}`));
  }
}
