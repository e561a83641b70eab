import { PERIODS } from '../../archive/consumption.ts';
import { LANGUAGES } from '../../kernel/language.ts';
import { METER_COMMANDS } from '../../model/status.ts';
import { HISTORY_ANSWERS } from './history-query.ts';
import { LINK_EVENT_KINDS } from './link-events.ts';
import { day, list, number, object, oneOf, schema, text, time, whole } from './openapi-parts.ts';
import type { JsonSchema } from './openapi-parts.ts';
import { statusSchemas } from './openapi-status.ts';
import { POWER_SPANS } from './power-steps.ts';

type Responses = Readonly<Record<string, object>>;
interface Operation {
  readonly summary: string;
  readonly parameters?: readonly object[];
  readonly requestBody?: object;
  readonly security?: readonly object[];
  readonly responses: Responses;
}

const power = object('The course of the power.', {
  meter: text('its id'),
  span: oneOf(POWER_SPANS, 'as asked for'),
  step_s: number('length of a step'),
  gap_s: number('two points further apart than this have a gap between them'),
  points: list(
    {
      type: 'array',
      prefixItems: [number('seconds since 1970'), number('mean, W'), number('lowest, W'), number('highest, W')],
      minItems: 4,
      maxItems: 4,
    },
    'Oldest first; a step without an answer is not there.',
  ),
});
const period = object(
  'One half hour, day or month, JST.',
  {
    start: time('its begin'),
    end: time('its end'),
    import: number('bought, kWh, of the part that is known'),
    export: number('sold, kWh, of the part that is known'),
    missing: number('half hours of it of which nothing is known'),
    cost: number('yen, an estimate by the prices of the configuration'),
    income: number('yen, an estimate by the prices of the configuration'),
  },
  ['start', 'end', 'missing'],
);
const history = object(
  'The energy of the past.',
  {
    meter: text('its id'),
    by: oneOf(PERIODS, 'as asked for'),
    from: day('first day'),
    to: day('last day'),
    oldest: day('the first day of which anything is known'),
    periods: list(schema('Period'), 'Oldest first, up to the newest mark.'),
  },
  ['meter', 'by', 'from', 'to', 'periods'],
);
const links = object('What happened on the radio within a day.', {
  meter: text('its id'),
  events: list(
    object(
      'One event; the same failure again and again is one.',
      {
        time: time('when it began'),
        kind: oneOf(LINK_EVENT_KINDS, 'what it was'),
        text: text('a sentence'),
        hint: text('what to do about it'),
        code: text('docs/errors.md lists them'),
        lasted_s: whole('how long it lasted; absent while it lasts'),
      },
      ['time', 'kind', 'text'],
    ),
    'Newest first, at most 100.',
  ),
});
const command = object(
  'A command for a meter.',
  { meter: text('its id'), command: oneOf([...METER_COMMANDS, 'break'], '“break” in the demo only, without meter') },
  ['command'],
);

const query = (name: string, type: JsonSchema, required = false): object => ({
  name,
  in: 'query',
  required,
  schema: type,
});
const lang = query('lang', oneOf(LANGUAGES, 'of all texts; else the configuration’s'));
const meter = query('meter', text('its id; else the first'));
const json = (type: JsonSchema, description = 'The answer.'): object => ({
  description,
  content: { 'application/json': { schema: type } },
});
const plain = (description: string, type = 'text/plain'): object => ({
  description,
  content: { [type]: { schema: { type: 'string' } } },
});
const seeOther: Responses = { '303': { description: 'To the page.' } };
const REFUSALS: Responses = {
  '401': plain('The token is missing or wrong.'),
  '421': plain('This name is not one of ours (http.hosts).'),
  '429': plain('Too many wrong tokens from this address; retry-after says when to go on.'),
};
const BAD_QUERY: Responses = { '400': plain('What would have been allowed.') };

const get = (summary: string, parameters: readonly object[], responses: Responses): { readonly get: Operation } => ({
  get: { summary, ...(parameters.length > 0 && { parameters }), responses: { ...responses, ...REFUSALS } },
});
const open = (summary: string, responses: Responses): { readonly get: Operation } => ({
  get: { summary, security: [], responses },
});
const post = (summary: string, type: string, body: JsonSchema, responses: Responses): { readonly post: Operation } => ({
  post: { summary, requestBody: { required: true, content: { [type]: { schema: body } } }, responses },
});

const paths = {
  '/api/status': get(
    'How all is now.',
    [
      lang,
      query('both', oneOf(['1'], 'failures in both languages too')),
      query('history', oneOf(['1'], 'with the newest powers')),
    ],
    {
      '200': json(schema('Status')),
    },
  ),
  '/api/events': get('The same as server-sent events.', [lang], {
    '200': plain(
      '“event: status” with the Status as data: at once, after every change, every 10 s.',
      'text/event-stream',
    ),
    '503': plain('Twenty listen already; retry-after says when to try again.'),
  }),
  '/api/power': get(
    'The power of the last day, in steps.',
    [meter, query('span', oneOf(POWER_SPANS, 'else 10m')), lang],
    {
      '200': json(schema('Power')),
      ...BAD_QUERY,
    },
  ),
  '/api/history': get(
    'The energy of the past: at most 31 days by half hour, 400 by day, ten years by month.',
    [
      meter,
      query('by', oneOf(PERIODS, 'else day')),
      query('from', day('first day in Japan')),
      query('to', day('last day, included; else today')),
      query('format', oneOf(HISTORY_ANSWERS, 'else json')),
      lang,
    ],
    {
      '200': {
        description: 'The answer.',
        content: { 'application/json': { schema: schema('History') }, 'text/csv': { schema: { type: 'string' } } },
      },
      ...BAD_QUERY,
      '503': plain('The bridge is just starting, or its disk cannot be read.'),
    },
  ),
  '/api/links': get('What happened on the radio within a day.', [meter, lang], {
    '200': json(schema('Links')),
    ...BAD_QUERY,
  }),
  '/api/command': post('One of the commands that Status lists.', 'application/json', schema('Command'), {
    '202': json(schema('Command'), 'Taken; carried out as soon as the session allows.'),
    '400': plain('No such meter or command.'),
    '403': plain('Another site asked, or everybody can open this page.'),
    '415': plain('Send JSON.'),
    ...REFUSALS,
    '429': plain('Too soon after the last one; retry-after says when.'),
  }),
  '/login': post(
    'Keeps a browser logged in for a year.',
    'application/x-www-form-urlencoded',
    object('A form.', { token: text('http.token') }),
    seeOther,
  ),
  '/logout': { post: { summary: 'Ends that.', security: [], responses: seeOther } },
  '/api/openapi.json': get('This document.', [], { '200': json({ type: 'object' }) }),
  '/metrics': get('For Prometheus.', [], { '200': plain('docs/prometheus.md') }),
  '/healthz': open('Whether every meter is fresh.', {
    '200': plain('ok, and what is wrong all the same'),
    '503': plain('A line for each meter that is not.'),
  }),
  '/livez': open('Whether everything goes on.', { '200': plain('ok'), '503': plain('Who does not.') }),
} as const;

/** The API as a document for programs and people: https://spec.openapis.org/oas/v3.1.0 */
export const openApi = (version: string): object => ({
  openapi: '3.1.0',
  info: {
    title: 'broute2mqtt',
    version,
    description:
      'Read the smart meter over HTTP. What is not known is absent: never null, never 0. Addresses are relative to the page.',
    license: { name: 'MIT', identifier: 'MIT' },
  },
  servers: [{ url: '..' }],
  security: [{ bearer: [] }, { query: [] }, { cookie: [] }, {}],
  paths,
  components: {
    schemas: {
      ...statusSchemas,
      Power: power,
      Period: period,
      History: history,
      Links: links,
      Command: command,
    },
    securitySchemes: {
      bearer: { type: 'http', scheme: 'bearer', description: 'The value of http.token.' },
      query: { type: 'apiKey', in: 'query', name: 'token' },
      cookie: { type: 'apiKey', in: 'cookie', name: 'broute2mqtt_…', description: 'Set by /login.' },
    },
  },
});
