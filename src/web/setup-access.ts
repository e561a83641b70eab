import { randomInt } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../kernel/clock.ts';
import { createDoor, textOf } from './access.ts';
import type { Query } from './access.ts';
import { isForeign } from './request-origin.ts';

/** Without what is read wrongly: 0 O 1 I L. */
const LETTERS = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789';
const COOKIE = 'broute2mqtt_setup';

/** Made up at each start and printed in the log: `K7QP-2MXD-9RTV`. 59 bits: beyond guessing, however fast. */
export function oneTimeCode(): string {
  const group = (): string => Array.from({ length: 4 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
  return [group(), group(), group()].join('-');
}

/** The parts of a request that decide who may set up. */
export interface SetupRequest {
  readonly ip: string;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly query: Query;
}

export interface SetupRefusal {
  readonly status: 401 | 403 | 429;
  readonly text: string;
}

export interface SetupAccessOptions {
  readonly code: string;
  /** The one address that is answered, without a code. */
  readonly onlyFrom?: string | undefined;
  readonly clock: Clock;
}

export interface SetupAccess {
  /** Why not; undefined for who may. */
  readonly refuse: (request: SetupRequest) => SetupRefusal | undefined;
  /** What a browser keeps that came by the link with the code. */
  readonly cookie: (request: SetupRequest) => string | undefined;
}

/**
 * Who sets up reads and decides everything, so everybody needs the code, but for the one address that has seen to the login
 * (`onlyFrom`, the ingress of Home Assistant). An address says nothing: a proxy on this machine, or that of a container
 * engine, may hand on what comes from anywhere and not say so.
 */
export function createSetupAccess({ code, onlyFrom, clock }: SetupAccessOptions): SetupAccess {
  const door = createDoor(code, clock);
  const given = ({ headers, query }: SetupRequest): string | undefined => textOf(query, 'code') ?? cookieOf(headers);
  return {
    refuse(request) {
      const { ip, headers, method } = request;
      if (method !== 'GET' && method !== 'HEAD' && !isFromOurPage(headers)) return FOREIGN;
      if (onlyFrom !== undefined) return ip === onlyFrom ? undefined : NOT_YOU;
      const token = given(request)?.toUpperCase();
      const refused = door(ip, {}, token === undefined ? {} : { token });
      return refused && { status: refused.status, text: refused.status === 401 ? NEEDS_CODE : refused.text };
    },
    cookie(request) {
      if (textOf(request.query, 'code')?.toUpperCase() !== code) return undefined;
      return `${COOKIE}=${code}; HttpOnly; SameSite=Strict; Max-Age=86400`;
    },
  };
}

const NEEDS_CODE =
  'Open this page with the link that was printed in the terminal or log: it ends with a one-time code.';
const NOT_YOU: SetupRefusal = {
  status: 403,
  text: 'This page is opened in Home Assistant: nobody else is answered here.',
};
const FOREIGN: SetupRefusal = { status: 403, text: 'This request comes from another page.' };

/** A form of another page cannot send JSON, and its script is known by where it comes from. */
const isFromOurPage = (headers: IncomingHttpHeaders): boolean =>
  /^application\/json\b/i.test(headers['content-type'] ?? '') && !isForeign(headers);

const cookieOf = ({ cookie = '' }: IncomingHttpHeaders): string | undefined =>
  cookie
    .split(';')
    .map((pair) => pair.trim().split('='))
    .find(([name]) => name === COOKIE)?.[1];
