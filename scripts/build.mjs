// Builds dist/: our files and what we use of the libraries, in as many files as there are parts loaded apart. Loaded as they
// come they are hundreds of files, read, linked and kept one by one at every start. The reasons: docs/adr/0013-bundle.md
import { cpSync, rmSync } from 'node:fs';
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
cpSync(inRoot('src/web/static'), inRoot('dist/web/static'), { recursive: true });
