import { readFile } from 'node:fs/promises';
import type { Language, Text } from '../kernel/language.ts';
import { quantities } from '../model/quantity.ts';

const TEXTS = {
  title: { en: 'Smart meter', ja: 'スマートメーター' },
  other: { en: '日本語', ja: 'English' },
  loading: { en: 'Asking the bridge …', ja: 'ブリッジに問い合わせています…' },
  script: {
    en: 'This page needs JavaScript. The same facts are at api/status.',
    ja: 'このページにはJavaScriptが必要です。同じ内容は api/status にもあります。',
  },
  locked: { en: 'This page needs a token', ja: 'トークンが必要です' },
  whichToken: {
    en: 'Enter the value of http.token from the configuration of broute2mqtt.',
    ja: 'broute2mqttの設定 http.token の値を入力してください。',
  },
  token: { en: 'Token', ja: 'トークン' },
  open: { en: 'Open', ja: '開く' },
} as const satisfies Record<string, Text>;

/** Addresses are relative, so that the page also works below a path of a reverse proxy. */
const frame = (language: Language, head: string, body: string): string => `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${TEXTS.title[language]} – broute2mqtt</title>
<link rel="icon" href="favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="page.css">
<link rel="stylesheet" href="page-meter.css">
<link rel="stylesheet" href="page-chart.css">
${head}</head>
<body>
${body}
</body>
</html>
`;

/** The page without any reading in it: its script asks `/api/status` and fills it. */
export function statusPage(language: Language): string {
  const other: Language = language === 'ja' ? 'en' : 'ja';
  return frame(
    language,
    '<script type="module" src="page.js"></script>\n',
    `<header class="top">
<h1>${TEXTS.title[language]}</h1>
<a id="language" href="?lang=${other}" lang="${other}" hreflang="${other}">${TEXTS.other[language]}</a>
</header>
<p id="bridge" class="banner" role="alert" hidden><span></span> <span aria-hidden="true"></span></p>
<main id="meters"><p class="loading">${TEXTS.loading[language]}</p></main>
<noscript><p class="banner">${TEXTS.script[language]}</p></noscript>
<footer id="footer"></footer>`,
  );
}

/** Instead of the page for who has no token; the form opens it with one. */
export const tokenPage = (language: Language): string =>
  frame(
    language,
    '',
    `<header class="top"><h1>${TEXTS.locked[language]}</h1></header>
<main><form class="card token" method="get">
<p>${TEXTS.whichToken[language]}</p>
<input type="hidden" name="lang" value="${language}">
<label>${TEXTS.token[language]} <input type="password" name="token" autocomplete="current-password" required></label>
<button>${TEXTS.open[language]}</button>
</form></main>`,
  );

export interface Asset {
  readonly path: string;
  readonly type: string;
  readonly body: string;
}

/** What the browser runs and shows; the build copies the folder. */
const FOLDER = new URL('../web/static/', import.meta.url);
const SCRIPT = 'text/javascript; charset=utf-8';
const TYPES: Readonly<Record<string, string>> = {
  'page.js': SCRIPT,
  'page-chart.js': SCRIPT,
  'page-meter.js': SCRIPT,
  'page-words.js': SCRIPT,
  'page.css': 'text/css; charset=utf-8',
  'page-chart.css': 'text/css; charset=utf-8',
  'page-meter.css': 'text/css; charset=utf-8',
  'favicon.svg': 'image/svg+xml',
};

/** What the page's script cannot import: the table of quantities, as a module of its own. */
const quantitiesAsset = (): Asset => {
  const rows = quantities.map(({ key, name, unit, decimals }) => ({ key, name, unit, decimals }));
  return {
    path: '/page-quantities.js',
    type: SCRIPT,
    body: `export const quantities = ${JSON.stringify(rows)};\n`,
  };
};

export const readAssets = async (): Promise<readonly Asset[]> => [
  quantitiesAsset(),
  ...(await Promise.all(
    Object.entries(TYPES).map(async ([name, type]) => ({
      path: `/${name}`,
      type,
      body: await readFile(new URL(name, FOLDER), 'utf8'),
    })),
  )),
];
