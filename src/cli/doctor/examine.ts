import { BridgeError } from '../../kernel/errors.ts';
import type { MeterSettings, Settings } from '../../model/settings.ts';
import type { BridgeStatus } from '../../app/ask/bridge-status.ts';
import type { Loaded, LoadOutcome } from '../../app/load-settings.ts';
import { bridgeFinding, heldSteps } from './bridge-checks.ts';
import { brokerSteps } from './broker-checks.ts';
import { configurationFinding, secretsFinding, stateFinding } from './config-checks.ts';
import { clockFinding, httpFinding, nodeFinding } from './host-checks.ts';
import { radioSteps } from './radio-checks.ts';
import { checkIds, sequence } from './sequence.ts';
import type { CheckId, CheckResult, Sequence, SequenceDeps } from './sequence.ts';
import type { DoctorWorld } from './world.ts';

export interface ExamineOptions {
  readonly load: () => Promise<LoadOutcome>;
  /** Only this meter. */
  readonly meter?: string | undefined;
  /** Leaves out what sends by radio. */
  readonly noRadio: boolean;
}

export interface Examination {
  readonly results: readonly CheckResult[];
  readonly config: Loaded['config'] | undefined;
}

/** Secrets behind pipes have five seconds each. */
const LOAD_LIMIT_MS = 60_000;

/** Every check in turn, from the configuration to the clock. @throws BridgeError USAGE for a meter that is not configured */
export async function examine(
  options: ExamineOptions,
  world: DoctorWorld,
  told: Omit<SequenceDeps, 'clock'>,
  signal: AbortSignal,
): Promise<Examination> {
  const results: CheckResult[] = [];
  const independent = sequence({ clock: world.clock, ...told }, results, signal);
  const all = independent.branch();
  let loaded: Loaded | undefined;
  await all.step('configuration', LOAD_LIMIT_MS, async () => {
    const result = await options.load();
    if (result.ok) loaded = result;
    return await configurationFinding(result);
  });
  await (loaded ? stepsOf(loaded, options, world, all) : withoutConfiguration(all));
  await independent.branch().step('clock', 5000, (inner) => clockFinding(world, inner));
  await independent.branch().step('node', 1000, () => nodeFinding(world.nodeVersion));
  return { results, config: loaded?.config };
}

async function stepsOf(
  loaded: Loaded,
  { meter: wanted, noRadio }: ExamineOptions,
  world: DoctorWorld,
  all: Sequence,
): Promise<void> {
  const { settings } = loaded;
  const { mqtt, http } = settings;
  const meters = chosen(settings, wanted);
  await all.branch().step('secrets', 10_000, () => secretsFinding(loaded));
  await all.branch().step('state_dir', 10_000, () => stateFinding(settings));
  let status: BridgeStatus | undefined;
  const bridge = all.branch();
  await bridge.step('bridge', 5000, async (signal) => {
    const asked = await world.askBridge(settings, signal);
    if (asked.kind === 'answered') status = asked.status;
    return bridgeFinding(asked);
  });
  for (const meter of meters) {
    const own = bridge.branch(meter.id);
    await (status ? heldSteps(meter, status, world, own) : radioSteps(meter, noRadio, world, own));
  }
  if (mqtt) await brokerSteps(settings, mqtt, status, world, all.branch());
  if (http) await all.branch().step('http', 5000, (signal) => httpFinding(http, signal));
}

function chosen({ meters }: Settings, wanted: string | undefined): readonly MeterSettings[] {
  const some = meters.filter(({ id }) => wanted === undefined || id === wanted);
  if (some.length > 0) return some;
  throw new BridgeError('USAGE', `there is no meter ${wanted}; configured: ${meters.map(({ id }) => id).join(', ')}`);
}

/** `tls` is in no list before the configuration names it; the others here stand on their own. */
const notMissed: ReadonlySet<CheckId> = new Set(['configuration', 'tls', 'clock', 'node']);

/** Names what nobody can look at. */
async function withoutConfiguration(all: Sequence): Promise<void> {
  for (const id of checkIds.filter((one) => !notMissed.has(one)))
    await all.branch().step(id, 0, () => Promise.reject(new RangeError(`${id} runs without a configuration`)));
}
