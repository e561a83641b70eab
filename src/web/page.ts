import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Language, Text } from '../kernel/language.ts';
import { quantities } from '../model/quantity.ts';

const TEXTS = {
  title: { en: 'Smart meter', ja: 'スマートメーター' },
  meters: { en: 'Meters', ja: 'メーター' },
  other: { en: '日本語', ja: 'English' },
  loading: { en: 'Asking the bridge …', ja: 'ブリッジに問い合わせています…' },
  script: {
    en: 'This page needs JavaScript. The same facts are at api/status.',
    ja: 'このページにはJavaScriptが必要です。同じ内容は api/status にもあります。',
  },
} as const satisfies Record<string, Text>;

/** Addresses are relative, so that the page also works below a path of a reverse proxy. */
export const frame = (language: Language, head: string, body: string): string => `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<meta name="theme-color" content="#f3f4f1" media="(prefers-color-scheme: light)">
<meta name="theme-color" content="#0e1214" media="(prefers-color-scheme: dark)">
<title>${TEXTS.title[language]} – broute2mqtt</title>
<link rel="icon" href="favicon.svg" type="image/svg+xml">
<link rel="apple-touch-icon" href="icon-192.png">
<link rel="manifest" href="page.webmanifest" crossorigin="use-credentials">
<link rel="stylesheet" href="uplot.css">
<link rel="stylesheet" href="page.css">
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
<h1 id="name">${TEXTS.title[language]}</h1>
<p id="clock"><span class="date"></span> <span></span></p>
<a id="language" href="?lang=${other}" lang="${other}" hreflang="${other}">${TEXTS.other[language]}</a>
</header>
<nav id="chips" aria-label="${TEXTS.meters[language]}" hidden></nav>
<main id="view"><p class="loading">${TEXTS.loading[language]}</p></main>
<noscript><p class="banner">${TEXTS.script[language]}</p></noscript>
<footer id="footer"></footer>`,
  );
}

export interface Asset {
  readonly path: string;
  readonly type: string;
  readonly body: string | Buffer;
}

/** What the browser runs and shows; the build puts it together. */
const FOLDER = new URL('../web/static/', import.meta.url);
const SCRIPT = 'text/javascript; charset=utf-8';
const TYPES: Readonly<Record<string, string>> = {
  '.js': SCRIPT,
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
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

const assetOf = async (file: URL, path: string): Promise<Asset> => ({
  path,
  type: TYPES[extname(path)] ?? 'application/octet-stream',
  body: await readFile(file),
});

/** The chart library: the build puts it into the folder; from the source it is where the package is. */
async function chartAssets(names: readonly string[]): Promise<readonly Asset[]> {
  if (names.includes('uplot.js')) return [];
  const { resolve } = createRequire(import.meta.url);
  const found = (name: string): URL => pathToFileURL(resolve(`uplot/dist/${name}`));
  const script = await readFile(found('uPlot.iife.min.js'), 'utf8');
  return [
    { path: '/uplot.js', type: SCRIPT, body: `${script}export { uPlot };\n` },
    await assetOf(found('uPlot.min.css'), '/uplot.css'),
  ];
}

export async function readAssets(): Promise<readonly Asset[]> {
  const names = await readdir(FOLDER);
  const ours = names.map((name) => assetOf(new URL(name, FOLDER), `/${name}`));
  return [quantitiesAsset(), ...(await chartAssets(names)), ...(await Promise.all(ours))];
}
