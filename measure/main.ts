import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

interface Measure {
  readonly what: string;
  /** It runs the built program. */
  readonly isOfBuild?: boolean;
  /** Of Node. */
  readonly flags?: readonly string[];
}

/** Each is a folder beside this file, with a `main.ts` that says which options it takes. */
const measures: Readonly<Record<string, Measure>> = {
  bench: { what: 'speed, memory, latency of the built program', isOfBuild: true },
  soak: { what: 'a month of random faults under virtual time' },
  loops: { what: 'broker killed, stick unplugged, hundreds of times', isOfBuild: true },
  fuzz: { what: 'damaged and made-up input for every way in' },
  mutation: { what: 'changed code, and whether a test notices' },
  'side-by-side': {
    what: 'faults, on Home Assistant’s own integration and on broute2mqtt',
    isOfBuild: true,
    flags: ['--experimental-websocket'], // before Node 22 it has to be asked for
  },
  quality: { what: 'the long ones of these, kept, and docs/quality.md written from them' },
};

/** `npm run measure -- NAME [options]` */
const [name = '', ...options] = process.argv.slice(2);
const chosen = Object.hasOwn(measures, name) ? measures[name] : undefined;
if (!chosen) {
  const list = Object.entries(measures).map(([key, { what }]) => `  ${key.padEnd(12)} ${what}\n`);
  process.stderr.write(`npm run measure -- NAME [options]\n${list.join('')}`);
  process.exit(64);
}
const run = (command: string, ...args: readonly string[]): void => {
  const { status } = spawnSync(command, args, { cwd: join(import.meta.dirname, '..'), stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};
if (chosen.isOfBuild) run('npm', 'run', '--silent', 'build');
run('npx', 'tsx', ...(chosen.flags ?? []), `measure/${name}/main.ts`, ...options);
