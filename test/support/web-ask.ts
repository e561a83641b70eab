import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { WebRig } from './web-rig.ts';

export interface WebAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface WebQuestion {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Another address of this machine. */
  readonly from?: string;
}

/** Unlike `fetch`, says any header and follows nothing. */
export function askWeb(rig: Pick<WebRig, 'address'>, path: string, question: WebQuestion = {}): Promise<WebAnswer> {
  const { method = 'GET', headers = {}, body, from } = question;
  const { port } = new URL(rig.address);
  const local = from === undefined ? {} : { localAddress: from };
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, method, headers, agent: false as const, ...local };
    const sent = request(options, (reply) => {
      let text = '';
      reply.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: text }));
    });
    sent.once('error', reject).end(body);
  });
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
export const postForm = (
  rig: Pick<WebRig, 'address'>,
  path: string,
  fields: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<WebAnswer> =>
  askWeb(rig, path, {
    method: 'POST',
    headers: { ...FORM, ...headers },
    body: new URLSearchParams(fields).toString(),
  });

/** What a browser would send back. */
export const cookieOf = ({ headers }: WebAnswer): string =>
  (headers['set-cookie'] ?? []).map((text) => text.split(';')[0]).join('; ');
