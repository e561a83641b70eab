import { readFile } from 'node:fs/promises';
import type { Language } from '../kernel/language.ts';

const TITLES = { en: 'Set-up', ja: '初期設定' } as const;
const NEEDS_CODE = {
  en: 'Enter the one-time code that broute2mqtt printed in its terminal or log (docker compose logs broute2mqtt).',
  ja: 'broute2mqttが端末またはログに表示したワンタイムコードを入力してください（docker compose logs broute2mqtt）。',
} as const;
const CODE = { en: 'Code', ja: 'コード' } as const;
const OPEN = { en: 'Open', ja: '開く' } as const;
const SCRIPT = { en: 'This page needs JavaScript.', ja: 'このページにはJavaScriptが必要です。' } as const;

const frame = (language: Language, head: string, body: string): string => `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${TITLES[language]} – broute2mqtt</title>
<link rel="icon" href="favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="setup.css">
${head}</head>
<body>
<header><h1>broute2mqtt ${TITLES[language]}</h1><a href="?lang=${language === 'ja' ? 'en' : 'ja'}" lang="${language === 'ja' ? 'en' : 'ja'}">${language === 'ja' ? 'English' : '日本語'}</a></header>
${body}
</body>
</html>
`;

/** Addresses are relative, so that it works below a path too. Its script asks for all the rest. */
export const setupPage = (language: Language): string =>
  frame(
    language,
    '<script type="module" src="setup.js"></script>\n',
    `<main id="setup"></main>\n<noscript><p>${SCRIPT[language]}</p></noscript>`,
  );

/** For who has no code yet. */
export const setupCodePage = (language: Language): string =>
  frame(
    language,
    '',
    `<main><form class="card" method="get">
<p>${NEEDS_CODE[language]}</p>
<label>${CODE[language]} <input name="code" autocomplete="off" autocapitalize="characters" required></label>
<button>${OPEN[language]}</button>
</form></main>`,
  );

/** What the browser runs and shows; the build copies the folder. */
const FOLDER = new URL('../web/setup/', import.meta.url);
const TYPES: Readonly<Record<string, string>> = {
  'setup.js': 'text/javascript; charset=utf-8',
  'setup-parts.js': 'text/javascript; charset=utf-8',
  'setup-words.js': 'text/javascript; charset=utf-8',
  'setup.css': 'text/css; charset=utf-8',
};
const ICON = new URL('../web/static/favicon.svg', import.meta.url);

/** By path. */
export async function readSetupAssets(): Promise<
  ReadonlyMap<string, { readonly type: string; readonly body: string }>
> {
  const files = Object.entries(TYPES).map(([name, type]) => ({ name, type, url: new URL(name, FOLDER) }));
  const all = [...files, { name: 'favicon.svg', type: 'image/svg+xml', url: ICON }];
  return new Map(
    await Promise.all(
      all.map(async ({ name, type, url }) => [`/${name}`, { type, body: await readFile(url, 'utf8') }] as const),
    ),
  );
}
