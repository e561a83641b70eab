// Every text of the page that its script writes, in both languages, and how numbers, times and spans are written.
import { quantities } from './page-quantities.js'; // made from the table of quantities as the page is served

export const language = document.documentElement.lang === 'en' ? 'en' : 'ja';

const texts = {
  en: {
    phases: {
      opening: 'Opening the stick',
      scanning: 'Looking for the meter',
      joining: 'Joining the meter',
      connected: 'Connected',
      paused: 'Paused by the airtime limit',
      waiting: 'Waiting before the next try',
      stopped: 'Stopped',
    },
    unheard: 'Joined, waiting for the first answer',
    unanswered: 'The meter does not answer',
    using: 'Using now',
    exporting: 'Selling to the grid (export)',
    staleUsing: 'Old value: was using',
    staleExporting: 'Old value: was selling (export)',
    noPower: 'No power value',
    stale: 'Stale',
    staleFrom: (time) => `old, from ${time}`,
    lastAt: (time) => `last value, from ${time}`,
    age: (span) => `measured ${span} ago`,
    for: (span) => `for ${span}`,
    nextTry: (span) => `next try in ${span}`,
    nextTryNow: 'trying again now',
    waitingFirst: 'Waiting for the first reading',
    /** Where the page has a word of its own. */
    quantities: { import: 'Bought (import)', export: 'Sold (export)' },
    signal: 'Signal',
    signalWords: ['very weak', 'weak', 'fair', 'good', 'very good'],
    interval: 'Interval',
    every: (span) => `asked every ${span}`,
    channel: 'Channel',
    pan: 'PAN ID',
    reconnects: 'Reconnects',
    module: 'Module',
    broker: 'MQTT broker',
    up: 'connected',
    down: 'not connected',
    meterFault: 'The meter reports a fault of its own (EPC 88). Ask your utility if it stays.',
    chart: (span, low, high) => `Power over the last ${span}: ${low} to ${high}`,
    ago: (span) => `${span} ago`,
    now: 'now',
    silent: 'The bridge does not answer. What is shown is its last answer and gets old; asking again …',
    silentFor: (span) => `(${span})`,
    locked: 'The bridge no longer accepts this page’s token. Open the page again with the right one.',
    uptime: (version, span) => `broute2mqtt ${version} · running for ${span}`,
    units: { d: ' d', h: ' h', min: ' min', s: ' s', gap: ' ' },
    fresh: 'The reading is current.',
    old: 'The reading is stale.',
  },
  ja: {
    phases: {
      opening: 'スティックを開いています',
      scanning: 'メーターを探しています',
      joining: 'メーターに接続しています',
      connected: '接続済み',
      paused: '送信時間の制限により休止中',
      waiting: '再試行を待っています',
      stopped: '停止',
    },
    unheard: '接続手続き済み、最初の応答を待っています',
    unanswered: 'メーターが応答していません',
    using: '消費中（買電）',
    exporting: '売電中（逆潮流）',
    staleUsing: '古い値：消費（買電）',
    staleExporting: '古い値：売電（逆潮流）',
    noPower: '電力の値なし',
    stale: '古い値',
    staleFrom: (time) => `古い値（${time}）`,
    lastAt: (time) => `最後の値（${time}）`,
    age: (span) => `${span}前に計測`,
    for: (span) => `${span}経過`,
    nextTry: (span) => `次の試行まで${span}`,
    nextTryNow: 'まもなく再試行します',
    waitingFirst: '最初の計測値を待っています',
    quantities: {
      current_r: '電流 R相',
      current_t: '電流 T相',
      import: '買電（積算）',
      export: '売電（積算）',
    },
    signal: '電波',
    signalWords: ['とても弱い', '弱い', '普通', '良い', 'とても良い'],
    interval: '取得間隔',
    every: (span) => `${span}ごと`,
    channel: 'チャネル',
    pan: 'PAN ID',
    reconnects: '再接続',
    module: 'モジュール',
    broker: 'MQTTブローカー',
    up: '接続済み',
    down: '未接続',
    meterFault: 'メーター自身が異常を報告しています（EPC 88）。続く場合は電力会社にお問い合わせください。',
    chart: (span, low, high) => `直近${span}の電力：${low}～${high}`,
    ago: (span) => `${span}前`,
    now: '現在',
    silent: 'ブリッジが応答しません。表示は最後の応答のもので、古くなっていきます。問い合わせを続けています…',
    silentFor: (span) => `（${span}）`,
    locked: 'このページのトークンが受け付けられません。正しいトークンで開き直してください。',
    uptime: (version, span) => `broute2mqtt ${version} ・ 稼働時間 ${span}`,
    units: { d: '日', h: '時間', min: '分', s: '秒', gap: '' },
    fresh: '計測値は最新です。',
    old: '計測値は古くなっています。',
  },
};

export const words = texts[language];

const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });

/** A true minus sign: the hyphen gets lost beside a large figure. */
const signed = (text) => text.replace('-', '−');

export const integer = (value) => signed(whole.format(value));

/** What is shown below power: with its label, and its value as text. Registers have the decimals they come with. */
export const facts = quantities
  .filter(({ key }) => key !== 'power')
  .map(({ key, name, unit, decimals }) => {
    const digits = { minimumFractionDigits: decimals ?? 1, maximumFractionDigits: decimals ?? 4 };
    const number = new Intl.NumberFormat(language, digits);
    const label = words.quantities[key] ?? name[language];
    return { key, label, text: (value) => `${signed(number.format(value))} ${unit}` };
  });

/** The two largest units of a span: `2 min 5 s`, `2分5秒`. */
export function span(seconds) {
  const { d, h, min, s, gap } = words.units;
  const total = Math.max(0, Math.floor(seconds));
  const parts = [
    [Math.floor(total / 86_400), d],
    [Math.floor(total / 3600) % 24, h],
    [Math.floor(total / 60) % 60, min],
    [total % 60, s],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return `0${s}`;
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join(gap);
}

/** In the reader's own time zone; with the date unless it is from the last hours. */
export function clockTime(iso, ageSeconds) {
  const style = ageSeconds < 12 * 3600 ? { timeStyle: 'medium' } : { dateStyle: 'medium', timeStyle: 'medium' };
  return new Intl.DateTimeFormat(language, style).format(new Date(iso));
}
