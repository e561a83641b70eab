import { cpus, loadavg, totalmem } from 'node:os';

/** What the figures were taken on, and when. */
export interface Machine {
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGB: number;
  readonly platform: string;
  /** Processes that wanted to run, mean of the last minute: above `cores` every time below is too long. */
  readonly load: number;
  readonly date: string;
}

export const thisMachine = (): Machine => ({
  node: process.version,
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  memoryGB: Math.round(totalmem() / 1e9),
  platform: `${process.platform} ${process.arch}`,
  load: Number((loadavg()[0] ?? 0).toFixed(1)),
  date: new Date().toISOString(),
});
