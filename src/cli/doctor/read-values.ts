import type { MeterConfig } from '../../config/schema.ts';
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
  meter: MeterConfig,
  { clock, log }: DoctorWorld,
  signal: AbortSignal,
): Promise<Reading> {
  let values: Reading = { atMs: clock.now() };
  const [power, energy] = [deferred<void>(), deferred<void>()];
  const options = {
    meter: meter.id,
    intervalMs: meter.interval_s * 1000,
    energyIntervalMs: meter.energy_interval_s * 1000,
    ...(meter.reply_timeout_s === undefined ? {} : { replyTimeoutMs: meter.reply_timeout_s * 1000 }),
  };
  const reader = await MeterReader.open(options, {
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
  const onAnswer = (answer: MeterAnswer): void => void (skewMs = check.take(answer)?.skewMs);
  const client = new MeterClient(session, { clock, log, onAnswer });
  await together(
    signal,
    (inner) => client.run(inner),
    async (inner) => void (await client.get([epc.currentTime, epc.currentDate], REPLY_LIMIT_MS, inner)),
  );
  return skewMs;
}
