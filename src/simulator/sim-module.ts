import type { Log } from '../kernel/log.ts';
import { CommandReader } from '../skstack/command-reader.ts';
import type { HostInput } from '../skstack/command-reader.ts';
import type { SkLine } from '../skstack/events.ts';
import { bytesOfLatin1 } from '../skstack/hex.ts';
import { formatLine } from '../skstack/line-formatter.ts';
import type { Bench } from './bench.ts';
import { event } from './bench.ts';
import { CommandHandler } from './command-handler.ts';
import { Exchange } from './exchange.ts';
import { BOOT_MS } from './radio-timing.ts';
import { RadioSession } from './radio-session.ts';
import { Scanner } from './scanner.ts';
import type { WireEnd } from './wire-end.ts';

/** What stands glued before a line in one capture: the rest of an echo. */
const GLUE = 'SKSENDTO';
const WOKEN = 0xc0;

type Power = 'on' | 'booting' | 'asleep' | 'hung' | 'off';

/** The module: reads commands, one at a time, and says lines. Its state outlives the wire, not its power. */
export class SimModule {
  readonly session: RadioSession;
  readonly exchange: Exchange;
  readonly scanner: Scanner;
  readonly #bench: Bench;
  readonly #wire: WireEnd;
  readonly #reader: CommandReader;
  readonly #handler: CommandHandler;
  readonly #log: Log | undefined;
  readonly #queue: HostInput[] = [];
  /** Names the one who works off the queue; who has been called off no longer counts. */
  #worker: symbol | undefined;
  #power: Power = 'on';

  constructor(bench: Omit<Bench, 'say' | 'sayText'>, wire: WireEnd, onCommand: () => void, log?: Log) {
    this.#bench = { ...bench, say: (line) => this.#say(line), sayText: (text, end) => this.#sayText(text, end) };
    this.#wire = wire;
    this.#log = log;
    this.#onCommand = onCommand;
    this.#reader = new CommandReader(bench.options.edition);
    this.session = new RadioSession(this.#bench);
    this.scanner = new Scanner(this.#bench);
    this.exchange = new Exchange(this.#bench, this.session);
    this.#handler = new CommandHandler(this.#bench, {
      scanner: this.scanner,
      session: this.session,
      exchange: this.exchange,
      reset: () => this.#forget(),
      sleep: () => (this.#power = 'asleep'),
    });
  }

  readonly #onCommand: () => void;

  /** Bytes from the host. */
  read(bytes: Uint8Array): void {
    if (this.#power === 'asleep' && this.#bench.options.edition === 'DSE') {
      this.#power = 'on'; // the waking character itself is lost
      this.#say(event(WOKEN, ''));
      return;
    }
    if (this.#power !== 'on') return;
    this.#queue.push(...this.#reader.push(bytes));
    if (this.#worker || this.#queue.length === 0) return;
    const worker = Symbol('worker');
    this.#worker = worker;
    this.#bench.tasks.start((signal) => this.#work(worker, signal));
  }

  powerOff(): void {
    this.#power = 'off';
    this.#bench.state.blocked = false;
    this.crash();
  }

  /** Deaf until it has booted. */
  powerOn(): void {
    this.#power = 'booting';
    this.#bench.tasks.after(BOOT_MS, () => (this.#power = 'on'));
  }

  /** A spontaneous reset: as SKRESET, without a word. It ends a hang, a sleep and a boot too. */
  crash(): void {
    this.#bench.tasks.stopAll();
    if (this.#power !== 'off') this.#power = 'on';
    this.#idle();
    this.#forget();
    this.#queue.length = 0;
    this.#reader.reset();
  }

  /** Neither listens nor speaks. @param ms undefined: until it loses power. */
  hang(ms: number | undefined): void {
    if (this.#power !== 'on') return;
    this.#power = 'hung';
    if (ms === undefined) return;
    this.#bench.tasks.after(ms, () => {
      if (this.#power === 'hung') this.#power = 'on';
    });
  }

  get say(): Bench['say'] {
    return this.#bench.say;
  }

  /** Bytes that are no line. */
  babble(bytes: Uint8Array): void {
    this.#put(bytes);
  }

  #idle(): void {
    this.#worker = undefined;
    this.#bench.faults.command = undefined;
  }

  #forget(): void {
    this.scanner.stop();
    this.session.forget();
    this.#bench.state.reset();
    this.exchange.unanswered.clear();
  }

  async #work(worker: symbol, signal: AbortSignal): Promise<void> {
    try {
      for (let input = this.#queue.shift(); input; input = this.#queue.shift()) await this.#take(input, signal);
    } finally {
      if (this.#worker === worker) this.#idle();
    }
  }

  async #take(input: HostInput, signal: AbortSignal): Promise<void> {
    const { faults, state, tasks, timing } = this.#bench;
    const name = input.kind === 'command' ? input.command.name : undefined;
    this.#log?.debug(
      name ? { command: name } : { refused: 'ER0' + (input.kind === 'refused' ? input.code : '') },
      'command',
    );
    faults.command = name;
    if (state.echo) this.#echo(input);
    this.#onCommand();
    signal.throwIfAborted();
    if (faults.take('no-answer')) return;
    const failure = faults.take('fail-code');
    const code = failure ? (failure.code ?? 10) : input.kind === 'refused' ? input.code : undefined;
    if (code !== undefined) {
      await tasks.wait(timing.command(), signal);
      this.#say({ kind: 'fail', code });
    } else if (input.kind === 'command') await this.#handler.handle(input.command, signal);
    faults.command = undefined;
  }

  /** Product commands are repeated as they end, with CR alone; SKSENDTO's echo stops after the blank before the data. */
  #echo({ text }: HostInput): void {
    const end = text.startsWith('SKSENDTO ') ? '' : /^[RW](OPT|UART)\b/.test(text) ? '\r' : '\r\n';
    this.#put(bytesOfLatin1(text + end));
  }

  #say(line: SkLine): void {
    const { faults, options, state } = this.#bench;
    if (line.kind === 'ok' && faults.take('missing-ok')) return;
    const bytes = formatLine(line, options.edition, state.ascii ? 'ascii' : 'binary');
    const canGlue = line.kind === 'event' || line.kind === 'rxudp' || line.kind === 'pan';
    if (canGlue && faults.take('glued-lines')) this.#put(bytesOfLatin1(GLUE));
    this.#put(bytes);
    if (line.kind === 'event' && faults.take('duplicated-event')) this.#put(bytes);
  }

  #sayText(text: string, end: '\r\n' | '\r' = '\r\n'): void {
    this.#put(bytesOfLatin1(text + end));
  }

  #put(bytes: Uint8Array): void {
    if (this.#power !== 'on') return;
    if (!this.#bench.faults.take('dribble')) return this.#wire.write(bytes);
    for (const byte of bytes) this.#wire.write(Uint8Array.of(byte));
  }
}
