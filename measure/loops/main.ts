import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { stamp } from '../../test/support/stamp.ts';
import { brokerLoop } from './broker-loop.ts';
import { memoryLoop } from './memory-loop.ts';
import { unplugLoop } from './unplug-loop.ts';

type Loop = (times: number, tell: (line: string) => void) => Promise<{ readonly bad: readonly string[] }>;

const loops: Readonly<Record<string, { readonly loop: Loop; readonly times: number }>> = {
  broker: { loop: brokerLoop, times: 500 },
  unplug: { loop: unplugLoop, times: 1000 },
  'unplug-memory': { loop: memoryLoop, times: 1000 },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { times: { type: 'string' }, json: { type: 'string' } },
});
const chosen = loops[positionals[0] ?? ''];
const times = Number(values.times ?? chosen?.times);
if (!chosen || positionals.length !== 1 || !Number.isSafeInteger(times) || times < 1)
  throw new RangeError(`npm run measure -- loops ${Object.keys(loops).join(' | ')} [--times N] [--json FILE]`);

const startedMs = performance.now();
const result = await chosen.loop(times, (line) => void process.stderr.write(`${line}\n`));
const text = JSON.stringify(
  {
    ...stamp,
    ...result,
    seconds: Math.round((performance.now() - startedMs) / 1000),
  },
  null,
  2,
);
process.stdout.write(`${text}\n`);
if (values.json !== undefined) {
  mkdirSync(dirname(values.json), { recursive: true });
  writeFileSync(values.json, `${text}\n`);
}
process.exit(result.bad.length > 0 ? 1 : 0);
