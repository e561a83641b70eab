// Builds dist/: our files and what we use of the libraries, in as many files as there are parts loaded apart. Loaded as they
// come they are hundreds of files, read, linked and kept one by one at every start. The reasons: docs/adr/0013-bundle.md
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const inRoot = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

rmSync(inRoot('dist'), { recursive: true, force: true }); // a file deleted from src must not live on
await build({
  entryPoints: [
    inRoot('src/cli/main.ts'),
    inRoot('src/cli/mackerel-plugin.ts'),
    inRoot('src/kernel/clock.ts'), // measurements run it faster
  ],
  outdir: inRoot('dist'),
  outbase: inRoot('src'),
  chunkNames: 'parts/[name]-[hash]', // one folder deep, as the files of src: what they find beside the program they find here
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  external: ['@serialport/bindings-cpp'], // native
  // the libraries ask for Node's own modules by require
  banner: {
    js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
  },
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'inline',
});
// What a page loads is one script and one style sheet, its parts (`page-…`) within; the chart library beside them is loaded
// once numbers are on show.
const statics = readdirSync(inRoot('src/web/static'));
await build({
  entryPoints: statics
    .filter((name) => /^(?!page-).*\.(js|css)$/.test(name))
    .map((name) => inRoot(`src/web/static/${name}`)),
  outdir: inRoot('dist/web/static'),
  bundle: true,
  minify: true,
  charset: 'utf8',
  format: 'esm',
  target: ['chrome109', 'firefox115', 'safari16'],
  external: ['./uplot.js', './page-quantities.js'],
});
for (const name of statics.filter((name) => /\.(svg|png|webmanifest)$/.test(name)))
  cpSync(inRoot(`src/web/static/${name}`), inRoot(`dist/web/static/${name}`));
const chart = inRoot('node_modules/uplot/dist/');
writeFileSync(
  inRoot('dist/web/static/uplot.js'),
  `${readFileSync(`${chart}uPlot.iife.min.js`, 'utf8')}export { uPlot };\n`,
);
cpSync(`${chart}uPlot.min.css`, inRoot('dist/web/static/uplot.css'));
cpSync(inRoot('src/web/setup'), inRoot('dist/web/setup'), { recursive: true });
