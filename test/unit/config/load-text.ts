import type { LoadResult } from '../../../src/config/load.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { formatProblem } from '../../../src/config/problems.ts';
import type { Language } from '../../../src/kernel/language.ts';

export const ID = '0123456789ABCDEF0123456789ABCDEF';
export const PASSWORD = 'ABCDEFGHIJKL';

/** The least that is a configuration; `meter` and `rest` add lines to it. */
export const minimal = (meter = '', rest = ''): string => `meters:
  - id: home
    device: /dev/ttyUSB0
    route_b_id: "${ID}"
    route_b_password: "${PASSWORD}"
${meter}mqtt:
  url: mqtt://localhost
${rest}`;

/** The same from the environment. */
export const minimalEnvironment = {
  BROUTE2MQTT_METERS_0_ID: 'home',
  BROUTE2MQTT_METERS_0_DEVICE: '/dev/ttyUSB0',
  BROUTE2MQTT_METERS_0_ROUTE_B_ID: ID,
  BROUTE2MQTT_METERS_0_ROUTE_B_PASSWORD: PASSWORD,
  BROUTE2MQTT_MQTT_URL: 'mqtt://localhost',
};

export interface Surroundings {
  readonly env?: Record<string, string>;
  /** By absolute path; an error's code instead of content makes reading fail. */
  readonly files?: Record<string, string | Uint8Array | { readonly code: string }>;
  readonly path?: string;
  readonly pathGiven?: boolean;
}

/** Loads a text as if it were the file; undefined: there is none. */
export async function load(
  yaml: string | Uint8Array | undefined,
  { env = {}, files = {}, path = 'config.yaml', pathGiven = false }: Surroundings = {},
): Promise<LoadResult> {
  const all: Record<string, string | Uint8Array | { readonly code: string }> = { ...files };
  if (yaml !== undefined) all[path] = yaml;
  const readFile = async (name: string): Promise<Uint8Array> => {
    const content = all[name] ?? { code: 'ENOENT' };
    if (typeof content === 'string') return Buffer.from(content);
    if (content instanceof Uint8Array) return content;
    throw Object.assign(new Error('cannot read'), content);
  };
  return loadConfig({ path, pathGiven, env, readFile });
}

export const lines = (result: LoadResult, language: Language = 'en'): string[] =>
  result.ok ? [] : result.problems.map((problem) => formatProblem(problem, language));

export async function problems(yaml: string | Uint8Array | undefined, surroundings?: Surroundings): Promise<string[]> {
  return lines(await load(yaml, surroundings));
}

export async function loaded(
  yaml: string | undefined,
  surroundings?: Surroundings,
): Promise<Extract<LoadResult, { readonly ok: true }>> {
  const result = await load(yaml, surroundings);
  if (!result.ok) throw new Error(lines(result).join('\n'));
  return result;
}
