import { stat } from 'node:fs/promises';

/** Those of these files that group or others can read, write or execute. */
export async function openToOthers(paths: readonly string[]): Promise<string[]> {
  if (process.platform === 'win32') return [];
  const open: string[] = [];
  for (const path of new Set(paths)) {
    const info = await stat(path).catch(() => undefined); // read a moment ago; what became of it is no question of modes
    if (info?.isFile() && (info.mode & 0o077) !== 0) open.push(path);
  }
  return open;
}
