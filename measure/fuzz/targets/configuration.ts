import { loadConfig } from '../../../src/config/load.ts';
import { exampleText } from '../../../src/config/example.ts';
import { formatProblem } from '../../../src/config/problems.ts';
import { bytesOfLatin1, latin1OfBytes } from '../../../src/kernel/bytes.ts';
import { minimal, minimalEnvironment } from '../../../test/unit/config/load-text.ts';
import { corpusOf } from '../material.ts';
import { Dice, mutated } from '../mutator.ts';
import type { Material } from '../mutator.ts';
import { must, nothing } from '../target.ts';
import type { Target } from '../target.ts';

/** Behind this line an input goes on with the environment, `NAME=VALUE` a line. */
const ENVIRONMENT = '\n%%environment\n';
/** Stands where secrets do. Whatever becomes of the text around it, no message may repeat it. */
const CANARY = 'CANARYSECRET';
const TOLD = new RegExp(`(?<![\\w-])${CANARY}(?![\\w-])`);

const SCALARS = [
  '',
  '~',
  'null',
  'true',
  'false',
  'yes',
  'no',
  '0',
  '-1',
  '1e309',
  '.inf',
  '.nan',
  '0x7fffffff',
  '0o17',
  '1_000',
  '99999999999999999999',
  '2',
  '10',
  '3600',
  '"',
  "'",
  '""',
  '[]',
  '{}',
  '[',
  '{',
  '- ',
  '? ',
  ': ',
  '&a x',
  '*a',
  '!!binary x',
  '!secret x',
  '|',
  '>',
  '>-\n',
  '"\\x41"',
  '"\\u202e"',
  '\u0000',
  '\ufeff',
  '%YAML 1.1',
  '---',
  '...',
  '<<: *a',
  '#',
  '@x',
  '`x`',
  'mqtt://localhost',
  'mqtts://[::1]:8883/',
  'mqtt://u:p@h',
  'http://x',
  'tcp://h:1',
  '/dev/ttyUSB0',
  'auto',
  '127.0.0.1:8080',
  '[::1]:0',
  'a/b/+',
  '$SYS',
  '__proto__',
  'constructor',
  CANARY,
  CANARY.repeat(8),
];
const KEYS = [
  'meters',
  'id',
  'name',
  'device',
  'route_b_id',
  'route_b_password',
  'interval_s',
  'energy_interval_s',
  'contract_ampere',
  'reply_timeout_s',
  'on_stuck_command',
  'mqtt',
  'url',
  'username',
  'password',
  'password_file',
  'base_topic',
  'tls',
  'ca_file',
  'insecure',
  'home_assistant',
  'http',
  'listen',
  'token',
  'token_file',
  'language',
  'log',
  'level',
  'format',
  'state_dir',
  'intervall_s',
  'Meters',
  '__proto__',
];
const VARIABLES = [
  'METERS_0_ID',
  'METERS_0_DEVICE',
  'METERS_1_ID',
  'METERS_999_NAME',
  'METERS_1000_ID',
  'METERS_0_INTERVAL_S',
  'METERS_0_ROUTE_B_PASSWORD',
  'METERS_0_ROUTE_B_PASSWORD_FILE',
  'MQTT_URL',
  'MQTT_TLS_INSECURE',
  'HTTP_LISTEN',
  'HTTP_TOKEN',
  'LANGUAGE',
  'LOG_LEVEL',
  'SERVICE_HOST',
  'X',
  '__PROTO__',
];

const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

type Edit = (lines: string[], dice: Dice) => void;
const withLine =
  (change: (line: string, dice: Dice) => string): Edit =>
  (lines, dice) => {
    const at = dice.below(lines.length);
    lines[at] = change(lines[at] ?? '', dice);
  };
const edits: readonly Edit[] = [
  (lines, dice) => void lines.splice(dice.below(lines.length), 1),
  (lines, dice) => void lines.splice(dice.below(lines.length), 0, lines[dice.below(lines.length)] ?? ''),
  (lines, dice) =>
    void lines.splice(
      dice.below(lines.length),
      0,
      `${' '.repeat(dice.below(8))}${dice.pick(KEYS)}: ${dice.pick(SCALARS)}`,
    ),
  withLine((line, dice) => line.replace(/:.*/, `: ${dice.pick(SCALARS)}`)),
  withLine((line, dice) => line.replace(/[a-z_]+:/, `${dice.pick(KEYS)}:`)),
  withLine((line) => line.replace(/#(?=\S)/, '')),
  withLine((line, dice) => ' '.repeat(dice.below(5)) + line.trimStart()),
  withLine((line, dice) => (dice.chance(0.5) ? '\t' : '- ') + line),
  withLine((line, dice) => line.replaceAll(/['"]/g, dice.pick(['', "'", '"', '\\']))),
  withLine((line, dice) => line.replace(/: /, dice.pick([':', ' : ', ': &a ', ': *a', ': !x ', ': [', ': {']))),
];

function edited(seed: string, dice: Dice): string {
  const lines = seed.split('\n');
  for (let count = 1 + dice.below(4); count > 0; count--) dice.pick(edits)(lines, dice);
  return lines.join('\n');
}

/** Some of what the environment can say, right or wrong. */
function environment(dice: Dice): string {
  const whole = dice.chance(0.5) ? Object.entries(minimalEnvironment).map(([name, value]) => `${name}=${value}`) : [];
  const more = Array.from({ length: dice.below(4) }, () => `BROUTE2MQTT_${dice.pick(VARIABLES)}=${dice.pick(SCALARS)}`);
  return [...whole, ...more].join('\n');
}

export const configuration: Target = {
  name: 'configuration',
  share: 2,
  async open() {
    const example = (await exampleText()).replaceAll('ABCDEFGHIJKL', CANARY);
    const bare = example
      .split('\n')
      .filter((line) => !/^\s*# /.test(line))
      .join('\n');
    const least = minimal().replaceAll('ABCDEFGHIJKL', CANARY);
    const texts = [
      bare,
      least,
      bare.replaceAll(/#(?=[a-z])/g, ''),
      JSON.stringify({ meters: [{ id: 'home' }], http: {} }, null, 1),
    ];
    const material: Material = {
      seeds: [...corpusOf('configuration'), ...texts.map(utf8)],
      words: [...SCALARS, ...KEYS.map((key) => `\n${key}: `)].map(utf8),
      most: 8000,
    };
    return {
      make(seed) {
        const dice = new Dice(seed);
        const bytes = dice.chance(0.3)
          ? mutated(dice, material)
          : utf8(edited(textOf(dice.pick(material.seeds)), dice));
        return dice.chance(0.3)
          ? bytesOfLatin1(latin1OfBytes(bytes) + ENVIRONMENT + latin1OfBytes(utf8(environment(dice))))
          : bytes;
      },
      check,
      [Symbol.asyncDispose]: nothing,
    };
  },
};

/** Other files are there or not, by their name alone. */
async function readOther(path: string): Promise<Uint8Array> {
  if (path.includes('\0')) throw Object.assign(new Error('no such name'), { code: 'ERR_INVALID_ARG_VALUE' });
  const code = ['', 'ENOENT', 'EACCES', 'EISDIR'][path.length % 4];
  if (code) throw Object.assign(new Error('not there'), { code });
  return path.length % 8 === 0 ? Uint8Array.of(0xff, 0xfe) : utf8(`${CANARY}\n`);
}

async function check(input: Uint8Array): Promise<void> {
  const text = latin1OfBytes(input);
  const at = text.indexOf(ENVIRONMENT);
  const yaml = at < 0 ? input : input.subarray(0, at);
  const lines = at < 0 ? [] : textOf(input.subarray(at + ENVIRONMENT.length)).split('\n');
  const env = Object.fromEntries(
    lines
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  const result = await loadConfig({
    path: 'config.yaml',
    pathGiven: false,
    env,
    readFile: (path) => (path === 'config.yaml' ? Promise.resolve(yaml) : readOther(path)),
  });
  must(Object.keys(Object.prototype).length === 0 && !('polluted' in {}), 'a prototype was changed');
  if (!result.ok) return checkProblems(result.problems, text, env);
  const { config } = result;
  must(
    config.meters.length >= 1 && (config.mqtt ?? config.http ?? config.mackerel) !== undefined,
    'a configuration that does nothing',
  );
  for (const meter of config.meters) {
    must(/^[a-z0-9_-]{1,64}$/.test(meter.id) && meter.name !== '', 'a meter without an identity');
    must(meter.interval_s >= 2 && meter.interval_s <= 3600, 'an interval out of range');
    must(
      /^[0-9A-F]{32}$/.test(meter.route_b_id) && /^[0-9A-Z]{12}$/.test(meter.route_b_password),
      'credentials no module takes',
    );
    must(
      result.secrets.includes(meter.route_b_password) && result.secrets.includes(meter.route_b_id),
      'a secret that is not registered',
    );
  }
  must(new Set(config.meters.map(({ id }) => id)).size === config.meters.length, 'two meters with one identity');
}

function checkProblems(problems: readonly Parameters<typeof formatProblem>[0][], text: string, env: object): void {
  must(problems.length > 0, 'refused without a reason');
  const told = problems.flatMap((problem) =>
    (['en', 'ja'] as const).map((language) => formatProblem(problem, language)),
  );
  for (const line of told)
    must(line.length > 0 && line.length < 1500 && !line.includes('\n'), 'a problem that is not one line');
  // File names are told, and names of variables; nothing else that stands in the configuration is.
  const innocent =
    !text.includes('_file') && !Object.keys(env).some((name) => name.endsWith('_FILE') || name.includes(CANARY));
  must(!innocent || !told.some((line) => TOLD.test(line)), () => `a secret was told: ${told.join(' | ')}`);
}
