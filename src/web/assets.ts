import { readFile } from 'node:fs/promises';
import { quantities } from '../model/quantity.ts';

export interface Asset {
  readonly path: string;
  readonly type: string;
  readonly body: string;
}

/** What the browser runs and shows; the build copies the folder beside the compiled files. */
const folder = new URL('./static/', import.meta.url);
const SCRIPT = 'text/javascript; charset=utf-8';
const types: Readonly<Record<string, string>> = {
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
    Object.entries(types).map(async ([name, type]) => ({
      path: `/${name}`,
      type,
      body: await readFile(new URL(name, folder), 'utf8'),
    })),
  )),
];
