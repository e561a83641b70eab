import * as z from 'zod';
import { LANGUAGES } from '../kernel/language.ts';
import type { LogLevel } from '../kernel/log.ts';
import { homeAssistantSchema } from './home-assistant-schema.ts';
import { isDevice, filePath, key, formed, judged, text, wrongBrokerUrl, isApiUrl, topic } from './key-info.ts';
import { pricesSchema } from './prices-schema.ts';
import { parseHostPort } from '../kernel/host-port.ts';
import type { Text } from '../kernel/language.ts';

const meterSchema = z.strictObject({
  id: key(
    formed(
      /^[a-z0-9_-]{1,64}$/,
      'must consist of a-z, 0-9, _ and - (at most 64)',
      'a-z、0-9、_、- だけで指定してください（64文字以内）',
    ),
    'Topic level and identity of the meter; never change it',
    'メーターの識別子（トピックの一部）。後から変えないでください',
    { pattern: '^[a-z0-9_-]{1,64}$' },
  ),
  name: key(z.string().min(1).max(100).exactOptional(), 'Device name in Home Assistant', 'Home Assistantでの機器名'),
  device: key(
    text(
      isDevice,
      'must be an absolute path such as /dev/ttyUSB0, `auto`, or tcp://host:port',
      '/dev/ttyUSB0 のような絶対パス、`auto`、tcp://ホスト:ポート のいずれかを指定してください',
    ),
    'Serial port of the Wi-SUN stick: a path, `auto`, or tcp://host:port',
    'Wi-SUNスティックのシリアルポート：パス、`auto`、tcp://ホスト:ポート',
  ),
  route_b_id: key(
    formed(
      /^[0-9A-Fa-f]{32}$/,
      'must be 32 hexadecimal digits (0-9, A-F), without spaces',
      '16進数32桁（0-9、A-F）を空白なしで指定してください',
    ).toUpperCase(),
    'Route-B authentication ID, 32 hexadecimal digits, in quotes',
    'Bルート認証ID（16進数32桁、引用符で囲む）',
    { fromFile: true, pattern: '^[0-9A-Fa-f]{32}$' },
  ),
  route_b_password: key(
    formed(
      /^[0-9A-Za-z]{12}$/,
      'must be 12 characters, 0-9 and A-Z',
      '0-9とA-Zの12文字で指定してください',
    ).toUpperCase(),
    'Route-B password, 12 characters, in quotes',
    'Bルートパスワード（12文字、引用符で囲む）',
    { fromFile: true, pattern: '^[0-9A-Za-z]{12}$' },
  ),
  interval_s: key(z.int().min(2).max(3600).default(10), 'Seconds between power readings', '電力・電流の取得間隔（秒）'),
  energy_interval_s: key(
    z.int().min(10).max(86_400).default(60),
    'Seconds between energy readings',
    '積算電力量の取得間隔（秒）',
  ),
  contract_ampere: key(
    z.number().min(1).max(10_000).exactOptional(),
    'Contracted current, A: adds headroom and over-contract',
    '契約アンペア（A）：余裕と超過のセンサーが加わります',
  ),
  reply_timeout_s: key(
    z.number().min(1).max(120).exactOptional(),
    'Fixed time to wait for an answer, s; measured and adapted when left out',
    '応答待ち時間（秒）を固定します。省略時は実測に合わせて自動調整します',
  ),
  minute_history: key(
    z.boolean().default(false),
    'Registers of every minute, missed ones too, on a topic of their own (second-generation meters)',
    '1分ごとの積算値（取得できなかった分も含む）を専用トピックで配信します（次世代スマートメーターのみ）',
  ),
  on_stuck_command: key(
    z.array(z.string().min(1)).min(1).exactOptional(),
    'Program and arguments (no shell) to run when nothing has helped for ten minutes',
    '10分間何をしても復旧しないときに実行するプログラムと引数（シェルは使いません）',
  ),
});

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

const mqttSchema = z.strictObject({
  url: key(judged(wrongBrokerUrl), 'The broker: mqtt, mqtts, ws or wss', 'ブローカーのURL（mqtt、mqtts、ws、wss）'),
  username: key(z.string().min(1).exactOptional(), 'User name at the broker', 'ブローカーのユーザー名', {
    fromFile: true,
  }),
  password: key(z.string().min(1).exactOptional(), 'Password at the broker', 'ブローカーのパスワード', {
    fromFile: true,
  }),
  base_topic: key(topic().default('broute2mqtt'), 'Topic all of ours are under', 'トピックの先頭'),
  tls: key(tlsSchema.prefault({}), 'Certificates for mqtts and wss', 'mqtts・wss の証明書'),
});

const httpSchema = z.strictObject({
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

const WHOLE_MINUTES: Text = { en: 'must be a multiple of 60', ja: '60の倍数にしてください' };

const mackerelSchema = z.strictObject({
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
      .refine((seconds) => seconds % 60 === 0, { params: { text: WHOLE_MINUTES } })
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

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const satisfies readonly LogLevel[];
const logSchema = z.strictObject({
  level: key(z.enum(LOG_LEVELS).default('info'), 'Least level that is logged', 'ログの詳しさ'),
  format: key(z.enum(['json', 'pretty']).default('json'), 'One JSON object a line, or for people', 'ログの形式'),
});

/** The whole file. What concerns more than one key stands in relations.ts. */
export const configSchema = z.strictObject({
  meters: key(z.array(meterSchema).min(1), 'The meters, one stick each', 'メーターの一覧（1台につきスティック1本）'),
  mqtt: key(mqttSchema.exactOptional(), 'The MQTT broker', 'MQTTブローカー'),
  home_assistant: key(homeAssistantSchema.prefault({}), 'Home Assistant', 'Home Assistant'),
  http: key(httpSchema.exactOptional(), 'Status page and metrics', '状態ページとメトリクス'),
  mackerel: key(
    mackerelSchema.exactOptional(),
    'Post to Mackerel, without an agent',
    'Mackerelへ直接投稿（エージェント不要）',
  ),
  prices: key(pricesSchema.exactOptional(), 'Prices of energy, for an estimate', '電気の単価（料金の目安）'),
  language: key(z.enum(LANGUAGES).default('ja'), 'Language of names, page and messages', '名前・ページ・文言の言語'),
  log: key(logSchema.prefault({}), 'The log', 'ログ'),
  state_dir: key(
    filePath().exactOptional(),
    'Folder for what survives a restart: PAN, counters, outbox',
    '再起動後も使うデータ（PAN、積算値、未送信分）の置き場所',
  ),
});

export type ParsedConfig = z.output<typeof configSchema>;
/** A meter as configured; the name is always there. */
type MeterConfig = ParsedConfig['meters'][number] & { readonly name: string };
/** The configuration as the program uses it: keys as in the file, defaults filled in, paths absolute. */
export type Config = Omit<ParsedConfig, 'meters'> & { readonly meters: readonly MeterConfig[] };
