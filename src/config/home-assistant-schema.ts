import * as z from 'zod';
import { IMPORT_MODES } from '../model/settings.ts';
import { formed, judged, key, topic, wrongPageUrl } from './key-info.ts';

export const homeAssistantSchema = z.strictObject({
  discovery: key(z.boolean().default(true), 'Announce the sensors to Home Assistant', 'センサーを自動登録します'),
  prefix: key(topic().default('homeassistant'), 'Discovery prefix', '自動登録のプレフィックス'),
  status_topic: key(
    topic().default('homeassistant/status'),
    'Birth topic of Home Assistant',
    'Home Assistantの起動を知らせるトピック',
  ),
  url: key(
    judged(wrongPageUrl).exactOptional(),
    'Address of its page, for import_statistics and history import',
    'Home Assistantのアドレス（統計の補完用）',
  ),
  token: key(
    formed(
      /^[\x21-\x7e]+$/,
      'must be ASCII without spaces: paste the long-lived access token as it is',
      '空白を含まないASCII文字です。長期間有効なアクセストークンをそのまま貼り付けてください',
    ).exactOptional(),
    'Long-lived access token of an administrator',
    '管理者の長期間有効なアクセストークン',
    { fromFile: true },
  ),
  import_statistics: key(
    z.enum(IMPORT_MODES).default('off'),
    'Write the hours that Home Assistant missed into its statistics',
    'Home Assistantに欠けた時間の統計を補完します',
  ),
});
