import { BridgeError } from '../../kernel/errors.ts';
import type { Text } from '../../kernel/language.ts';
import type { Sink } from '../../model/sink.ts';
import type { BridgeEvent, LinkPhase, LinkStatus, ModuleInfo } from '../../model/status.ts';
import { say } from '../../app/context.ts';
import type { CliContext } from '../../app/context.ts';
import { phaseWords } from '../../app/phase-words.ts';

/** Tells on the terminal how a recording goes on, and keeps what its header says. */
export class RecordProgress implements Sink {
  readonly name = 'record';
  module: ModuleInfo | undefined;
  readings = 0;
  readonly #context: CliContext;
  readonly #giveUp: (error: BridgeError) => void;
  #phase: LinkPhase | undefined;

  constructor(context: CliContext, giveUp: (error: BridgeError) => void) {
    this.#context = context;
    this.#giveUp = giveUp;
  }

  accept(event: BridgeEvent): void {
    if (event.kind === 'status') this.#status(event.status);
    if (event.kind !== 'reading') return;
    this.readings++;
    const { powerW } = event.reading;
    if (powerW !== undefined) this.#tell({ en: `${powerW} W`, ja: `${powerW} W` });
  }

  #status({ module, phase, error }: LinkStatus): void {
    this.module = module ?? this.module;
    if (module?.edition === 'J11') this.#giveUp(j11Refused());
    if (phase === this.#phase || phase === 'stopped') return;
    this.#phase = phase;
    const code = error ? ` [${error.code}]` : '';
    this.#tell({ en: `${phaseWords[phase].en}${code}`, ja: `${phaseWords[phase].ja}${code}` });
  }

  #tell(text: Text): void {
    say(this.#context.stderr, this.#context, text);
  }
}

export const j11Refused = (): BridgeError => new BridgeError('USAGE', 'the stick is a J11 module', { hint: noJ11 });

const noJ11: Text = {
  en: 'Recordings of J11 modules cannot be made anonymous yet; nothing was written.',
  ja: 'J11モジュールの記録はまだ匿名化できないため、何も書き込んでいません。',
};
