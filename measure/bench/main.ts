import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { stamp } from '../../test/support/stamp.ts';
import { decode } from './decode.ts';
import type { Bench, Figure } from './figure.ts';
import { isMet } from './figure.ts';
import { latency } from './latency.ts';
import { lines } from './lines.ts';
import { thisMachine } from './machine.ts';
import { memory } from './memory.ts';
import { million } from './million.ts';
import { paint } from './paint.ts';
import { start } from './start.ts';
import { stop } from './stop.ts';
import { machineLine, table } from './table.ts';

const benches: Readonly<Record<string, Bench>> = { decode, lines, latency, start, memory, million, stop, paint };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { long: { type: 'boolean', default: false }, json: { type: 'string' } },
});
const names = positionals.length > 0 ? positionals : Object.keys(benches);
const machine = thisMachine();
const figures: Figure[] = [];
for (const name of names) {
  const bench = benches[name];
  if (!bench) throw new RangeError(`no bench ${name}: choose from ${Object.keys(benches).join(', ')}`);
  process.stderr.write(`${name} …\n`);
  figures.push(...(await bench({ long: values.long })));
}
console.log(`\n${table(figures)}\n\n${machineLine(machine)}`);
if (values.json !== undefined) {
  const rows = figures.map((figure) => ({ ...figure, met: isMet(figure) ?? null }));
  writeFileSync(values.json, `${JSON.stringify({ ...stamp, machine, figures: rows }, null, 2)}\n`);
}
process.exit(0);
