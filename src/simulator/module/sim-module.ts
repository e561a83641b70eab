import { bytesOfLatin1 } from '../../kernel/bytes.ts';
import type { Log } from '../../kernel/log.ts';
import type { SkLine } from '../../skstack/events.ts';
import type { ModuleContext } from '../module-context.ts';
import { DatagramExchange } from '../radio/datagram-exchange.ts';
import { RadioSession } from '../radio/radio-session.ts';
import { Scanner } from '../radio/scanner.ts';

/** After power-on a module is deaf this long. */
const BOOT_MS = 1000;
/** In one capture a line began with this: the rest of an echo, without its line end. */
const GLUE = 'SKSENDTO';
const WOKEN = 0xc0;
const LATE_OK_S = 8;

/** One thing the host asked for. */
export interface AskedCommand {
  /** The command's name, the `on` of a fault script; undefined for what was not understood. */
  readonly name: string | undefined;
  /** For the log: the name, or why it was not understood. */
  readonly facts: object;
  /** What is repeated before the answer. */
  echo?(): Uint8Array | undefined;
  /** Ends when the answer has been given. */
  answer(signal: AbortSignal): Promise<void>;
  /** The answer is this failure instead; undefined: the usual one. */
  fail(code: number | undefined, signal: AbortSignal): Promise<void>;
  /** Refuses at once, because another command is at work; undefined: it waits for its turn. */
  readonly refuseBusy?: () => void;
}

/** A language a module can speak. What goes on inside is the same for all, in the lines of SKSTACK. */
export interface ModuleProtocol {
  push(bytes: Uint8Array): readonly AskedCommand[];
  /** Power or reset: half a command is forgotten, and what only this language knows of. */
  reset(): void;
  /** This line in its language; undefined where it has nothing for it. */
  format(line: SkLine): Uint8Array | undefined;
  /** Sent when it is up again after power-on or a reset. Those who send nothing are up at once. */
  readonly greeting?: Uint8Array;
  /** A packet that cannot be decrypted. Those who have nothing for it swallow it. */
  undecryptable?(): Uint8Array;
}

/** The member of a union of commands that may have this name. */
export type CommandNamed<Command, Name> = Command extends { readonly name: infer Names }
  ? Name extends Names
    ? Command
    : never
  : never;

interface ModuleHooks {
  readonly write: (bytes: Uint8Array) => void;
  readonly onCommand: () => void;
  readonly log: Log | undefined;
}

type Power = 'on' | 'booting' | 'asleep' | 'hung' | 'off';

/** The module: answers commands one at a time and sends events unasked. Its state is kept when the wire closes, lost when power is. */
export class SimModule {
  readonly session: RadioSession;
  readonly exchange: DatagramExchange;
  readonly scanner: Scanner;
  readonly #context: ModuleContext;
  readonly #protocol: ModuleProtocol;
  readonly #hooks: ModuleHooks;
  readonly #queue: AskedCommand[] = [];
  /** Identifies the task that works through the queue. A cancelled task finds another symbol here and leaves it alone. */
  #worker: symbol | undefined;
  #power: Power = 'on';

  constructor(context: ModuleContext, protocolOf: (module: SimModule) => ModuleProtocol, hooks: ModuleHooks) {
    this.#context = context;
    this.#hooks = hooks;
    this.session = new RadioSession(context);
    this.scanner = new Scanner(context);
    this.exchange = new DatagramExchange(context, this.session);
    this.#protocol = protocolOf(this);
  }

  /** Bytes from the host. */
  read(bytes: Uint8Array): void {
    if (this.#power === 'asleep' && this.#context.options.edition === 'DSE') {
      this.#power = 'on'; // the waking character itself is lost
      this.#context.emitEvent(WOKEN, '');
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
    this.#boot(BOOT_MS);
  }

  /** A spontaneous reset: as SKRESET, but nothing is sent; a J11 module reports when it has booted. Also ends a hang, a sleep or a boot. */
  crash(): void {
    this.#context.tasks.stopAll();
    this.#idle();
    this.forget();
    this.#queue.length = 0;
    this.#protocol.reset();
    if (this.#power === 'off') return;
    this.#power = this.#protocol.greeting ? 'booting' : 'on';
    if (this.#protocol.greeting) this.#boot(this.#context.tasks.duration('reset'));
  }

  /** All that a reset takes back. */
  forget(): void {
    this.scanner.stop();
    this.session.forget();
    this.#context.state.reset();
    this.exchange.unanswered.clear();
  }

  /** SKDSLEEP. */
  sleep(): void {
    this.#power = 'asleep';
  }

  /** Neither reads nor writes. @param ms undefined: until it loses power. */
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
    const bytes = this.#protocol.undecryptable?.();
    if (bytes) this.put(bytes);
  }

  emit(line: SkLine): void {
    const { faults } = this.#context;
    const bytes = this.#protocol.format(line);
    if (line.kind === 'ok' && this.#isLostOrLate(bytes)) return;
    if (!bytes) return;
    const canGlue = line.kind === 'event' || line.kind === 'rxudp' || line.kind === 'pan';
    if (canGlue && faults.consume('glued-lines')) this.put(bytesOfLatin1(GLUE));
    this.put(bytes);
    if (line.kind === 'event' && faults.consume('duplicated-event')) this.put(bytes);
  }

  /** The answer to a command, where it is no line. */
  respond(bytes: Uint8Array): void {
    if (!this.#isLostOrLate(bytes)) this.put(bytes);
  }

  /** To the wire as they are, if it has power for it. */
  put(bytes: Uint8Array): void {
    if (this.#power !== 'on') return;
    if (!this.#context.faults.consume('dribble')) return this.#hooks.write(bytes);
    for (const byte of bytes) this.#hooks.write(Uint8Array.of(byte));
  }

  /** Whether an OK does not come now. */
  #isLostOrLate(bytes: Uint8Array | undefined): boolean {
    const { faults, tasks } = this.#context;
    if (faults.consume('missing-ok')) return true;
    const late = bytes && faults.consume('late-ok');
    if (!late) return false;
    tasks.after((late.after_s ?? LATE_OK_S) * 1000, () => this.put(bytes));
    return true;
  }

  #boot(ms: number): void {
    const { greeting } = this.#protocol;
    this.#context.tasks.after(ms, () => {
      this.#power = 'on';
      if (greeting) this.put(greeting);
    });
  }

  #idle(): void {
    this.#worker = undefined;
    this.#context.faults.command = undefined;
  }

  async #work(worker: symbol, signal: AbortSignal): Promise<void> {
    try {
      for (let asked = this.#queue.shift(); asked; asked = this.#queue.shift()) await this.#handle(asked, signal);
    } finally {
      if (this.#worker === worker) this.#idle();
    }
  }

  async #handle(asked: AskedCommand, signal: AbortSignal): Promise<void> {
    const { faults } = this.#context;
    this.#hooks.log?.debug(asked.facts, 'command');
    faults.command = asked.name;
    const echo = asked.echo?.();
    if (echo) this.put(echo);
    this.#hooks.onCommand();
    signal.throwIfAborted();
    if (faults.consume('no-answer')) return;
    const failure = faults.consume('fail-code');
    if (failure) await asked.fail(failure.code, signal);
    else await asked.answer(signal);
    faults.command = undefined;
  }
}
