import { systemClock } from '../../kernel/clock.ts';
import type { CliContext } from '../../app/context.ts';
import { redrawWhile } from '../../app/redraw.ts';
import { resultLine, subjectOf } from './check.ts';
import type { SequenceDeps } from './sequence.ts';

/** On a terminal: each check's line as soon as it is known, and below it what is being looked at and for how long. */
export function linesAsTheyCome(context: CliContext): Required<Pick<SequenceDeps, 'showing' | 'onResult'>> {
  const { stdout: output, redactor, signal } = context;
  const clock = systemClock;
  let last = '';
  return {
    onResult(result) {
      const line = resultLine(result, context.language);
      if (line !== last) output.write(redactor.redact(line));
      last = line;
    },
    showing(running, look) {
      const { language } = context; // the configuration's, once that is read
      const what = running.slow?.[language] ?? `${subjectOf(running, language)} …`;
      const startMs = clock.monotonicMs();
      const line = (): string => `  ${what}  ${Math.floor((clock.monotonicMs() - startMs) / 1000)} s`;
      return redrawWhile(line, { output, clock, signal }, look);
    },
  };
}
