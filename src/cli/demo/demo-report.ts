import type { Clock } from '../../kernel/clock.ts';
import type { Language, Text } from '../../kernel/language.ts';
import type { Reading } from '../../model/reading.ts';
import type { Sink } from '../../model/sink.ts';
import type { BridgeEvent, LinkPhase, LinkStatus } from '../../model/status.ts';
import { phaseWords } from '../../app/phase-words.ts';

/** Tells a person at a terminal what the bridge does: each change of the link, each reading. */
export class DemoReport implements Sink {
  readonly name = 'demo';
  readonly #clock: Clock;
  readonly #language: Language;
  readonly #print: (line: string) => void;
  #phase: LinkPhase | undefined;
  #brokenMs: number | undefined;

  constructor(clock: Clock, language: Language, print: (line: string) => void) {
    this.#clock = clock;
    this.#language = language;
    this.#print = print;
  }

  /** One line with the time of day before it. */
  say(text: Text | string): void {
    const time = new Date(this.#clock.now()).toTimeString().slice(0, 8);
    this.#print(`${time}  ${typeof text === 'string' ? text : text[this.#language]}`);
  }

  accept(event: BridgeEvent): void {
    if (event.kind === 'status') this.#status(event.status);
    else if (event.kind === 'reading') this.#reading(event.reading);
  }

  #status({ phase, error, pan }: LinkStatus): void {
    if (phase === this.#phase) return;
    this.#phase = phase;
    const where =
      phase === 'joining' && pan
        ? { en: ` (channel ${pan.channel})`, ja: `（チャネル ${pan.channel}）` }
        : { en: '', ja: '' };
    const words = phaseWords[phase];
    this.say({ en: `— ${words.en}${where.en}`, ja: `— ${words.ja}${where.ja}` });
    if (phase !== 'waiting' || !error) return;
    this.#brokenMs ??= this.#clock.monotonicMs();
    this.say(`  ${error.text(this.#language)} ${error.hint(this.#language)}`);
  }

  #reading({ powerW, currentRA, currentTA, importKwh, exportKwh }: Reading): void {
    if (powerW === undefined) return;
    if (this.#brokenMs !== undefined) {
      const seconds = ((this.#clock.monotonicMs() - this.#brokenMs) / 1000).toFixed(1);
      this.#brokenMs = undefined;
      this.say({ en: `— recovered by itself in ${seconds} s`, ja: `— ${seconds} 秒で自動復旧しました` });
    }
    const part = (label: string, value: number | undefined, unit: string, digits: number): string =>
      value === undefined ? '' : `  ${label}${value.toFixed(digits)} ${unit}`;
    const bought = { en: 'import ', ja: '買電 ' }[this.#language];
    const sold = { en: 'export ', ja: '売電 ' }[this.#language];
    this.say(
      `${String(powerW).padStart(6)} W${part('R ', currentRA, 'A', 1)}${part('T ', currentTA, 'A', 1)}${part(bought, importKwh, 'kWh', 1)}${part(sold, exportKwh, 'kWh', 1)}`,
    );
  }
}
