import type { Log } from '../../kernel/log.ts';
import type { SkLine } from '../../skstack/events.ts';
import { bytesOfLatin1 } from '../../kernel/bytes.ts';
import type { ModuleContext } from '../module-context.ts';
import { event } from '../module-context.ts';
import { DatagramExchange } from '../radio/datagram-exchange.ts';
import { J11Protocol } from './j11-protocol.ts';
import { BOOT_MS } from '../radio/radio-timing.ts';
import { RadioSession } from '../radio/radio-session.ts';
import { Scanner } from '../radio/scanner.ts';
import { SkProtocol } from './sk-protocol.ts';
import type { AskedCommand, ModuleProtocol } from './module-protocol.ts';
import type { WireEnd } from './wire-end.ts';

/** In one capture a line began with this: the rest of an echo, without its line end. */
const GLUE = 'SKSENDTO';
const WOKEN = 0xc0;
const LATE_OK_S = 8;

type Power = 'on' | 'booting' | 'asleep' | 'hung' | 'off';

/** The module: answers commands one at a time and sends events unasked. Its state is kept when the wire closes, lost when power is. */
export class SimModule {
  readonly session: RadioSession;
  readonly exchange: DatagramExchange;
  readonly scanner: Scanner;
  readonly #context: ModuleContext;
  readonly #wire: WireEnd;
  readonly #protocol: ModuleProtocol;
  readonly #log: Log | undefined;
  readonly #queue: AskedCommand[] = [];
  /** Identifies the task that works through the queue. A cancelled task finds another symbol here and leaves it alone. */
  #worker: symbol | undefined;
  #power: Power = 'on';

  constructor(context: Omit<ModuleContext, 'say' | 'sayText'>, wire: WireEnd, onCommand: () => void, log?: Log) {
    this.#context = { ...context, say: (line) => this.#say(line), sayText: (text, end) => this.#sayText(text, end) };
    this.#wire = wire;
    this.#log = log;
    this.#onCommand = onCommand;
    this.session = new RadioSession(this.#context);
    this.scanner = new Scanner(this.#context);
    const isJ11 = context.options.edition === 'J11';
    this.exchange = new DatagramExchange(this.#context, this.session, isJ11 ? '0008' : 'SKSENDTO');
    const { scanner, session, exchange } = this;
    this.#protocol = isJ11
      ? new J11Protocol(this.#context, { scanner, session, exchange, restart: () => this.crash() }, (bytes) =>
          this.#respond(bytes),
        )
      : new SkProtocol(this.#context, {
          scanner,
          session,
          exchange,
          reset: () => this.#forget(),
          sleep: () => (this.#power = 'asleep'),
        });
  }

  readonly #onCommand: () => void;

  /** Bytes from the host. */
  read(bytes: Uint8Array): void {
    if (this.#power === 'asleep' && this.#context.options.edition === 'DSE') {
      this.#power = 'on'; // the waking character itself is lost
      this.#say(event(WOKEN, ''));
      return;
    }
    if (this.#power !== 'on') return;
    for (const asked of this.#protocol.push(bytes)) {
      const isBusy = this.#worker !== undefined || this.#queue.length > 0;
      if (isBusy && asked.refuseBusy) asked.refuseBusy();
      else this.#queue.push(asked);
    }
    if (this.#worker || this.#queue.length === 0) return;
    const worker = Symbol('worker');
    this.#worker = worker;
    this.#context.tasks.start((signal) => this.#work(worker, signal));
  }

  powerOff(): void {
    this.#power = 'off';
    this.#context.state.blocked = false;
    this.crash();
  }

  /** Deaf until it has booted. */
  powerOn(): void {
    this.#power = 'booting';
    this.#up(BOOT_MS);
  }

  /** A spontaneous reset: as SKRESET, but nothing is sent; a J11 module reports when it has booted. Also ends a hang, a sleep or a boot. */
  crash(): void {
    this.#context.tasks.stopAll();
    this.#idle();
    this.#forget();
    this.#queue.length = 0;
    this.#protocol.reset();
    if (this.#power === 'off') return;
    this.#power = this.#protocol.greeting ? 'booting' : 'on';
    if (this.#protocol.greeting) this.#up(this.#context.timing.reset());
  }

  /** Neither listens nor speaks. @param ms undefined: until it loses power. */
  hang(ms: number | undefined): void {
    if (this.#power !== 'on') return;
    this.#power = 'hung';
    if (ms === undefined) return;
    this.#context.tasks.after(ms, () => {
      if (this.#power === 'hung') this.#power = 'on';
    });
  }

  /** A packet of the meter that cannot be decrypted. */
  undecryptable(): void {
    const bytes = this.#protocol.undecryptable();
    if (bytes) this.#put(bytes);
  }

  get say(): ModuleContext['say'] {
    return this.#context.say;
  }

  /** Bytes that are no line. */
  babble(bytes: Uint8Array): void {
    this.#put(bytes);
  }

  #up(afterMs: number): void {
    const { greeting } = this.#protocol;
    this.#context.tasks.after(afterMs, () => {
      this.#power = 'on';
      if (greeting) this.#put(greeting);
    });
  }

  #idle(): void {
    this.#worker = undefined;
    this.#context.faults.command = undefined;
  }

  #forget(): void {
    this.scanner.stop();
    this.session.forget();
    this.#context.state.reset();
    this.exchange.unanswered.clear();
  }

  async #work(worker: symbol, signal: AbortSignal): Promise<void> {
    try {
      for (let asked = this.#queue.shift(); asked; asked = this.#queue.shift()) await this.#take(asked, signal);
    } finally {
      if (this.#worker === worker) this.#idle();
    }
  }

  async #take(asked: AskedCommand, signal: AbortSignal): Promise<void> {
    const { faults } = this.#context;
    this.#log?.debug(asked.told, 'command');
    faults.command = asked.name;
    const echo = asked.echo();
    if (echo) this.#put(echo);
    this.#onCommand();
    signal.throwIfAborted();
    if (faults.take('no-answer')) return;
    const failure = faults.take('fail-code');
    if (failure) await asked.fail(failure.code, signal);
    else await asked.answer(signal);
    faults.command = undefined;
  }

  /** The answer to a command, where it is no line. */
  #respond(bytes: Uint8Array): void {
    if (!this.#isLostOrLate(bytes)) this.#put(bytes);
  }

  /** Whether an OK does not come now. */
  #isLostOrLate(bytes: Uint8Array | undefined): boolean {
    const { faults, tasks } = this.#context;
    if (faults.take('missing-ok')) return true;
    const late = bytes && faults.take('late-ok');
    if (!late) return false;
    tasks.after((late.after_s ?? LATE_OK_S) * 1000, () => this.#put(bytes));
    return true;
  }

  #say(line: SkLine): void {
    const { faults } = this.#context;
    const bytes = this.#protocol.format(line);
    if (line.kind === 'ok' && this.#isLostOrLate(bytes)) return;
    if (!bytes) return;
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
    if (!this.#context.faults.take('dribble')) return this.#wire.write(bytes);
    for (const byte of bytes) this.#wire.write(Uint8Array.of(byte));
  }
}
