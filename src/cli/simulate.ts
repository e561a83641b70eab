import { appendFileSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { Duplex } from 'node:stream';
import type { Command } from 'commander';
import { abortable, deferred } from '../kernel/async.ts';
import { systemClock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Text } from '../kernel/language.ts';
import { createLog } from '../kernel/log.ts';
import { Redactor } from '../kernel/redactor.ts';
import type { ScriptEntry } from '../simulator/fault-script.ts';
import type { Answered, Simulator } from '../simulator/sim.ts';
import { addCommand } from './command.ts';
import { say } from './context.ts';
import type { CliContext, Output } from './context.ts';
import { badValue, simulateOptions, simulatorOptions } from './simulate-options.ts';
import type { SimulateFlags } from './simulate-options.ts';

/** `simulate`: is the stick and the meter. Standard output, or the TCP connection, carries the wire and nothing else. */
export function addSimulateCommand(program: Command, context: CliContext): void {
  const command = addCommand(program, context, 'simulate', {
    en: 'be a Wi-SUN stick and a smart meter, for trying things out',
    ja: 'Wi-SUNスティックとスマートメーターの代わりをする（試験用）',
  });
  for (const option of simulateOptions(context.language)) command.addOption(option);
  command.action(async (flags: SimulateFlags) => simulate(flags, context));
}

async function simulate(flags: SimulateFlags, context: CliContext): Promise<void> {
  const { createSimulator } = await import('../simulator/sim.ts');
  const script = await readScript(flags.script);
  const redactor = new Redactor();
  for (const secret of [flags.routeBId, flags.routeBPassword]) if (secret) redactor.add(secret);
  const destination = { write: (text: string) => void context.stderr.write(text) };
  const log = createLog({ level: 'info', language: context.language, redactor, destination });
  const { truth } = flags;
  await using simulator = createSimulator(simulatorOptions(flags), {
    clock: systemClock,
    log,
    ...(truth === undefined ? {} : { onAnswer: (answered) => appendTruth(truth, answered) }),
  });
  simulator.run(script);
  if (flags.listen === undefined) await serveStdio(simulator, context);
  else await serveTcp(simulator, flags.listen, context);
}

async function readScript(path: string | undefined): Promise<ScriptEntry[]> {
  if (path === undefined) return [];
  const { parseFaultScript } = await import('../simulator/fault-script.ts');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new BridgeError('USAGE', `the fault script ${path} cannot be read`, { cause: error });
  }
  return parseFaultScript(text);
}

/** Synchronous, so that a kill loses nothing of what the host has already seen. */
function appendTruth(path: string, { atMs, epc, edt }: Answered): void {
  try {
    appendFileSync(path, `${JSON.stringify({ time: new Date(atMs).toISOString(), epc, edt })}\n`);
  } catch (error) {
    throw new BridgeError('USAGE', `--truth ${path} cannot be written`, { cause: error });
  }
}

const isStream = (output: Output): output is Output & NodeJS.WritableStream => 'end' in output;

/** So that a command piped in is still answered. */
const LAST_ANSWER_MS = 100;

/** Ends when the host does, or when the stick is pulled out by a fault. */
async function serveStdio(simulator: Simulator, { stdin, stdout, signal }: CliContext): Promise<void> {
  if (!isStream(stdout)) throw new TypeError('standard output is no stream');
  const closed = deferred<void>();
  const wire = new Duplex({
    read: () => undefined,
    write: (chunk: Uint8Array, _encoding, done) => {
      stdout.write(chunk);
      done();
    },
    destroy: (error, done) => {
      closed.resolve();
      done(error);
    },
  });
  const onData = (chunk: Buffer | string): void => void wire.push(chunk);
  const onEnd = (): void => closed.resolve();
  stdin.on('data', onData).once('end', onEnd).once('error', onEnd);
  simulator.attach(wire);
  try {
    await abortable(closed.promise, signal);
    await systemClock.sleep(LAST_ANSWER_MS, signal);
  } finally {
    stdin.off('data', onData).off('end', onEnd).off('error', onEnd).pause();
  }
}

/** One host at a time; the module's state outlives the connection. */
async function serveTcp(simulator: Simulator, listen: string, context: CliContext): Promise<void> {
  const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d{1,5})$/.exec(listen) ?? [];
  if (port === '' || Number(port) > 65_535) {
    throw badValue('--listen', {
      en: 'an address and a port, such as 127.0.0.1:4000',
      ja: '127.0.0.1:4000 のようなアドレスとポート',
    });
  }
  const server = createServer((socket) => {
    socket.on('error', () => undefined); // the host's connection; the wire notices its end
    if (!simulator.plugged || simulator.attached) return void socket.destroy();
    socket.setNoDelay(true);
    return simulator.attach(socket);
  });
  const failed = deferred<never>();
  server.on('error', (error) =>
    failed.reject(new BridgeError('USAGE', `cannot listen on ${listen}: ${error.message}`, { cause: error })),
  );
  server.listen({ port: Number(port), host: host || '127.0.0.1' }, () =>
    say(context.stderr, context, readyText(server)),
  );
  try {
    await abortable(failed.promise, context.signal);
  } finally {
    server.close();
  }
}

function readyText(server: Server): Text {
  const at = server.address();
  const where =
    typeof at === 'object' && at ? `${at.address.includes(':') ? `[${at.address}]` : at.address}:${at.port}` : '';
  return { en: `simulated stick on tcp://${where}`, ja: `模擬スティック: tcp://${where}` };
}
