import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { systemCode, whatOf } from '../../kernel/errors.ts';
import { formatHostPort, reachable } from '../../kernel/host-port.ts';
import type { HostPort } from '../../kernel/host-port.ts';
import { inBoth } from '../../kernel/language.ts';
import type { HttpSettings } from '../../model/settings.ts';
import { CHALLENGE, isProof, PROOF } from '../../web/token-proof.ts';
import { failed, MOST_BYTES, parseStatus, tooMuch } from './bridge-status.ts';
import type { Asked } from './bridge-status.ts';

/** Nobody listens there, or it is no address of this machine now. */
const NOBODY: ReadonlySet<string | undefined> = new Set([
  'ECONNREFUSED',
  'EADDRNOTAVAIL',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ENOTFOUND',
]);

/**
 * Asks the status page's data. Whatever else listens at that address is no bridge, and is told nothing: the token goes only
 * to who has shown that it knows it.
 */
export async function askHttp(
  { listen, token }: Pick<HttpSettings, 'listen' | 'token'>,
  signal: AbortSignal,
): Promise<Asked> {
  if (listen.port === 0) return { kind: 'none' }; // the system chose one, and only the bridge knows it
  const at = reachable(listen);
  const url = `http://${formatHostPort(listen)}/`;
  try {
    if (token === undefined) return answerOf(await get(at, {}, signal), url);
    const nonce = randomBytes(16).toString('hex');
    const first = await get(at, { [CHALLENGE]: nonce }, signal);
    if (first.status === 200) return answerOf(first, url); // it asks for none: configured before ours was changed
    if (!isRefusal(first.status)) return { kind: 'none' };
    if (!isProof(first.headers[PROOF], token, first.end, nonce)) return stranger(url);
    return answerOf(await get(at, { authorization: `Bearer ${token}` }, signal), url);
  } catch (error) {
    signal.throwIfAborted();
    if (NOBODY.has(systemCode(error))) return { kind: 'none' };
    const why = whatOf(error as Error);
    return failed(
      inBoth((language) => `${url}: ${why[language]}`),
      { cause: error },
    );
  }
}

const isRefusal = (status: number | undefined): boolean => status === 401 || status === 429;

function answerOf({ status, body }: Got, url: string): Asked {
  const parsed = status === 200 ? parseStatus(body) : undefined;
  if (parsed) return { kind: 'answered', status: parsed };
  if (!isRefusal(status)) return { kind: 'none' };
  return failed({
    en: `${url} refused (HTTP ${status}): it asks for http.token`,
    ja: `${url} に拒否されました（HTTP ${status}）。http.token が必要です`,
  });
}

const stranger = (url: string): Asked =>
  failed(
    {
      en: `${url} does not prove to be our bridge: its token is another than http.token, or another program listens there`,
      ja: `${url} が自分のブリッジかどうか確認できません。トークンが http.token と異なるか、別のプログラムが待ち受けています`,
    },
    {
      hint: {
        en: 'Nothing was told to it. Give this command the configuration of the running bridge, and restart the bridge after a change or an update.',
        ja: '相手には何も送っていません。動作中のブリッジと同じ設定ファイルを指定してください。設定変更や更新の後はブリッジを再起動してください。',
      },
    },
  );

interface Got {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  /** Who answered. */
  readonly end: Pick<Socket, 'remoteAddress' | 'remotePort'>;
  readonly body: string;
}

function get(at: HostPort, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Got> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { ...at, path: '/api/status?both=1', headers, agent: false, signal },
      (reply: IncomingMessage) => {
        const { remoteAddress, remotePort } = reply.socket; // gone with the connection
        const end = { remoteAddress, remotePort };
        let body = '';
        reply.setEncoding('utf8');
        reply.on('data', (piece: string) => {
          body += piece;
          if (body.length > MOST_BYTES) reply.destroy(tooMuch('characters'));
        });
        reply.once('error', reject);
        reply.once('end', () => resolve({ status: reply.statusCode, headers: reply.headers, end, body }));
      },
    );
    asked.once('error', reject);
    asked.end();
  });
}
