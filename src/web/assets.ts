import { readFile } from 'node:fs/promises';

export interface Asset {
  readonly path: string;
  readonly type: string;
  readonly body: string;
}

/** What the browser runs and shows; the build copies the folder beside the compiled files. */
const folder = new URL('./static/', import.meta.url);
const types: Readonly<Record<string, string>> = {
  'page.js': 'text/javascript; charset=utf-8',
  'page-chart.js': 'text/javascript; charset=utf-8',
  'page-meter.js': 'text/javascript; charset=utf-8',
  'page-words.js': 'text/javascript; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
  'page-chart.css': 'text/css; charset=utf-8',
  'page-meter.css': 'text/css; charset=utf-8',
  'favicon.svg': 'image/svg+xml',
};

export const readAssets = (): Promise<readonly Asset[]> =>
  Promise.all(
    Object.entries(types).map(async ([name, type]) => ({
      path: `/${name}`,
      type,
      body: await readFile(new URL(name, folder), 'utf8'),
    })),
  );
