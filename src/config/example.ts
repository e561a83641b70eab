import { readFile } from 'node:fs/promises';

/** `config.example.yaml`, which lies two folders above this file, in the source as in the package. */
export const exampleText = (): Promise<string> =>
  readFile(new URL('../../config.example.yaml', import.meta.url), 'utf8');
