import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';

/** What a client of this machine sends, and what it gets back, in lower case as Node has them. */
export const CHALLENGE = 'x-broute2mqtt-challenge';
export const PROOF = 'x-broute2mqtt-proof';

const isNonce = (text: unknown): text is string => typeof text === 'string' && /^[0-9a-f]{32,64}$/.test(text);
const plain = (address = ''): string => address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');

/**
 * Shows that who listens at this end of the connection knows the token, and tells nothing of the token itself. The end is
 * part of it: nobody who listens elsewhere can pass the question on and the answer back.
 */
const proofOf = (token: string, address: string | undefined, port: number | undefined, nonce: string): string =>
  createHmac('sha256', token)
    .update(`broute2mqtt ${plain(address)} ${port} ${nonce}`)
    .digest('hex');

/** @param socket the client's side. */
export function isProof(
  given: unknown,
  token: string,
  { remoteAddress, remotePort }: Pick<Socket, 'remoteAddress' | 'remotePort'>,
  nonce: string,
): boolean {
  const expected = Buffer.from(proofOf(token, remoteAddress, remotePort, nonce));
  const bytes = Buffer.from(typeof given === 'string' ? given : '');
  return bytes.length === expected.length && timingSafeEqual(bytes, expected);
}

type Ends = Pick<Socket, 'remoteAddress' | 'localAddress' | 'localPort'>;
/** One-shot commands ask from where the bridge runs. Nobody else is given anything to try tokens on. */
const isThisMachine = ({ remoteAddress, localAddress }: Ends): boolean =>
  remoteAddress !== undefined && (remoteAddress === localAddress || plain(remoteAddress).startsWith('127.'));

/** Answers a challenge: a command sends its token only to who can. */
export function createProof(token: string | undefined): (challenge: unknown, ends: Ends) => string | undefined {
  if (token === undefined) return () => undefined;
  return (challenge, ends) =>
    isNonce(challenge) && isThisMachine(ends)
      ? proofOf(token, ends.localAddress, ends.localPort, challenge)
      : undefined;
}
