import { readFileSync } from 'node:fs';

/** Of package.json, which lies two folders above this file, in the source as in the package. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
