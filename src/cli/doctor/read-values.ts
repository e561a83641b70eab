import type { MeterSettings } from '../../model/settings.ts';
import { abortable, deferred, scope, together } from '../../kernel/async.ts';
import { epc } from '../../echonet/epc.ts';
import { ClockCheck } from '../../meter/clock-check.ts';
import { MeterClient } from '../../meter/meter-client.ts';
import type { MeterAnswer } from '../../meter/meter-client.ts';
import { meterMemory } from '../../meter/meter-memory.ts';
import { MeterReader } from '../../meter/meter-reader.ts';
import type { Reading } from '../../model/reading.ts';
import type { Session } from '../../module/module.ts';
import type { DoctorWorld } from './world.ts';

/** Energy needs its unit first, some round trips more than power; a meter that answers few properties at a time needs many. */
const ENERGY_PATIENCE_MS = 30_000;
/** Of the standard, for two properties. */
const REPLY_LIMIT_MS = 20_000;

/** One reading as the service would take it, nothing remembered. @throws BridgeError METER_SILENT, SESSION_LOST … */
export async function readValues(
  session: Session,
  meter: MeterSettings,
  { clock, log }: DoctorWorld,
  signal: AbortSignal,
): Promise<Reading> {
  let values: Reading = { atMs: clock.now() };
  const [power, energy] = [deferred<void>(), deferred<void>()];
  const { contractAmpere: _, ...ungated } = meter; // what the meter says is shown, whatever the contract
  const reader = await MeterReader.open(ungated, {
    clock,
    log,
    memory: meterMemory(undefined, log),
    emit(event) {
      if (event.kind !== 'reading') return;
      values = { ...values, ...event.reading };
      if (values.powerW !== undefined) power.resolve();
      if (values.powerW !== undefined && values.importKwh !== undefined) energy.resolve();
    },
  });
  await together(
    signal,
    (inner) => reader.poll(session, { unproved: false, onProof: () => undefined }, inner),
    async (inner) => {
      await abortable(power.promise, inner);
      using patience = scope(inner);
      const late = clock.sleep(ENERGY_PATIENCE_MS, patience.signal).catch(() => undefined);
      await abortable(Promise.race([energy.promise, late]), inner);
      patience.abort();
    },
  );
  return values;
}

/** Meter minus ours, ms, right to half a minute; undefined when the meter tells no time. @throws BridgeError REPLY_TIMEOUT … */
export async function readSkew(
  session: Session,
  { clock, log }: DoctorWorld,
  signal: AbortSignal,
): Promise<number | undefined> {
  const check = new ClockCheck(clock, log);
  let skewMs: number | undefined;
  const onAnswer = (answer: MeterAnswer): void => void (skewMs = check.compare(answer)?.skewMs);
  const client = new MeterClient(session, { clock, log, onAnswer });
  await together(
    signal,
    (inner) => client.run(inner),
    async (inner) => void (await client.get([epc.currentTime, epc.currentDate], REPLY_LIMIT_MS, inner)),
  );
  return skewMs;
}
