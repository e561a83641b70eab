import type { Language, Text } from '../../kernel/language.ts';

/** Where the page is opened. */
export interface PageAnswer {
  /** `HOST:PORT` */
  readonly listen: string;
  /** Whoever opens it needs this. */
  readonly token?: string;
}

export interface BrokerAnswer {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
}

/** All that set-up finds out or asks; what is absent is not written. */
export interface SetupAnswers {
  readonly language: Language;
  readonly device?: string;
  readonly routeBId?: string;
  readonly routeBPassword?: string;
  readonly contractAmpere?: number;
  /** The same all day; other prices by hour are written by hand. */
  readonly buyYenPerKwh?: number;
  readonly broker?: BrokerAnswer;
  readonly page?: PageAnswer;
  readonly stateDir?: string;
}

const COMMENTS = {
  head: {
    en: 'Written by broute2mqtt setup. Every key: broute2mqtt config example',
    ja: 'broute2mqtt setup が作成。すべてのキーは broute2mqtt config example を参照',
  },
  id: {
    en: 'topics and entities hang on it: never change it',
    ja: 'トピックとエンティティの名前になります。変えないでください',
  },
  letter: { en: 'from the notice of your grid operator', ja: '送配電会社の通知に記載' },
  page: { en: 'status page', ja: '状態ページ' },
  log: { en: 'for people to read; json for programs', ja: '人が読む形式。プログラム用は json' },
  prices: { en: 'yen per kWh, for an estimate', ja: '円/kWh（料金の目安に使用）' },
  state: { en: 'what survives a restart', ja: '再起動後も使うデータ' },
} as const satisfies Record<string, Text>;

/** What stands for a secret where it is shown. */
export const HIDDEN = '●●●●';

/** JSON's strings are YAML's, whatever is in them. */
const quoted = (value: string): string => JSON.stringify(value);

/** The configuration as it is written; with `hides` as it is shown, without what is secret in it. */
export function configText(answers: SetupAnswers, hides = false): string {
  const { language, device, routeBId, routeBPassword, contractAmpere, buyYenPerKwh, broker, page, stateDir } = answers;
  const secret = (value: string): string => (hides ? HIDDEN : quoted(value));
  const note = (name: keyof typeof COMMENTS): string => `# ${COMMENTS[name][language]}`;
  const line = (indent: number, key: string, value: string | number | undefined, comment = ''): string[] =>
    value === undefined ? [] : [`${' '.repeat(indent)}${key}: ${value}${comment && ` ${comment}`}`];
  const some = <T>(value: T | undefined, of: (value: T) => string): string | undefined =>
    value === undefined ? undefined : of(value);
  return [
    note('head'),
    ...line(0, 'language', language),
    '',
    'meters:',
    `  - id: home ${note('id')}`,
    ...line(4, 'device', some(device, quoted)),
    ...line(4, 'route_b_id', some(routeBId, secret), note('letter')),
    ...line(4, 'route_b_password', some(routeBPassword, secret)),
    ...line(4, 'contract_ampere', contractAmpere),
    ...(broker
      ? [
          '',
          'mqtt:',
          ...line(2, 'url', quoted(broker.url)),
          ...line(2, 'username', some(broker.username, quoted)),
          ...line(2, 'password', some(broker.password, secret)),
        ]
      : []),
    ...(page
      ? [
          '',
          `http: ${note('page')}`,
          ...line(2, 'listen', quoted(page.listen)),
          ...line(2, 'token', some(page.token, secret)),
        ]
      : []),
    ...(buyYenPerKwh === undefined ? [] : ['', `prices: ${note('prices')}`, ...line(2, 'buy', buyYenPerKwh)]),
    ...(stateDir === undefined ? [] : ['', ...line(0, 'state_dir', quoted(stateDir), note('state'))]),
    '',
    'log:',
    ...line(2, 'format', 'pretty', note('log')),
    '',
  ].join('\n');
}
