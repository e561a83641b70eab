import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { stamp } from '../../test/support/stamp.ts';
import { sideBySide } from './side-by-side.ts';

/** Seven faults, on Home Assistant's own integration and on broute2mqtt at once: `npm run measure -- side-by-side [--json FILE]`. */
const { values } = parseArgs({ options: { json: { type: 'string' } } });
const result = await sideBySide((line) => void process.stderr.write(`${line}\n`));
const text = `${JSON.stringify({ ...stamp, ...result }, null, 2)}\n`;
process.stdout.write(text);
if (values.json !== undefined) writeFileSync(values.json, text);
