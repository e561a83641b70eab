import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { within } from '../../kernel/async.ts';
import type { Clock } from '../../kernel/clock.ts';
import { plainLine } from '../../kernel/plain-text.ts';

export interface SupervisorAccess {
  /** `http://supervisor` */
  readonly url: string;
  /** Every app is given its own. */
  readonly token: string;
}

const LIMIT_MS = 10_000;
const MOST_CHARACTERS = 65_536;

/** An answer of Home Assistant's Supervisor: `{"result":"ok","data":{…}}` or `{"result":"error","message":"…"}`. */
export interface SupervisorAnswer {
  readonly status: number;
  readonly data: Readonly<Record<string, unknown>>;
  readonly message: string | undefined;
}

/** @param sent what is posted; else it is a question. @throws Error when no answer comes in time, or the signal's reason. */
export async function askSupervisor(
  access: SupervisorAccess,
  path: string,
  clock: Clock,
  signal: AbortSignal,
  sent?: object,
): Promise<SupervisorAnswer> {
  const late = (): Error => new Error(`no answer within ${LIMIT_MS / 1000} s`);
  const { status, body } = await within(clock, LIMIT_MS, signal, (limit) => send(access, path, sent, limit), late);
  const { data, message } = recordOf(parsed(body));
  return { status, data: recordOf(data), message: typeof message === 'string' ? message : undefined };
}

/** In its own words, in one line, without what it quotes: of wrong options all of them, passwords too. */
export const saidBy = ({ status, message }: SupervisorAnswer): string =>
  message === undefined ? `HTTP ${status}` : plainLine(message.replaceAll(/\. Got .*$/gm, ''));

/** By `node:http`: `fetch` costs 16 MB of memory for good. */
function send(
  { url, token }: SupervisorAccess,
  path: string,
  sent: object | undefined,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const authorization = `Bearer ${token}`;
    const headers = sent ? { authorization, 'content-type': 'application/json' } : { authorization };
    const options = { method: sent ? 'POST' : 'GET', headers, agent: false, signal };
    const asked = request(new URL(path, url), options, (reply: IncomingMessage) => {
      let body = '';
      reply.setEncoding('utf8');
      reply.on('data', (piece: string) => {
        body += piece;
        if (body.length > MOST_CHARACTERS) reply.destroy(new Error(`more than ${MOST_CHARACTERS} characters`));
      });
      reply.once('error', reject);
      reply.once('end', () => resolve({ status: reply.statusCode ?? 0, body }));
    });
    asked.once('error', reject);
    asked.end(sent && JSON.stringify(sent));
  });
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined; // its status says what it is
  }
}

const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
