import { createInterface } from 'node:readline';
import { SinkRig } from './sink-rig.ts';

/** A process that holds a sink with a state directory and takes as many readings as a line on its standard input says. */
const [url = '', stateDir = '', run = '1'] = process.argv.slice(2);
const rig = new SinkRig(url, { stateDir, run: Number(run) });
let watts = 0;
process.on('SIGTERM', () => void rig.stop().then(() => process.exit(0)));
createInterface(process.stdin).on('line', (line) => {
  for (let n = 0; n < Number(line); n++) rig.reading({ powerW: ++watts, currentRA: 7, currentTA: 5.5 });
  process.stdout.write(`${watts}\n`);
});
