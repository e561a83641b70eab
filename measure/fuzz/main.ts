import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { run } from './run.ts';
import type { Result } from './run.ts';
import { stamp } from '../../test/support/stamp.ts';
import { shareOf, targets } from './targets.ts';

const SHORT_INPUTS = 300_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    inputs: { type: 'string' },
    seconds: { type: 'string' },
    seed: { type: 'string' },
    json: { type: 'string' },
    folder: { type: 'string', default: '.cache/fuzz' },
  },
});

function count(name: 'inputs' | 'seconds' | 'seed'): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  const number = Number(text.replaceAll('_', ''));
  if (!Number.isSafeInteger(number) || number < 0) throw new RangeError(`--${name} ${text}: a whole number, please`);
  return number;
}

for (const name of positionals)
  if (!targets.some((target) => target.name === name))
    throw new RangeError(`no target ${name}: choose from ${targets.map((target) => target.name).join(', ')}`);

const chosen = positionals.length === 0 ? targets : targets.filter(({ name }) => positionals.includes(name));
const seed = count('seed') ?? Date.now() % 2 ** 31;
const seconds = count('seconds');
const inputs = count('inputs') ?? (seconds === undefined ? SHORT_INPUTS : undefined);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

say(`seed ${seed}`);
const results: Result[] = [];
for (const target of chosen) {
  const result = await run(target, {
    seed,
    inputs: shareOf(target, chosen, inputs),
    seconds: seconds === undefined ? undefined : Math.ceil(seconds / chosen.length),
    folder: values.folder,
  });
  results.push(result);
  const { findings, growthMb, slowestMs } = result;
  say(
    `${target.name.padEnd(14)} ${String(result.inputs).padStart(10)} inputs  ${String(Math.round(result.inputs / result.seconds)).padStart(7)}/s  ` +
      `${findings.length} findings  ${growthMb >= 0 ? '+' : ''}${growthMb.toFixed(1)} MB  slowest ${slowestMs.toFixed(0)} ms`,
  );
  for (const { what, file } of findings) say(`  ${what}\n  ${file}`);
}

const sum = (of: (result: Result) => number): number => results.reduce((total, result) => total + of(result), 0);
const summary = {
  kind: 'fuzz',
  ...stamp,
  seed,
  inputs: sum((result) => result.inputs),
  seconds: Math.round(sum((result) => result.seconds)),
  perSecond: Math.round(sum((result) => result.inputs) / sum((result) => result.seconds)),
  findings: sum(({ findings }) => findings.length),
  targets: results.map((result) => ({
    ...result,
    seconds: Math.round(result.seconds * 10) / 10,
    growthMb: Math.round(result.growthMb * 10) / 10,
    slowestMs: Math.round(result.slowestMs),
  })),
};
say(`all            ${String(summary.inputs).padStart(10)} inputs  ${summary.findings} findings  ${summary.seconds} s`);
if (values.json !== undefined) {
  mkdirSync(dirname(values.json), { recursive: true });
  writeFileSync(values.json, `${JSON.stringify(summary, null, 2)}\n`);
}
process.exit(summary.findings > 0 ? 1 : 0);
