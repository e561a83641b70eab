import { CommandReader } from '../../skstack/command-reader.ts';
import type { HostInput } from '../../skstack/command-reader.ts';
import type { SkLine } from '../../skstack/events.ts';
import { bytesOfLatin1 } from '../../kernel/bytes.ts';
import { formatLine } from '../../skstack/line-formatter.ts';
import type { ModuleContext } from '../module-context.ts';
import { CommandHandler } from './command-handler.ts';
import type { ModuleParts } from './command-handler.ts';
import type { AskedCommand, ModuleProtocol } from './module-protocol.ts';

const USUAL_FAILURE = 10;

/** SKSTACK-IP, in either edition: lines, with an echo. */
export class SkProtocol implements ModuleProtocol {
  readonly greeting = undefined;
  readonly #context: ModuleContext;
  readonly #reader: CommandReader;
  readonly #handler: CommandHandler;

  constructor(context: ModuleContext, parts: ModuleParts) {
    this.#context = context;
    this.#reader = new CommandReader(context.options.dialect);
    this.#handler = new CommandHandler(context, parts);
  }

  push(bytes: Uint8Array): readonly AskedCommand[] {
    return this.#reader.push(bytes).map((input) => this.#asked(input));
  }

  reset(): void {
    this.#reader.reset();
  }

  format(line: SkLine): Uint8Array {
    const { options, state } = this.#context;
    return formatLine(line, options.dialect, state.ascii ? 'ascii' : 'binary');
  }

  undecryptable(): undefined {
    return undefined;
  }

  #isEchoedAllTheSame({ text }: HostInput): boolean {
    return text.startsWith('SKSENDTO ') && this.#context.faults.take('echoed-send') !== undefined;
  }

  #asked(input: HostInput): AskedCommand {
    const fail = async (code: number, signal: AbortSignal): Promise<void> => {
      const { tasks, timing, say } = this.#context;
      await tasks.wait(timing.command(), signal);
      say({ kind: 'fail', code });
    };
    return {
      name: input.kind === 'command' ? input.command.name : undefined,
      told: input.kind === 'command' ? { command: input.command.name } : { refused: `ER0${input.code}` },
      echo: () => (this.#context.state.echo || this.#isEchoedAllTheSame(input) ? echoOf(input) : undefined),
      answer: (signal) =>
        input.kind === 'command' ? this.#handler.handle(input.command, signal) : fail(input.code, signal),
      fail: (code = USUAL_FAILURE, signal) => fail(code, signal),
    };
  }
}

/** Product commands are repeated as they end, with CR alone; SKSENDTO's echo stops after the blank before the data. */
function echoOf({ text }: HostInput): Uint8Array {
  const end = text.startsWith('SKSENDTO ') ? '' : /^[RW](OPT|UART)\b/.test(text) ? '\r' : '\r\n';
  return bytesOfLatin1(text + end);
}
