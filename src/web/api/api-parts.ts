import type { FastifyReply, FastifyRequest } from 'fastify';
import { isLanguage } from '../../kernel/language.ts';
import type { Language, Text } from '../../kernel/language.ts';
import { textOf } from '../access.ts';
import type { Query } from '../access.ts';
import { redactedJson } from '../status-snapshot.ts';

/** Answers with a sentence. */
export type Sentence = (reply: FastifyReply, status: number, text: string) => FastifyReply;
/** Answers for the handler where the request may not read. */
export type Guard = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>;

/** What the routes of the API share. */
export interface ApiParts {
  readonly guard: Guard;
  /** Whether the request brings the cookie of a login. */
  readonly isLogin: (request: FastifyRequest) => boolean;
  readonly sentence: Sentence;
  readonly redact: (text: string) => string;
  /** Where the asker names no language. */
  readonly language: Language;
}

export const languageOf = ({ query }: FastifyRequest): Language | undefined => {
  const lang = textOf(query as Query, 'lang');
  return isLanguage(lang) ? lang : undefined;
};

export const sendJson = (reply: FastifyReply, { redact }: ApiParts, answer: object): FastifyReply =>
  reply.type('application/json; charset=utf-8').send(redactedJson(answer, redact));

/** 400, and what would be right. */
export const badQuery = (request: FastifyRequest, reply: FastifyReply, parts: ApiParts, text: Text): FastifyReply =>
  parts.sentence(reply, 400, text[languageOf(request) ?? parts.language]);

/** The meter a query names, or the first. @returns undefined where there is no such meter */
export function meterOf({ query }: FastifyRequest, meters: readonly string[]): string | undefined {
  const { meter } = query as Query;
  return meter === undefined ? meters[0] : meters.find((id) => id === meter);
}

export const noSuchMeter = (meters: readonly string[]): Text => ({
  en: `meter: one of ${meters.join(', ')}`,
  ja: `meter には ${meters.join('、')} のいずれかを指定してください`,
});
