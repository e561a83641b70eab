import { spawn } from 'node:child_process';
import { within } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import { Redactor } from '../kernel/redactor.ts';

/** A command that switches a USB port off and on takes seconds; one that hangs must not hold the bridge. */
const LIMIT_MS = 60_000;
const OUTPUT_LIMIT = 2000;

export interface StuckCommandOptions {
  /** Program and arguments; no shell. */
  readonly argv: readonly string[];
  readonly meter: string;
  readonly device: string;
}

/**
 * Runs the operator's command once, for at most a minute. Its end is logged; it never throws but the signal's reason. Its
 * arguments may be secrets (a token of a power plug, say): only the program's name is told, and its output without them.
 */
export function stuckCommand(
  { argv, meter, device }: StuckCommandOptions,
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
      const { exitCode, output } = await within(
        clock,
        LIMIT_MS,
        signal,
        (limit) => run(program, args, env, limit),
        tooLate,
      );
      log.warn({ program, exitCode, output: redactor.redact(output) }, 'on_stuck_command ended');
    } catch (error) {
      signal.throwIfAborted();
      log.error({ program, reason: reasonOf(error) }, 'on_stuck_command failed: check meters[].on_stuck_command');
    }
  };
}

/** Node's own message may quote an argument; its code does not. */
function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === undefined ? message : `it could not be started (${code})`;
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
    const hear = (chunk: Buffer): void => {
      if (output.length < OUTPUT_LIMIT) output += chunk.toString('utf8').slice(0, OUTPUT_LIMIT);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, output: output.trim() }));
  });
}
