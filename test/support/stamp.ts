import { cpus } from 'node:os';
import { join } from 'node:path';
import { nameOf, sourcesAt } from './sources.ts';

/** Of a run that begins now: with which source, when, where. */
export const stamp = {
  commit: nameOf(sourcesAt(join(import.meta.dirname, '../..'))),
  started: new Date().toISOString(),
  node: process.version,
  cpu: cpus()[0]?.model ?? 'unknown',
};
