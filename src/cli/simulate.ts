import { appendFileSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { systemClock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Text } from '../kernel/language.ts';
import { createLog } from '../kernel/log.ts';
import { Redactor } from '../kernel/redactor.ts';
import type { ScriptEntry } from '../simulator/fault-script.ts';
import type { Answered } from '../simulator/sim.ts';
import { addCommand } from '../app/command.ts';
import type { CliContext } from '../app/context.ts';
import { serveStdio, serveTcp } from '../app/serve-wire.ts';
import { simulateOptions, simulatorOptions } from './simulate/simulate-options.ts';
import type { SimulateFlags } from './simulate/simulate-options.ts';

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
  const log = createLog({ level: 'info', redactor, destination });
  const { truth } = flags;
  await using simulator = createSimulator(simulatorOptions(flags), {
    clock: systemClock,
    log,
    ...(truth === undefined ? {} : { onAnswer: (answered) => appendTruth(truth, answered) }),
  });
  simulator.run(script);
  if (flags.listen === undefined) await serveStdio(simulator, context);
  else await serveTcp(simulator, flags.listen, ready, context);
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

const ready = (address: string): Text => ({ en: `simulated stick on ${address}`, ja: `模擬スティック: ${address}` });
