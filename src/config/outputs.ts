import * as z from 'zod';
import { parseHostPort } from '../kernel/host-port.ts';
import type { Text } from '../kernel/language.ts';
import { checkBrokerUrl, isApiUrl, filePath, key, formed, text, topic } from './key-info.ts';

const tlsSchema = z.strictObject({
  ca_file: key(filePath().exactOptional(), 'Certificate authority, PEM', '認証局の証明書（PEM）'),
  cert_file: key(filePath().exactOptional(), 'Client certificate, PEM', 'クライアント証明書（PEM）'),
  key_file: key(filePath().exactOptional(), 'Key of the client certificate, PEM', 'クライアント証明書の秘密鍵（PEM）'),
  insecure: key(
    z.boolean().default(false),
    'Accept any broker certificate (tests only)',
    'ブローカーの証明書を検証しません（試験用）',
  ),
});

export const mqttSchema = z.strictObject({
  url: key(
    z.string().superRefine((value, context) => {
      const verdict = checkBrokerUrl(value);
      if (verdict !== 'ok') context.addIssue({ code: 'custom', params: { text: urlTexts[verdict] } });
    }),
    'The broker: mqtt, mqtts, ws or wss',
    'ブローカーのURL（mqtt、mqtts、ws、wss）',
  ),
  username: key(z.string().min(1).exactOptional(), 'User name at the broker', 'ブローカーのユーザー名', {
    fromFile: true,
  }),
  password: key(z.string().min(1).exactOptional(), 'Password at the broker', 'ブローカーのパスワード', {
    fromFile: true,
  }),
  base_topic: key(topic().default('broute2mqtt'), 'Topic all of ours are under', 'トピックの先頭'),
  tls: key(tlsSchema.prefault({}), 'Certificates for mqtts and wss', 'mqtts・wss の証明書'),
});

const urlTexts = {
  invalid: {
    en: 'must be a URL such as mqtt://localhost:1883',
    ja: 'mqtt://localhost:1883 のようなURLを指定してください',
  },
  protocol: {
    en: 'must begin with mqtt://, mqtts://, ws:// or wss://',
    ja: 'mqtt://、mqtts://、ws://、wss:// のいずれかで始めてください',
  },
  credentials: {
    en: 'must not hold a user name or password: use mqtt.username and mqtt.password',
    ja: 'URLにユーザー名やパスワードを書かず、mqtt.username と mqtt.password を使ってください',
  },
} as const satisfies Record<string, Text>;

export const homeAssistantSchema = z.strictObject({
  discovery: key(z.boolean().default(true), 'Announce the sensors to Home Assistant', 'センサーを自動登録します'),
  prefix: key(topic().default('homeassistant'), 'Discovery prefix', '自動登録のプレフィックス'),
  status_topic: key(
    topic().default('homeassistant/status'),
    'Birth topic of Home Assistant',
    'Home Assistantの起動を知らせるトピック',
  ),
});

export const httpSchema = z.strictObject({
  listen: key(
    text(
      (value) => parseHostPort(value) !== undefined,
      'must be HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080',
      '127.0.0.1:8080 や [::1]:8080 のように ホスト:ポート で指定してください',
    ).default('127.0.0.1:8080'),
    'HOST:PORT of page, API, /metrics and /healthz',
    'ページ・API・/metrics・/healthz の ホスト:ポート',
  ),
  token: key(
    formed(
      /^[\x21-\x7e]{16,}$/,
      'must be at least 16 characters, ASCII without spaces; make one up: openssl rand -hex 16',
      '空白を含まない16文字以上のASCII文字で指定してください（作成例：openssl rand -hex 16）',
    ).exactOptional(),
    'Who asks for page and API must send this token (at least 16 characters)',
    'ページとAPIの閲覧に必要なトークン（16文字以上）',
    { fromFile: true, guards: true, pattern: '^[!-~]{16,}$' },
  ),
  hosts: key(
    z
      .array(
        formed(
          /^(?!.*:)[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/,
          'must be a host name such as meter.example.com, without http:// and port',
          'meter.example.com のようなホスト名を指定してください（http:// とポートは不要）',
        ),
      )
      .default([]),
    'Further host names this page is opened by; only needed without a token',
    'ページを開くときに使うほかのホスト名（トークンを設定しない場合のみ必要）',
  ),
});

const wholeMinutes: Text = { en: 'must be a multiple of 60', ja: '60の倍数にしてください' };

export const mackerelSchema = z.strictObject({
  api_key: key(
    formed(/^[\x21-\x7e]+$/, 'must be ASCII without spaces', '空白を含まないASCII文字で指定してください'),
    'API key of the Mackerel organization, with the permission to write',
    'Mackerelオーガニゼーションの、書き込み権限のあるAPIキー',
    { fromFile: true },
  ),
  service: key(
    formed(
      /^[A-Za-z0-9][A-Za-z0-9_-]{1,62}$/,
      'must be the name of a service: A-Z, a-z, 0-9, _ and - (2 to 63)',
      'サービス名を指定してください（英数字、_、-、2～63文字）',
    ).exactOptional(),
    'Service whose metrics the values become',
    '投稿先のサービス名（サービスメトリック）',
  ),
  host_id: key(
    formed(
      /^[A-Za-z0-9]{1,32}$/,
      'must be the id of a host: letters and digits',
      'ホストIDを英数字で指定してください',
    ).exactOptional(),
    'Host whose custom metrics the values become',
    '投稿先のホストID（カスタムメトリック）',
  ),
  metric_key_prefix: key(
    formed(
      /^(?=.{1,100}$)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/,
      'must consist of A-Z, a-z, 0-9, _ and -, with dots between (at most 100)',
      '英数字、_、- と区切りのドットで指定してください（100文字以内）',
    ).default('smartmeter'),
    'First part of every metric name',
    'メトリック名の先頭',
  ),
  interval_s: key(
    z
      .int()
      .min(60)
      .max(3600)
      .refine((seconds) => seconds % 60 === 0, { params: { text: wholeMinutes } })
      .default(60),
    'Seconds between values of a metric, whole minutes',
    '同じメトリックの投稿間隔（秒、分単位）',
  ),
  api_url: key(
    text(
      isApiUrl,
      'must be an https:// address without path (http:// only for this machine)',
      'パスのない https:// のURLを指定してください（http:// はこの機器自身だけ）',
    ).default('https://api.mackerelio.com'),
    'Address of the API',
    'APIのアドレス',
  ),
});
