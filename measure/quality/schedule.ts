import { measurements } from './measurements.ts';
import type { Company } from './measurements.ts';

const CORES = 2;

/**
 * Runs the named measurements on two cores: what is `alone` first, one by one; then what is `timed`, one at a time, with
 * as many `busy` ones beside it as there are cores.
 */
export async function inLanes(names: readonly string[], run: (name: string) => Promise<void>): Promise<void> {
  const of = (company: Company): string[] =>
    names
      .filter((name) => measurements[name]?.company === company)
      .sort((a, b) => (measurements[b]?.minutes ?? 0) - (measurements[a]?.minutes ?? 0));
  for (const name of of('alone')) await run(name);
  const [timed, busy] = [of('timed'), of('busy')];
  const lane = async (next: () => string | undefined): Promise<void> => {
    for (let name = next(); name !== undefined; name = next()) await run(name);
  };
  const lanes = [lane(() => timed.shift()), ...Array.from({ length: CORES }, () => lane(() => busy.shift()))];
  await Promise.all(lanes);
}
