import * as z from 'zod';
import type { Text } from '../kernel/language.ts';
import { parseHostPort } from '../kernel/host-port.ts';

/** What is said about a key in the JSON schema, and how it may be given. */
export interface KeyInfo {
  readonly text: Text;
  /** May come from a file (`<key>_file`). */
  readonly fromFile?: boolean;
  /** For editors; the check itself stands in the schema. */
  readonly pattern?: string;
  /** Keeps others out: an empty variable is a mistake, and must not mean that there is none. */
  readonly guards?: boolean;
}
export const keyInfo = z.registry<KeyInfo>();

export const key = <S extends z.ZodType>(schema: S, en: string, ja: string, more?: Omit<KeyInfo, 'text'>): S => {
  keyInfo.add(schema, { text: { en, ja }, ...more });
  return schema;
};

/** A string that passes `test`; what is wrong else is said in both languages, never with the value. */
export const text = (test: (value: string) => boolean, en: string, ja: string): z.ZodString =>
  z.string().refine(test, { params: { text: { en, ja } } });

/** A string of which `wrongOf` finds nothing wrong. */
export const judged = (wrongOf: (value: string) => Text | undefined): z.ZodString =>
  z.string().superRefine((value, context) => {
    const wrong = wrongOf(value);
    if (wrong) context.addIssue({ code: 'custom', params: { text: wrong } });
  });

/** A string of that form. */
export const formed = (form: RegExp, en: string, ja: string): z.ZodString => text((value) => form.test(value), en, ja);

export const topic = (): z.ZodString =>
  text(
    isPlainTopic,
    'must be an MQTT topic without wildcards (+ #) and without a slash at either end',
    'MQTTトピックを指定してください（ワイルドカード + # は不可、先頭と末尾の / も不可）',
  );
export const filePath = (): z.ZodString => z.string().min(1);

/** Addresses as they stand in the configuration. All of these return undefined instead of throwing. */

const parseUrl = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined);

/** An absolute path, `auto`, or `tcp://host:port` of a serial server. */
export function isDevice(text: string): boolean {
  if (text === 'auto') return true;
  if (text.startsWith('tcp://')) return (parseHostPort(text.slice('tcp://'.length))?.port ?? 0) > 0;
  return text.startsWith('/') && text.length > 1 && !text.endsWith('/') && !text.includes('\0');
}

const BROKER_PROTOCOLS = ['mqtt:', 'mqtts:', 'ws:', 'wss:'];

const NO_URL: Text = {
  en: 'must be a URL such as mqtt://localhost:1883',
  ja: 'mqtt://localhost:1883 のようなURLを指定してください',
};
const NO_BROKER_PROTOCOL: Text = {
  en: 'must begin with mqtt://, mqtts://, ws:// or wss://',
  ja: 'mqtt://、mqtts://、ws://、wss:// のいずれかで始めてください',
};
const HOLDS_LOGIN: Text = {
  en: 'must not hold a user name or password: use mqtt.username and mqtt.password',
  ja: 'URLにユーザー名やパスワードを書かず、mqtt.username と mqtt.password を使ってください',
};

/** What is wrong with the broker's address. */
export function wrongBrokerUrl(text: string): Text | undefined {
  const url = parseUrl(text);
  if (!url) return NO_URL;
  if (!BROKER_PROTOCOLS.includes(url.protocol)) return NO_BROKER_PROTOCOL;
  if (url.username || url.password || /^[a-z]+:\/\/[^/]*@/i.test(text)) return HOLDS_LOGIN;
  return url.hostname && /^[a-z]+:\/\//i.test(text) ? undefined : NO_URL;
}

const NO_PAGE_URL: Text = {
  en: 'must be a URL such as http://homeassistant.local:8123',
  ja: 'http://homeassistant.local:8123 のようなURLを指定してください',
};
const HOLDS_SECRET: Text = {
  en: 'must not hold a user name or password: use home_assistant.token',
  ja: 'URLにユーザー名やパスワードを書かず、home_assistant.token を使ってください',
};

/** What is wrong with the address of Home Assistant's page. A path is good: a proxy may add one. */
export function wrongPageUrl(text: string): Text | undefined {
  const url = parseUrl(text);
  if (!url || !/^https?:\/\/[^/]/i.test(text) || url.search || url.hash) return NO_PAGE_URL;
  return url.username || url.password || /^[a-z]+:\/\/[^/]*@/i.test(text) ? HOLDS_SECRET : undefined;
}

/** Whether the broker is reached over TLS. */
export const isTlsUrl = (text: string): boolean => ['mqtts:', 'wss:'].includes(parseUrl(text)?.protocol ?? '');

const OWN_MACHINE = ['localhost', '127.0.0.1', '[::1]'];

/** Where an API key may be sent to: over TLS, or not out of this machine. */
export function isApiUrl(text: string): boolean {
  const url = parseUrl(text);
  if (!url || url.username || url.password || !['', '/'].includes(url.pathname) || url.search || url.hash) return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && OWN_MACHINE.includes(url.hostname));
}

/** A topic one can publish under: no wildcards, no empty first or last level, none of the broker's own `$` topics. */
export const isPlainTopic = (text: string): boolean =>
  text.length > 0 && text.length <= 200 && !/^[/$]|\/$|[+#]|\p{Cc}/u.test(text);
