import type { LinkPhase, LinkStatus } from '../../model/status.ts';
import type { CliContext } from '../context.ts';
import { phaseWords } from '../phase-words.ts';

/** Tells a person what is being done while the port is ours, a line for each change. Where nobody looks it is silent, unless `always`. */
export function phaseTeller(context: CliContext, always = false): (meter: string, status: LinkStatus) => void {
  const phases = new Map<string, LinkPhase>();
  return (meter, { phase, error }) => {
    if ((!always && context.stderr.isTTY !== true) || phases.get(meter) === phase || phase === 'stopped') return;
    phases.set(meter, phase);
    const why = phase === 'waiting' && error ? `: ${error.message}` : '';
    context.stderr.write(context.redactor.redact(`${meter}: ${phaseWords[phase][context.language]}${why}\n`));
  };
}
