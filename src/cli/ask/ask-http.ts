import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { parseHostPort } from '../../config/addresses.ts';
import type { Config } from '../../config/schema.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { Asked } from './ask-bridge.ts';
import { parseStatus } from './bridge-status.ts';

/** Nobody listens there, or it is no address of this machine now. */
const nobody: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EADDRNOTAVAIL',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ENOTFOUND',
]);
const MOST_BYTES = 16_000_000;

/** Asks the status page's data. Whatever else listens at that address is no bridge. */
export async function askHttp({ listen, token }: NonNullable<Config['http']>, signal: AbortSignal): Promise<Asked> {
  const address = parseHostPort(listen);
  if (!address || address.port === 0) return { kind: 'none' }; // the system chose one, and only the bridge knows it
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[address.host] ?? address.host;
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  try {
    const { status, body } = await get({ host, port: address.port }, authorization, signal);
    const parsed = status === 200 ? parseStatus(body) : undefined;
    if (parsed) return { kind: 'answered', status: parsed };
    if (status !== 401 && status !== 429) return { kind: 'none' };
    return failed(`http://${listen}/ refused (HTTP ${status}): its token is another than http.token`);
  } catch (error) {
    signal.throwIfAborted();
    const { code, message } = error as NodeJS.ErrnoException;
    return nobody.has(code ?? '') ? { kind: 'none' } : failed(`http://${listen}/: ${message}`, error);
  }
}

const failed = (message: string, cause?: unknown): Asked => ({
  kind: 'failed',
  error: new BridgeError('BRIDGE_SILENT', message, { cause }),
});

function get(
  at: { readonly host: string; readonly port: number },
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<{ readonly status: number | undefined; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...at, path: '/api/status', headers, agent: false, signal }, (reply: IncomingMessage) => {
      let body = '';
      reply.setEncoding('utf8');
      reply.on('data', (piece: string) => {
        body += piece;
        if (body.length > MOST_BYTES) reply.destroy(new RangeError(`more than ${MOST_BYTES} characters`));
      });
      reply.once('error', reject);
      reply.once('end', () => resolve({ status: reply.statusCode, body }));
    });
    asked.once('error', reject);
    asked.end();
  });
}
