import { EVENT_NUMBER } from '../skstack/events.ts';
import type { ModuleContext } from './module-context.ts';
import type { Fault, ImmediateFault } from './faults.ts';
import type { SimModule } from './module/sim-module.ts';

/** What a fault of kind `now` does something to. */
export interface FaultTargets {
  readonly context: ModuleContext;
  readonly module: SimModule;
  readonly unplug: () => void;
  readonly plug: () => void;
  /** Survives the module's power. */
  readonly afterwards: (ms: number, action: () => void) => void;
}

const RENEW_S = 5;
const BLOCKED_S = 60;
const FAILED_PACKETS = 3;
const GARBAGE_BYTES = 32;
const BURST_BYTES = 65_536;
const BACK_STEPS = 100;
const REPLACED = { mac: '001C640003DD6393', serial: 'SIM0002' };
const ANNOUNCEMENT_TID = 0x0210;

type Effect = (fault: Fault, targets: FaultTargets) => void;

const msOf = (seconds: number | undefined): number | undefined => (seconds === undefined ? undefined : seconds * 1000);
const numberOf = (digits: string | undefined): number | undefined =>
  digits === undefined ? undefined : Number.parseInt(digits, 16);

/** The session ends with this EVENT. */
const end =
  (number: number): Effect =>
  (_, { module }) =>
    module.session.end(number);

/** Bytes that are no line. */
const noise =
  (usual: number): Effect =>
  ({ count = usual }, { module, context }) =>
    module.put(context.random.bytes(count));

/** What each fault does that waits for nothing. */
const EFFECTS: Readonly<Record<ImmediateFault, Effect>> = {
  'session-lost': (_, { module }) => module.session.forget(),
  'silent-session': (_, { module }) => {
    module.session.silent = true;
  },
  'session-clings': (_, { module }) => {
    module.session.silent = module.session.clings = true;
  },
  'event-24': end(EVENT_NUMBER.joinFailed),
  'event-25': (_, { module }) => module.session.renew(),
  'event-26': end(EVENT_NUMBER.peerEnded),
  'event-27': end(EVENT_NUMBER.ended),
  'event-28': end(EVENT_NUMBER.endTimedOut),
  'event-29': ({ recovers, for_s = RENEW_S }, { module }) =>
    module.session.expire(recovers === false ? undefined : for_s * 1000),
  'event-32': block,
  'module-reset': (_, { module }) => module.crash(),
  'module-hang': ({ for_s }, { module }) => module.hang(msOf(for_s)),
  'port-lost': ({ for_s }, targets) => {
    targets.unplug();
    if (for_s !== undefined) targets.afterwards(for_s * 1000, targets.plug);
  },
  garbage: noise(GARBAGE_BYTES),
  burst: noise(BURST_BYTES),
  'receive-failure': ({ count = FAILED_PACKETS }, { module }) => {
    for (let i = 0; i < count; i++) module.undecryptable();
  },
  notification: (_, { module }) => module.exchange.announceHalfHour(ANNOUNCEMENT_TID),
  'energy-back': ({ count = BACK_STEPS }, { context: { meter, meterNow } }) => {
    const { normal } = meter.registersAt(meterNow());
    meter.setCounter(meterNow(), 'import', Math.max(0, normal - count));
  },
  'meter-moved': ({ channel, pan_id }, { context: { place } }) => {
    place.channel = numberOf(channel) ?? (place.channel === 0x2f ? 0x31 : 0x2f);
    place.panId = numberOf(pan_id) ?? place.panId;
  },
  'meter-replaced': ({ mac = REPLACED.mac, channel, serial = REPLACED.serial }, { context }) => {
    const { place, meter, meterNow } = context;
    place.macAddress = mac.toUpperCase();
    place.channel = numberOf(channel) ?? place.channel;
    meter.replace(meterNow(), serial);
  },
};

/** Makes a fault happen. */
export const happen = (fault: Fault, targets: FaultTargets): void =>
  EFFECTS[fault.fault as ImmediateFault](fault, targets);

/** The airtime's hour goes on whatever becomes of the module: a reset must not block it for ever. */
function block({ for_s = BLOCKED_S }: Fault, { context, module, afterwards }: FaultTargets): void {
  const address = module.session.peerAddress ?? context.ownAddress;
  context.state.blocked = true;
  context.emitEvent(EVENT_NUMBER.airtimeLimited, address);
  afterwards(for_s * 1000, () => {
    context.state.blocked = false;
    context.emitEvent(EVENT_NUMBER.airtimeFree, address);
  });
}
