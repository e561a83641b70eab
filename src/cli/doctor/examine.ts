import { lookBeside, lookForHolder } from '../../wire/port-holder.ts';
import { usbPorts } from '../../wire/usb-sysfs.ts';
import { askBridge } from '../../app/ask/ask-bridge.ts';
import type { BridgeStatus } from '../../app/ask/bridge-status.ts';
import { homeAssistantApp } from '../../app/home-assistant-app/home-assistant-app.ts';
import type { CliContext } from '../../app/context.ts';
import { systemRadio } from '../../app/radio-trial.ts';
import { exporterConfig } from '../../app/exporter-mode.ts';
import { chooseMeters, loadSettings } from '../../app/load-settings.ts';
import type { Loaded } from '../../app/load-settings.ts';
import { bridgeFinding, heldSteps } from './bridge-checks.ts';
import { brokerSteps } from './broker-checks.ts';
import { CHECK_IDS } from './check.ts';
import type { CheckId, CheckResult } from './check.ts';
import {
  clockFinding,
  devicesFinding,
  configurationFinding,
  httpFinding,
  isClockSynchronized,
  nodeFinding,
  secretsFinding,
  stateFinding,
} from './host-checks.ts';
import { radioSteps } from './radio-checks.ts';
import { sequence } from './sequence.ts';
import type { DoctorWorld, Sequence, SequenceDeps } from './sequence.ts';

export interface ExamineOptions {
  /** Only this meter. */
  readonly meter?: string | undefined;
  /** Leaves out what sends by radio. */
  readonly noRadio: boolean;
}

export interface Examination {
  readonly results: readonly CheckResult[];
  /** Undefined where it is not valid. */
  readonly config: Loaded['config'] | undefined;
}

/** Secrets behind pipes have five seconds each. */
const LOAD_LIMIT_MS = 60_000;

/** Every check in turn, from the configuration to the clock. @throws BridgeError USAGE for a meter that is not configured */
export async function examine(
  options: ExamineOptions,
  file: { readonly path: string; readonly pathGiven: boolean },
  context: CliContext,
  listeners: Omit<SequenceDeps, 'clock'>,
): Promise<Examination> {
  const world = await systemWorld(context);
  const results: CheckResult[] = [];
  const independent = sequence({ clock: world.clock, ...listeners }, results, context.signal);
  const all = independent.branch();
  let loaded: Loaded | undefined;
  let asksNoToken = homeAssistantApp(context.env) !== undefined;
  await all.step('configuration', LOAD_LIMIT_MS, async () => {
    const exporter = await exporterConfig(file, context);
    asksNoToken ||= exporter !== undefined;
    const result = exporter ?? (await loadSettings(file, context));
    if (result.ok) loaded = result;
    return await configurationFinding(result);
  });
  await (loaded ? stepsOf(loaded, { ...options, asksNoToken }, world, all) : withoutConfiguration(all));
  await independent.branch().step('devices', 5000, () => devicesFinding(world));
  await independent.branch().step('clock', 5000, (inner) => clockFinding(world, inner));
  await independent.branch().step('node', 1000, () => nodeFinding(world.nodeVersion));
  return { results, config: loaded?.config };
}

async function systemWorld(context: CliContext): Promise<DoctorWorld> {
  const radio = await systemRadio(context);
  return {
    ...radio,
    nodeVersion: process.version,
    askBridge: (settings, signal) => askBridge(settings, radio.clock, signal),
    othersOn: (device, pid) => (pid === undefined ? lookForHolder(device) : lookBeside(device, pid)),
    isClockSynchronized,
    ports: () => usbPorts(),
  };
}

interface StepOptions extends ExamineOptions {
  /** Home Assistant sees to the login, or there is no page: nothing to warn of. */
  readonly asksNoToken: boolean;
}

async function stepsOf(
  loaded: Loaded,
  { meter: wanted, noRadio, asksNoToken }: StepOptions,
  world: DoctorWorld,
  all: Sequence,
): Promise<void> {
  const { settings } = loaded;
  const { mqtt, http } = settings;
  const meters = chooseMeters(settings.meters, wanted);
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
  if (http) await all.branch().step('http', 5000, (signal) => httpFinding(http, asksNoToken, signal));
}

/** `tls` is in no list before the configuration names it; the others here stand on their own. */
const NOT_MISSED: ReadonlySet<CheckId> = new Set(['configuration', 'tls', 'devices', 'clock', 'node']);

/** Names what nobody can look at. */
async function withoutConfiguration(all: Sequence): Promise<void> {
  for (const id of CHECK_IDS.filter((one) => !NOT_MISSED.has(one)))
    await all.branch().step(id, 0, () => Promise.reject(new RangeError(`${id} runs without a configuration`)));
}
