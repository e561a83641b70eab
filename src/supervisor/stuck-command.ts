import { spawn } from 'node:child_process';
import { together, within } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError, systemCode } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { Redactor } from '../kernel/redactor.ts';
import type { MeterSettings } from '../model/settings.ts';

/** A command that switches a USB port off and on takes seconds; one that hangs must not hold the bridge. */
const LIMIT_MS = 60_000;
const OUTPUT_LIMIT = 2000;

/**
 * Runs the operator's command once, for at most a minute. Its end is logged; it never throws but the signal's reason. Its
 * arguments may be secrets (a token of a power plug, say): only the program's name is logged, and its output without them.
 * @param argv program and arguments; no shell
 */
export function stuckCommand(
  argv: readonly string[],
  { id: meter, device }: Pick<MeterSettings, 'id' | 'device'>,
  clock: Clock,
  log: Log,
): (signal: AbortSignal) => Promise<void> {
  const [program = '', ...args] = argv;
  const redactor = redactorOf(args);
  // Nothing of our own environment but what a program needs to be found: it may hold secrets.
  const env = { PATH: process.env['PATH'] ?? '', BROUTE2MQTT_METER: meter, BROUTE2MQTT_DEVICE: device };
  return async (signal) => {
    log.warn({ program, limitS: LIMIT_MS / 1000 }, 'no answer for ten minutes: running on_stuck_command');
    const tooLate = (): Error => new Error(`on_stuck_command did not end within ${LIMIT_MS / 1000} s and was killed`);
    try {
      const ended = within(clock, LIMIT_MS, signal, (limit) => run(program, args, env, limit), tooLate);
      const { exitCode, output } = await ended;
      log.warn({ program, exitCode, output: redactor.redact(output) }, 'on_stuck_command ended');
    } catch (error) {
      signal.throwIfAborted();
      log.error({ program, reason: reasonOf(error) }, 'on_stuck_command failed: check meters[].on_stuck_command');
    }
  };
}

/** Node's own message may quote an argument; its code does not. */
function reasonOf(error: unknown): string {
  const code = systemCode(error);
  return code === undefined ? (error as Error).message : `it could not be started (${code})`;
}

/** Every argument and every piece of one: of `--token=abc` the program may print `abc` alone. */
function redactorOf(args: readonly string[]): Redactor {
  const redactor = new Redactor();
  for (const arg of args) for (const secret of [arg, ...arg.split(/[\s=:?&]+/)]) redactor.add(secret);
  return redactor;
}

interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
}

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'], signal, killSignal: 'SIGKILL' });
    let output = '';
    const collect = (chunk: Buffer): void => {
      if (output.length < OUTPUT_LIMIT) output += chunk.toString('utf8').slice(0, OUTPUT_LIMIT);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, output: output.trim() }));
  });
}

/** Without an answer for so long, with every rung tried, help is called; and not again before as long has passed. */
const STUCK_MS = 10 * 60_000;
/** A stick that just came back is starting: what helps now is time. */
const SETTLE_MS = 60_000;
const AWAY: ReadonlySet<string> = new Set(['PORT_MISSING', 'PORT_LOST']);

export interface HelpDeps {
  readonly clock: Clock;
  /** Runs the operator's command. Must be bounded, and must throw nothing but the signal's reason. */
  readonly help: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** It is about to run. */
  readonly onCall: () => void;
  /** Resolves when opening the port is worth a try. */
  readonly whenPresent: (signal: AbortSignal) => Promise<void>;
}

/** The end of the ladder: when nothing helped for long, the operator's own command may (a USB power switch, say). */
export class HelpTimer {
  readonly #deps: HelpDeps;
  /** Monotonic ms of the last good answer, of the start, of the end of a pause, or of the last call. */
  #sinceMs: number;
  /** The stick was not there when last looked for; and monotonic ms when it came back. */
  #isAway = false;
  #backMs = -Infinity;

  constructor(deps: HelpDeps) {
    this.#deps = deps;
    this.#sinceMs = deps.clock.monotonicMs();
  }

  /** There is nothing to help with: the ten minutes begin anew. */
  restart(): void {
    this.#sinceMs = this.#deps.clock.monotonicMs();
  }

  /** Something failed: help is called if it is due. */
  async failed(error: unknown, signal: AbortSignal): Promise<void> {
    if (error instanceof BridgeError && AWAY.has(error.code)) this.#isAway = true;
    await this.#callIfDue(signal);
  }

  /** Waits until opening the port is worth a try. A stick that stays away needs help like any other trouble. */
  async untilPresent(signal: AbortSignal): Promise<void> {
    const { help, whenPresent } = this.#deps;
    // What is under way is waited for: a power switch in the midst of its work would take the port away again.
    if (help) await together(signal, whenPresent, (inner) => this.#callWhile(inner, signal));
    else await whenPresent(signal);
    if (this.#isAway) this.#backMs = this.#deps.clock.monotonicMs();
    this.#isAway = false;
  }

  async #callWhile(waiting: AbortSignal, signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    while (!waiting.aborted) {
      await clock.sleep(Math.max(0, this.#dueMs - clock.monotonicMs()), waiting);
      await this.#callIfDue(signal);
    }
  }

  async #callIfDue(signal: AbortSignal): Promise<void> {
    const { clock, help, onCall } = this.#deps;
    if (!help || clock.monotonicMs() < this.#dueMs) return;
    onCall();
    await help(signal);
    this.restart();
  }

  get #dueMs(): number {
    return Math.max(this.#sinceMs + STUCK_MS, this.#backMs + SETTLE_MS);
  }
}
