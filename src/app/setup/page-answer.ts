import { createServer } from 'node:net';
import { formatHostPort, isLoopback, parseHostPort } from '../../kernel/host-port.ts';
import { linkWithToken, makeToken } from '../../web/page-token.ts';
import type { PageAnswer } from './config-text.ts';

/** Who may open the page: this machine alone, or whoever in the house has the link. */
export type PageReach = 'machine' | 'house';

const HOSTS: Readonly<Record<PageReach, string>> = { machine: '127.0.0.1', house: '0.0.0.0' };
const FIRST_PORT = 8080;
const MOST_PORTS = 10;

/** @param ours a port that is free as soon as we let go of it. */
export async function pageAnswer(reach: PageReach, ours?: number): Promise<PageAnswer> {
  const host = HOSTS[reach];
  const listen = formatHostPort({ host, port: await freePort(host, ours) });
  return reach === 'house' ? { listen, token: makeToken() } : { listen };
}

/** The usual port, or the next that nobody uses. */
async function freePort(host: string, ours: number | undefined): Promise<number> {
  for (let port = FIRST_PORT; port < FIRST_PORT + MOST_PORTS; port++)
    if (port === ours || (await isFree(host, port))) return port;
  return FIRST_PORT; // the service says who has it, and tries on
}

const isFree = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });

/** Nobody else reaches it. */
export const isInnerAddress = (listen: string): boolean => isLoopback(parseHostPort(listen)?.host ?? '');

/** The link that opens the page, token and all. @param house this machine's address, where it is known */
export function pageLink({ listen, token }: PageAnswer, house: string | undefined): string {
  const at = parseHostPort(listen);
  const everywhere = at?.host === '0.0.0.0' || at?.host === '::';
  const address = formatHostPort({ host: everywhere ? (house ?? '127.0.0.1') : (at?.host ?? ''), port: at?.port ?? 0 });
  const page = `http://${address}/`;
  return token !== undefined && URL.canParse(page) ? linkWithToken(page, token) : page;
}
