import { esv } from '../echonet/frame.ts';
import { eventNumber } from '../skstack/events.ts';
import type { ModuleContext } from './module-context.ts';
import { event } from './module-context.ts';
import type { Fault } from './faults.ts';
import type { SimModule } from './module/sim-module.ts';

/** What a fault of kind `now` does, or the wire it does it to. */
export interface FaultTargets {
  readonly context: Omit<ModuleContext, 'say' | 'sayText'>;
  readonly module: SimModule;
  unplug(): void;
  plug(): void;
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

/** Makes a fault happen that waits for nothing. */
export function happen(fault: Fault, targets: FaultTargets): void {
  const { context, module } = targets;
  const { session } = module;
  switch (fault.fault) {
    case 'session-lost':
      return session.forget();
    case 'silent-session':
      session.silent = true;
      return;
    case 'session-clings':
      session.silent = session.clings = true;
      return;
    case 'event-24':
    case 'event-26':
    case 'event-27':
    case 'event-28':
      return session.end(Number.parseInt(fault.fault.slice(-2), 16));
    case 'event-25':
      return session.renew();
    case 'event-29':
      return session.expire(fault.recovers === false ? undefined : (fault.for_s ?? RENEW_S) * 1000);
    case 'event-32':
      return block(fault, targets);
    case 'module-reset':
      return module.crash();
    case 'module-hang':
      return module.hang(fault.for_s === undefined ? undefined : fault.for_s * 1000);
    case 'port-lost':
      targets.unplug();
      if (fault.for_s !== undefined) targets.afterwards(fault.for_s * 1000, () => targets.plug());
      return;
    case 'receive-failure':
      for (let i = 0; i < (fault.count ?? FAILED_PACKETS); i++) module.undecryptable();
      return;
    case 'garbage':
      return module.babble(context.random.bytes(fault.count ?? GARBAGE_BYTES));
    case 'burst':
      return module.babble(context.random.bytes(fault.count ?? BURST_BYTES));
    case 'notification': {
      const service = context.options.halfHour === 'infc' ? esv.infc : esv.inf;
      module.exchange.announce(context.meter.halfHour(context.meterNow(), 0x0210, service));
      return;
    }
    default:
      return happenToMeter(fault, targets);
  }
}

/** The airtime's hour goes on whatever becomes of the module: a reset must not block it for ever. */
function block(fault: Fault, { context, module, afterwards }: FaultTargets): void {
  const address = module.session.peerAddress ?? context.ownAddress;
  context.state.blocked = true;
  module.say(event(eventNumber.airtimeLimited, address));
  afterwards((fault.for_s ?? BLOCKED_S) * 1000, () => {
    context.state.blocked = false;
    module.say(event(eventNumber.airtimeFree, address));
  });
}

function happenToMeter(fault: Fault, { context }: FaultTargets): void {
  const { meter, place, meterNow } = context;
  if (fault.fault === 'energy-back') {
    const { normal } = meter.registersAt(meterNow());
    return meter.setCounter(meterNow(), 'import', Math.max(0, normal - (fault.count ?? BACK_STEPS)));
  }
  const channel = fault.channel === undefined ? undefined : Number.parseInt(fault.channel, 16);
  if (fault.fault === 'meter-moved') {
    place.channel = channel ?? (place.channel === 0x2f ? 0x31 : 0x2f);
    if (fault.pan_id !== undefined) place.panId = Number.parseInt(fault.pan_id, 16);
    return;
  }
  if (fault.fault === 'meter-replaced') {
    place.macAddress = (fault.mac ?? REPLACED.mac).toUpperCase();
    if (channel !== undefined) place.channel = channel;
    meter.replace(meterNow(), fault.serial ?? REPLACED.serial);
  }
}
