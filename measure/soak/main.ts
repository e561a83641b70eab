import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { stamp } from '../../test/support/stamp.ts';
import { recoveryFigures } from './recovery.ts';
import { soak } from './soak.ts';

/** `npm run measure -- soak --days 30 --faults 10000 --seed 1`: one summary line as JSON. `--recovery 200` measures recovery times instead. */
const { values } = parseArgs({
  options: {
    days: { type: 'string', default: '30' },
    faults: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    interval: { type: 'string', default: '10' },
    edition: { type: 'string' },
    recovery: { type: 'string' },
    json: { type: 'string' },
  },
});
const seed = Number(values.seed);
const edition = (['SE', 'DSE', 'J11'] as const).find((name) => name === (values.edition ?? 'SE'));
if (!edition) throw new RangeError(`--edition ${values.edition}: SE, DSE or J11`);
const say = (what: unknown): void => void process.stdout.write(`${JSON.stringify(what)}\n`);
const startedMs = performance.now();
const result =
  values.recovery === undefined
    ? await soak({
        seed,
        days: Number(values.days),
        faults: Number(values.faults),
        edition,
        intervalMs: Number(values.interval) * 1000,
        onProgress: (facts) => void process.stderr.write(`${JSON.stringify(facts)}\n`),
      })
    : await recoveryFigures(seed, Number(values.recovery));
const summary = { ...stamp, ...result, tookS: Math.round((performance.now() - startedMs) / 1000) };
say(summary);
if (values.json !== undefined) {
  mkdirSync(dirname(values.json), { recursive: true });
  writeFileSync(values.json, `${JSON.stringify(summary, null, 2)}\n`);
}
process.exitCode = 'violations' in result && result.violations.length > 0 ? 1 : 0;
