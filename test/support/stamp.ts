import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';

const { stdout } = spawnSync('git', ['describe', '--always', '--dirty'], {
  cwd: import.meta.dirname,
  encoding: 'utf8',
});

/** Of a run that begins now: with which source, when, where. */
export const stamp = {
  commit: stdout?.trim() ?? '',
  started: new Date().toISOString(),
  node: process.version,
  cpu: cpus()[0]?.model ?? 'unknown',
};
