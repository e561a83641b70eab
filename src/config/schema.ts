import * as z from 'zod';
import { languages } from '../kernel/language.ts';
import type { LogLevel } from '../kernel/log.ts';
import { isDevice, filePath, key, formed, text } from './key-info.ts';
import { homeAssistantSchema, httpSchema, mackerelSchema, mqttSchema } from './outputs.ts';

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const satisfies readonly LogLevel[];

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
  on_stuck_command: key(
    z.array(z.string().min(1)).min(1).exactOptional(),
    'Program and arguments (no shell) to run when nothing has helped for ten minutes',
    '10分間何をしても復旧しないときに実行するプログラムと引数（シェルは使いません）',
  ),
});

const logSchema = z.strictObject({
  level: key(z.enum(logLevels).default('info'), 'Least level that is logged', 'ログの詳しさ'),
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
  language: key(z.enum(languages).default('ja'), 'Language of names, page and messages', '名前・ページ・文言の言語'),
  log: key(logSchema.prefault({}), 'The log', 'ログ'),
  state_dir: key(
    filePath().exactOptional(),
    'Folder for what survives a restart: PAN, counters, outbox',
    '再起動後も使うデータ（PAN、積算値、未送信分）の置き場所',
  ),
});

type Parsed = z.output<typeof configSchema>;
/** A meter as configured; the name is always there. */
type MeterConfig = Parsed['meters'][number] & { readonly name: string };
/** The configuration as the program uses it: keys as in the file, defaults filled in, paths absolute. */
export type Config = Omit<Parsed, 'meters'> & { readonly meters: readonly MeterConfig[] };
export type ParsedConfig = Parsed;
