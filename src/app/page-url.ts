import { formatHostPort, isLoopback } from '../kernel/host-port.ts';
import type { HttpSettings } from '../model/settings.ts';

const WILDCARDS = new Set(['0.0.0.0', '::']);

/**
 * Where a phone in the house opens the page: at the address it listens on, or, where that is every address, at the first of
 * `http.hosts`. Never a guess: addresses of this machine may be those of a container, and a proxy before a page that
 * listens on loopback has a port we do not know.
 * @returns undefined where nobody says.
 */
export function pageUrl({ listen, hosts }: Pick<HttpSettings, 'listen' | 'hosts'>): string | undefined {
  const { host, port } = listen;
  const [named] = hosts;
  const name = WILDCARDS.has(host) ? named : host;
  if (name === undefined || port === 0 || isLoopback(host) || isLoopback(name)) return undefined;
  const url = `http://${formatHostPort({ host: name, port })}/`;
  return URL.canParse(url) ? url : undefined; // Home Assistant refuses the whole document for one that is none
}

/**
 * The same for a person who reads the log: where nobody says, by this machine's own address in the house.
 * @param house undefined where it has none that others reach
 */
export const pageInHouse = (
  http: Pick<HttpSettings, 'listen' | 'hosts'>,
  house: string | undefined,
): string | undefined => pageUrl({ ...http, hosts: [...http.hosts, ...(house === undefined ? [] : [house])] });
