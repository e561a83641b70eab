import type { LoadResult } from '../../config/load.ts';
import type { Config, MeterConfig } from '../../config/schema.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { BridgeStatus } from '../../app/ask/bridge-status.ts';
import { bridgeCheck, heldChecks } from './bridge-checks.ts';
import { brokerChecks } from './broker-checks.ts';
import { checkIds, titles } from './check.ts';
import type { Check, CheckId } from './check.ts';
import { configurationCheck, secretsCheck, stateCheck } from './config-checks.ts';
import { clockCheck, httpCheck, nodeCheck } from './host-checks.ts';
import { radioChecks, withoutRadio } from './radio-checks.ts';
import { RadioVisit } from './radio-visit.ts';
import { runChecks } from './runner.ts';
import type { CheckResult, RunnerDeps } from './runner.ts';
import type { DoctorWorld } from './world.ts';

type Loaded = Extract<LoadResult, { readonly ok: true }>;

export interface ExamineOptions {
  readonly load: () => Promise<LoadResult>;
  /** Hears the configuration before anything else is done with it. */
  readonly onLoaded: (loaded: Loaded) => void;
  /** Only this meter. */
  readonly meter?: string | undefined;
  /** Leaves out what sends by radio. */
  readonly noRadio?: boolean;
}

export interface Examination {
  readonly results: readonly CheckResult[];
  readonly config: Config | undefined;
}

/** These stand on their own, whatever the configuration says. */
const independent: ReadonlySet<CheckId> = new Set(['configuration', 'clock', 'node']);

/** Every check in turn, from the configuration to the clock. @throws BridgeError USAGE for a meter that is not configured */
export async function examine(
  options: ExamineOptions,
  world: DoctorWorld,
  told: Omit<RunnerDeps, 'clock'>,
  signal: AbortSignal,
): Promise<Examination> {
  const deps: RunnerDeps = { clock: world.clock, ...told };
  let loaded: Loaded | undefined;
  const onLoaded = (result: Loaded): void => {
    options.onLoaded(result);
    loaded = result;
  };
  let results = await runChecks([configurationCheck(options.load, onLoaded)], deps, signal);
  const go = async (checks: readonly Check[]): Promise<void> => {
    results = await runChecks(checks, deps, signal, results);
  };
  await (loaded ? ofConfig(loaded, options, world, go) : go(unreachable()));
  await go([clockCheck(world), nodeCheck(world)]);
  return { results, config: loaded?.config };
}

async function ofConfig(
  loaded: Loaded,
  { meter, noRadio = false }: ExamineOptions,
  world: DoctorWorld,
  go: (checks: readonly Check[]) => Promise<void>,
): Promise<void> {
  const { config } = loaded;
  const { mqtt, http } = config;
  const meters = chosen(config, meter);
  let status: BridgeStatus | undefined;
  const bridge = bridgeCheck(config, world, (answer) => (status = answer));
  await go([secretsCheck(loaded), stateCheck(loaded), bridge]);
  for (const one of meters) await ofMeter(one, status, noRadio, world, go);
  if (mqtt) await go(brokerChecks(config, mqtt, status, world));
  if (http) await go([httpCheck(http)]);
}

async function ofMeter(
  meter: MeterConfig,
  status: BridgeStatus | undefined,
  noRadio: boolean,
  world: DoctorWorld,
  go: (checks: readonly Check[]) => Promise<void>,
): Promise<void> {
  if (status) return await go(heldChecks(meter, status, world));
  await using visit = new RadioVisit(meter, world);
  await go(radioChecks(meter, visit, world).filter(({ id }) => !noRadio || withoutRadio.has(id)));
}

function chosen({ meters }: Config, wanted: string | undefined): readonly MeterConfig[] {
  const some = meters.filter(({ id }) => wanted === undefined || id === wanted);
  if (some.length > 0) return some;
  throw new BridgeError('USAGE', `there is no meter ${wanted}; configured: ${meters.map(({ id }) => id).join(', ')}`);
}

/** What nobody can look at without a configuration. */
const unreachable = (): readonly Check[] =>
  checkIds
    .filter((id) => !independent.has(id) && id !== 'tls')
    .map((id) => ({
      id,
      title: titles[id],
      needs: ['configuration'] as const,
      limitMs: 0,
      run: () => Promise.reject(new RangeError(`${id} runs without a configuration`)),
    }));
