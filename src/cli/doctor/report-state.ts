import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** A folder that holds more is not ours alone. */
const MOST_FILES = 200;
const MOST_BYTES = 100_000;

type Fields = Readonly<Record<string, unknown>>;

/** What of each file may be told: nothing that names a meter or says what a household uses. */
const shown: Readonly<Record<string, (content: Fields) => Fields>> = {
  'pan.json': ({ channel, panId }) => ({ channel, panId }),
  'run.json': ({ run }) => ({ run }),
  'airtime.json': ({ usedUpSince }) => ({ usedUpSince }),
  'meter.json': (content) => ({
    profile: profileOf(content['profile']),
    import: stampOf(content['import']),
    export: stampOf(content['export']),
    requestSize: content['requestSize'],
    roundTripMs: content['roundTripMs'],
  }),
};

function profileOf(value: unknown): Fields | undefined {
  if (!isFields(value)) return undefined;
  const { getMap, makerCode, release, energyScale, hasTPhase, hasExport } = value;
  return { getMap, makerCode, release, energyScale, hasTPhase, hasExport };
}

/** When a register was last accepted, not what it showed. */
const stampOf = (value: unknown): Fields | undefined =>
  isFields(value) && typeof value['atMs'] === 'number' ? { atMs: value['atMs'] } : undefined;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every file below `state_dir`: size, mode, age; of our small ones what is in them. */
export async function stateFiles(dir: string | undefined, nowMs: number): Promise<unknown> {
  if (dir === undefined) return 'no state_dir';
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => error.code ?? 'unreadable',
  );
  if (typeof entries === 'string') return entries;
  const files = entries.filter((entry) => !entry.isDirectory()).slice(0, MOST_FILES);
  return await Promise.all(files.map((file) => described(dir, join(file.parentPath, file.name), file.name, nowMs)));
}

async function described(dir: string, path: string, name: string, nowMs: number): Promise<unknown> {
  const info = await stat(path).catch(() => undefined);
  if (!info) return { file: relative(dir, path), gone: true };
  const pick = Object.hasOwn(shown, name) ? shown[name] : undefined;
  return {
    file: relative(dir, path),
    bytes: info.size,
    mode: (info.mode & 0o777).toString(8).padStart(4, '0'),
    uid: info.uid,
    age_s: Math.round((nowMs - info.mtimeMs) / 1000),
    ...(pick && info.isFile() && info.size <= MOST_BYTES ? { content: await contentOf(path, pick) } : {}),
  };
}

async function contentOf(path: string, pick: (content: Fields) => Fields): Promise<unknown> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    return isFields(value) ? pick(value) : 'no object';
  } catch (error) {
    return error instanceof SyntaxError ? 'damaged' : ((error as NodeJS.ErrnoException).code ?? 'unreadable');
  }
}
