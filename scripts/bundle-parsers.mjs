// Puts what we use of zod and yaml into the built files themselves. Loaded as they come, they are some 200 files, a quarter
// of them zod's error messages in languages we do not ask it for: a fifth of the start and 5 MB of memory.
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { build } from 'esbuild';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const uses = /^(?:import|\}) .*from '(?:zod|yaml)';$/m;
const users = readdirSync(dist, { recursive: true })
  .filter((name) => name.endsWith('.js') && uses.test(readFileSync(join(dist, name), 'utf8')))
  .map((name) => join(dist, name));
const onlyThese = {
  name: 'only-these',
  setup({ onResolve }) {
    onResolve({ filter: /.*/ }, ({ path, kind, resolveDir }) =>
      kind === 'entry-point' || ['zod', 'yaml'].includes(path) || resolveDir.includes('node_modules')
        ? undefined
        : { path, external: true },
    );
  },
};
await build({
  entryPoints: users,
  outdir: dist,
  outbase: dist,
  chunkNames: 'config/parser-[hash]',
  allowOverwrite: true,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // yaml asks for Node's own modules by require
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'inline',
  plugins: [onlyThese],
});
