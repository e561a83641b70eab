import { quantities } from '../../model/quantity.ts';
import { LINK_PHASES, METER_COMMANDS } from '../../model/status.ts';
import { flag, list, maybe, number, object, oneOf, schema, text, time, whole } from './openapi-parts.ts';
import type { JsonSchema } from './openapi-parts.ts';

const value = (type: JsonSchema): JsonSchema =>
  object('A value with its own age.', {
    value: type,
    time: time('when the meter answered'),
    age_s: number('seconds since'),
    stale: flag('too old to be shown as current'),
    stale_after_s: number('the age at which it becomes stale'),
  });

const failureTexts = object('In one language.', {
  message: text('what happened, the code behind it'),
  hint: text('what to do about it'),
});
const failure = object(
  'What failed, in the language asked for.',
  {
    code: text('docs/errors.md lists them'),
    message: text('what happened, the code behind it'),
    hint: text('what to do about it'),
    both: object('With both=1.', { ja: failureTexts, en: failureTexts }),
  },
  ['code', 'message', 'hint'],
);

const energy = maybe('kWh.', { import: number('bought'), export: number('sold') });
const peak = object('The highest average of a half hour.', {
  power: number('W'),
  time: time('when the half hour began'),
});
const yen = maybe('An estimate by the prices of the configuration.', { buy: number('bought'), sell: number('sold') });

const usage = maybe(
  'What was bought, by the half hour (averages, W) and by the day (kWh), as in state/usage on MQTT.',
  {
    half_hour: time('when the running half hour began'),
    demand_now: number('average of the running half hour so far, W'),
    demand_forecast: number('its average at its end, if it goes on as in the last five minutes, W'),
    demand_30min: number('average of the last half hour that is over, W'),
    peak_today: peak,
    peak_month: peak,
    import_today: number('bought since 0:00, kWh'),
    export_today: number('sold since 0:00, kWh'),
  },
);
const compare = maybe('The days before. "So far": up to the same time of day as now.', {
  yesterday: energy,
  yesterday_so_far: energy,
  mean_7_days_so_far: energy,
});
const progress = object(
  'How far a session being built is; absent otherwise.',
  {
    step: oneOf([1, 2, 3, 4], '1 port and module, 2 scan, 3 join, 4 first answer'),
    channels: object('Of a scan.', { at: whole('the how-manieth channel'), of: whole('of how many') }),
    elapsed_s: number('since the step began'),
    expected_s: number('when it usually is over, from its begin'),
  },
  ['step', 'elapsed_s', 'expected_s'],
);
const broker = object(
  'The connection to the MQTT broker; absent without mqtt.',
  {
    connected: flag('there is one'),
    detail: text('in words'),
    error: schema('Failure'),
    held: schema('Failure'),
    unannounced: schema('Failure'),
  },
  ['connected', 'detail'],
);

const readingValues = Object.fromEntries(
  quantities.map(({ key, name, unit }) => [key, value(number(`${name.en}, ${unit}`))]),
);
const reading = object(
  'The newest value of each kind. What the meter never told is absent.',
  { time: time('of the newest good answer'), ...readingValues, fault: value(flag('the meter says it has a fault')) },
  ['time'],
);
const lastAnswer = object(
  'The newest answer with a power, as in readings on MQTT.',
  {
    meter: text('its id'),
    time: time('when the meter answered'),
    ...Object.fromEntries(quantities.map(({ key, name, unit }) => [key, number(`${name.en}, ${unit}`)])),
    import_minute: number('register at the whole minute, kWh'),
    export_minute: number('register at the whole minute, kWh'),
    minute_time: time('that minute, by the meter’s clock'),
  },
  ['meter', 'time'],
);

const meter = object(
  'What is known of a meter. What is not known is absent: never null, never 0.',
  {
    id: text('as in the configuration'),
    name: text('as in the configuration'),
    phase: oneOf(LINK_PHASES, 'what is being done'),
    since: time('when the phase began'),
    phase_age_s: number('seconds since'),
    progress,
    fresh: flag('the newest good answer is young enough to be shown as current'),
    connected: flag('the meter is there, and fresh'),
    reason: text('why it is not fresh'),
    age_s: number('age of the newest good answer'),
    interval_s: number('seconds between two questions, as the meter takes them'),
    stale_after_s: number('the age at which an answer becomes stale'),
    module: object(
      'The radio.',
      { edition: text('SE, DSE or J11'), stack_version: text('firmware'), app_version: text('firmware') },
      ['edition', 'stack_version'],
    ),
    pan: object('The radio network.', { channel: whole('33–60'), pan_id: text('hex'), mac: text('of the meter') }),
    lqi: number('link quality, 0–255'),
    rssi: number('received power, dBm'),
    signal_time: time('when these two were measured'),
    signal_age_s: number('seconds since'),
    reconnects: whole('sessions that had to be built anew since the start'),
    error: schema('Failure'),
    retry_at: time('the next try, in phase waiting'),
    retry_in_s: number('seconds until then'),
    broker,
    reading,
    last_answer: lastAnswer,
    half_hour: object(
      'Registers at the newest half-hour mark.',
      { time: time('the mark'), import: number('kWh'), export: number('kWh') },
      ['time'],
    ),
    contract_ampere: number('the contract’s current, A'),
    usage,
    compare,
    price: maybe('Now, yen for a kWh.', { buy: number('bought'), sell: number('sold') }),
    cost_today: yen,
    clock_skew: value(number('meter’s clock minus ours, s')),
    history: list(
      { type: 'array', prefixItems: [number('age, s'), number('W')], minItems: 2, maxItems: 2 },
      'With history=1: the newest powers, oldest first.',
    ),
  },
  ['id', 'name', 'phase', 'phase_age_s', 'fresh', 'connected', 'interval_s', 'stale_after_s', 'reconnects'],
);

const status = object(
  'How all is now.',
  {
    version: text('of broute2mqtt'),
    time: time('when this was written'),
    uptime_s: whole('seconds since the start'),
    demo: flag('nothing of it is real'),
    commands: list(oneOf([...METER_COMMANDS, 'break'], 'one of them'), 'what POST /api/command takes now'),
    page: text('where a phone in the house opens the page, if known'),
    meters: list(schema('Meter'), 'in the order of the configuration'),
  },
  ['version', 'time', 'uptime_s', 'meters'],
);

/** What `/api/status` and `/api/events` answer. */
export const statusSchemas: Readonly<Record<string, JsonSchema>> = { Status: status, Meter: meter, Failure: failure };
