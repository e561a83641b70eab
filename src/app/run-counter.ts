import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../kernel/clock.ts';
import { systemCode } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { StateFile } from '../store/state-file.ts';

/** A clock that says less has not been set yet (a Raspberry Pi without network): two starts may well see the same second. */
const CLOCK_SET_S = Date.UTC(2024, 0, 1) / 1000;
/** Who starts at the same moment looks no further back than this. */
const CLAIMS_KEPT = 100;
const CLAIM = /^run-(\d{1,15})\.claim$/;

export interface RunDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** How long this process has been there, ms. */
  readonly upMs?: number;
  /** 0 ≤ x < 1. */
  readonly random?: () => number;
}

/**
 * The number of this start: with `seq` it identifies a reading, so it never comes twice. It is greater than any the disk
 * knows and not below the clock's seconds: a lost disk is made up for by the clock, a wrong clock by the disk. Where the
 * clock is not set and the disk knows nothing it is drawn, below any second to come. A claim, which only one process can
 * make, keeps two apart that start at once.
 * @param dir the meter's folder in `state_dir`.
 */
export async function nextRun(dir: string | undefined, deps: RunDeps, signal: AbortSignal): Promise<number> {
  if (dir === undefined) return await withoutDisk(deps, signal);
  const file = new StateFile(dir, 'run.json', parseRun, deps.log);
  const last = Math.max((await file.load())?.run ?? 0, ...(await claims(dir)));
  const least = Math.max(last + 1, secondOf(deps, last === 0));
  const claimed = await claim(dir, least);
  await file.save({ run: claimed ?? least });
  if (claimed === undefined) return await withoutDisk(deps, signal);
  for (const older of await claims(dir))
    if (older < claimed - CLAIMS_KEPT) await rm(claimOf(dir, older), { force: true });
  return claimed;
}

/** @param isFirst nothing else is known. */
function secondOf({ clock, random = Math.random }: RunDeps, isFirst: boolean): number {
  const second = Math.floor(clock.now() / 1000);
  if (second >= CLOCK_SET_S) return second;
  return isFirst ? 1 + Math.floor(random() * (CLOCK_SET_S - 1)) : 0;
}

/** A second in which no earlier process can have got its number: one that began after we did. */
async function withoutDisk(deps: RunDeps, signal: AbortSignal): Promise<number> {
  const { clock, upMs = process.uptime() * 1000 } = deps;
  const now = clock.now();
  const isOurs = Math.floor((now - upMs) / 1000) < Math.floor(now / 1000);
  if (!isOurs) await clock.sleep(1000 - (now % 1000), signal).catch(() => undefined); // we are told to end: no reading comes
  return secondOf(deps, true);
}

const claimOf = (dir: string, run: number): string => join(dir, `run-${run}.claim`);

async function claims(dir: string): Promise<number[]> {
  if (!existsSync(dir)) return [];
  const names = await readdir(dir).catch(() => []); // what cannot be read cannot be written either: `claim` says so
  return names.flatMap((name) => Number(CLAIM.exec(name)?.[1] ?? Number.NaN)).filter(Number.isSafeInteger);
}

/** The first free number from `least` on; undefined when the disk refuses. */
async function claim(dir: string, least: number): Promise<number | undefined> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
  } catch {
    return undefined; // `save` says why
  }
  for (let run = least; ; run++) {
    try {
      await (await open(claimOf(dir, run), 'wx', 0o600)).close();
      return run;
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') return undefined;
    }
  }
}

function parseRun(value: unknown): { readonly run: number } {
  const run = (value as { run?: unknown } | null)?.run;
  if (!Number.isSafeInteger(run) || (run as number) < 0) throw new TypeError('run is no count');
  return { run: run as number };
}
