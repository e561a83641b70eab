import type { Problem } from '../../config/problems.ts';
import { isLanguage } from '../../kernel/language.ts';
import type { Language, Text } from '../../kernel/language.ts';

const METER = 'BROUTE2MQTT_METERS_0_';
/** The options of the app (`schema` in its config.yaml) and the variable each of them is for everybody else. */
const VARIABLES = {
  device: `${METER}DEVICE`,
  serial_server: `${METER}DEVICE`,
  route_b_id: `${METER}ROUTE_B_ID`,
  route_b_password: `${METER}ROUTE_B_PASSWORD`,
  contract_ampere: `${METER}CONTRACT_AMPERE`,
  interval_s: `${METER}INTERVAL_S`,
  energy_interval_s: `${METER}ENERGY_INTERVAL_S`,
  price_buy: 'BROUTE2MQTT_PRICES_BUY',
  price_sell: 'BROUTE2MQTT_PRICES_SELL',
  language: 'BROUTE2MQTT_LANGUAGE',
  log_level: 'BROUTE2MQTT_LOG_LEVEL',
  mqtt_url: 'BROUTE2MQTT_MQTT_URL',
  mqtt_username: 'BROUTE2MQTT_MQTT_USERNAME',
  mqtt_password: 'BROUTE2MQTT_MQTT_PASSWORD',
  import_statistics: 'BROUTE2MQTT_HOME_ASSISTANT_IMPORT_STATISTICS',
  home_assistant_url: 'BROUTE2MQTT_HOME_ASSISTANT_URL',
  home_assistant_token: 'BROUTE2MQTT_HOME_ASSISTANT_TOKEN',
} as const;
type AppOption = keyof typeof VARIABLES;
export const APP_OPTIONS = Object.keys(VARIABLES) as readonly AppOption[];

/** What is put in the place of what is missing: that was told already, and the rest is looked at all the same. */
const STAND_INS: readonly (readonly [option: AppOption, value: string])[] = [
  ['route_b_id', '0'.repeat(32)],
  ['route_b_password', '0'.repeat(12)],
];
/** Home Assistant's name among its apps. */
const HOME_ASSISTANT = 'http://homeassistant:8123';

/** By name, as the Supervisor keeps them. */
export type AppOptions = Readonly<Record<string, unknown>>;

/** What the user chose, as variables. */
export interface AppConfiguration {
  readonly options: AppOptions;
  readonly variables: Readonly<Record<string, string>>;
  readonly problems: readonly Problem[];
  readonly language: Language;
  /** The user has a broker of their own. */
  readonly hasBroker: boolean;
}

type Given = Partial<Record<AppOption, string>>;

/** From the file the Supervisor writes. What it knows nothing of any more is left over from an earlier version. */
export function translateOptions(options: AppOptions): AppConfiguration {
  const given: Given = {};
  const problems: Problem[] = [];
  for (const option of APP_OPTIONS) {
    const text = textOfOption(option, options[option]);
    if (text === undefined) problems.push({ where: option, text: NO_TEXT });
    else if (text !== '') given[option] = text;
  }
  problems.push(...missing(given), ...stick(given), ...broker(given), ...statistics(given));
  return {
    options,
    variables: {
      [`${METER}ID`]: 'home',
      ...Object.fromEntries(Object.entries(given).map(([option, text]) => [VARIABLES[option as AppOption], text])),
    },
    problems,
    language: isLanguage(given.language) ? given.language : 'ja',
    hasBroker: given.mqtt_url !== undefined,
  };
}

/** Tells a problem by the name the user knows. */
export function inAppWords(problem: Problem, { variables }: Pick<AppConfiguration, 'variables'>): Problem {
  const options = APP_OPTIONS.filter((option) => VARIABLES[option] === problem.where);
  const isServer = variables[VARIABLES.device]?.startsWith('tcp:') === true;
  const where = isServer && options.includes('serial_server') ? 'serial_server' : options[0];
  return where === undefined ? problem : { ...problem, where };
}

/** `''`: not given. Letters come with blanks between groups of digits, and pasted text with blanks around it. */
function textOfOption(option: AppOption, value: unknown): string | undefined {
  if (value === undefined || value === null) return '';
  if (typeof value === 'boolean') return option === 'import_statistics' ? (value ? 'on' : 'off') : undefined; // YAML's off
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') return undefined;
  if (option === 'mqtt_password') return value;
  return option === 'route_b_id' ? value.replaceAll(/\s/g, '') : value.trim();
}

function missing(given: Given): Problem[] {
  return STAND_INS.flatMap(([option, standIn]) => {
    if (given[option] !== undefined) return [];
    given[option] = standIn;
    return [{ where: option, text: FROM_LETTER }];
  });
}

function stick(given: Given): Problem[] {
  const { device, serial_server: server } = given;
  if (device !== undefined && server !== undefined) return [{ where: 'serial_server', text: TWO_STICKS }];
  if (server === undefined) given.device ??= 'auto';
  return [];
}

function broker(given: Given): Problem[] {
  const { mqtt_url: url, mqtt_username: name, mqtt_password: password } = given;
  const lost: Problem[] =
    url === undefined && (name !== undefined || password !== undefined)
      ? [{ where: 'mqtt_url', text: WHOSE_LOGIN }]
      : password !== undefined && name === undefined
        ? [{ where: 'mqtt_username', text: WHOSE_PASSWORD }]
        : [];
  if (lost.length > 0) for (const option of ['mqtt_username', 'mqtt_password'] as const) delete given[option]; // told here
  return lost;
}

/** Home Assistant's address and token are of use for nothing else: who imports nothing hands them to nobody. */
function statistics(given: Given): Problem[] {
  if (given.import_statistics === undefined || given.import_statistics === 'off') {
    for (const option of ['import_statistics', 'home_assistant_url', 'home_assistant_token'] as const)
      delete given[option];
    return [];
  }
  given.home_assistant_url ??= HOME_ASSISTANT;
  if (given.home_assistant_token !== undefined) return [];
  given.home_assistant_token = 'x'.repeat(32);
  return [{ where: 'home_assistant_token', text: NO_TOKEN }];
}

const NO_TEXT: Text = { en: 'must be a text or a number', ja: '文字列または数値を指定してください' };
const FROM_LETTER: Text = {
  en: 'is missing: it comes from your grid operator',
  ja: '指定されていません。送配電会社から届いた値を指定してください',
};
const TWO_STICKS: Text = {
  en: 'a stick is chosen in device too: give one of them',
  ja: 'device でもスティックが選ばれています。どちらか一方にしてください',
};
const WHOSE_LOGIN: Text = {
  en: 'is missing: a user name or password is given; leave all three empty to use the Mosquitto broker app',
  ja: '指定されていません（ユーザー名かパスワードだけがあります）。Mosquitto brokerアプリを使う場合は3つとも空欄にしてください',
};
const WHOSE_PASSWORD: Text = {
  en: 'is missing: mqtt_password is given',
  ja: '指定されていません（mqtt_password だけがあります）',
};
const NO_TOKEN: Text = {
  en: 'is missing: import_statistics needs a long-lived access token of an administrator',
  ja: '指定されていません。import_statistics には管理者の長期間有効なアクセストークンが必要です',
};
