import { posix } from 'node:path';
import type { Text } from '../kernel/language.ts';
import { isTlsUrl } from './key-info.ts';
import { priceProblems } from './price-problems.ts';
import type { Finding } from './problems.ts';
import { isTree, metersIn, valueAt } from './keys.ts';
import type { Path, Tree } from './keys.ts';

/**
 * What concerns more than one key. Works on what was written, not on what the schema made of it: so these are found
 * together with the problems of single keys.
 */
export function relations(root: Tree): Finding[] {
  return [
    ...outputs(root),
    ...twins(root),
    ...tls(root),
    ...topics(root),
    ...login(root),
    ...mackerel(root),
    ...statistics(root),
    ...sample(root),
    ...priceProblems(root),
  ];
}

function outputs(root: Tree): Finding[] {
  if ('mqtt' in root || 'http' in root || 'mackerel' in root) return [];
  const text: Text = {
    en: 'give at least one of `mqtt`, `http` and `mackerel`',
    ja: '`mqtt`、`http`、`mackerel` の少なくとも1つを書いてください',
  };
  return [{ path: ['mqtt'], text, missing: true }];
}

/** Of `config.example.yaml`: of the right form, so that only this tells that nobody put their own there. */
export const SAMPLE_ID = 'FFEEDDCCBBAA99887766554433221100';

function sample(root: Tree): Finding[] {
  return metersIn(root).flatMap((meter, i) => {
    const id = isTree(meter) ? meter['route_b_id'] : undefined;
    if (typeof id !== 'string' || id.toUpperCase() !== SAMPLE_ID) return [];
    const text: Text = {
      en: 'this is the ID of the example: write your own ID and password, from your utility’s letter',
      ja: '見本のIDのままです。電力会社から届いた認証IDとパスワードに書き換えてください',
    };
    return [{ path: ['meters', i, 'route_b_id'], text }];
  });
}

/** Two meters with the same id, or on the same stick. */
function twins(root: Tree): Finding[] {
  const seen = new Map<string, number>();
  return metersIn(root).flatMap((meter, i) => {
    const found: Finding[] = [];
    for (const key of ['id', 'device'] as const) {
      const value = isTree(meter) ? meter[key] : undefined;
      if (typeof value !== 'string' || value === '') continue;
      const name = `${key} ${key === 'device' && value.startsWith('/') ? posix.normalize(value) : value}`;
      const other = seen.get(name);
      if (other === undefined) seen.set(name, i);
      else found.push({ path: ['meters', i, key], text: twinTexts[key](other) });
    }
    return found;
  });
}

const twinTexts: Readonly<Record<'id' | 'device', (other: number) => Text>> = {
  id: (other) => ({ en: `meters[${other}] has the same id`, ja: `meters[${other}] と同じidです` }),
  device: (other) => ({
    en: `meters[${other}] uses the same device: each meter needs its own stick`,
    ja: `meters[${other}] と同じデバイスです。メーター1台ごとにスティックが必要です`,
  }),
};

const PARTNERS = { ca_file: undefined, cert_file: 'key_file', key_file: 'cert_file' } as const;
export const CERTIFICATE_KEYS = ['ca_file', 'cert_file', 'key_file'] as const;

function tls(root: Tree): Finding[] {
  const at = (key: string): Path => ['mqtt', 'tls', key];
  const given = CERTIFICATE_KEYS.filter((key) => typeof valueAt(root, at(key)) === 'string');
  const alone = given.flatMap((key) => {
    const other = PARTNERS[key];
    if (other === undefined || given.includes(other)) return [];
    return [{ path: at(key), text: { en: `needs mqtt.tls.${other} too`, ja: `mqtt.tls.${other} も必要です` } }];
  });
  const url = valueAt(root, ['mqtt', 'url']);
  if (typeof url !== 'string' || isTlsUrl(url)) return alone;
  const text: Text = {
    en: 'needs a mqtt.url with mqtts:// or wss://',
    ja: 'mqtt.url が mqtts:// か wss:// のときだけ使えます',
  };
  return [...alone, ...given.map((key) => ({ path: at(key), text }))];
}

function topics(root: Tree): Finding[] {
  const base = valueAt(root, ['mqtt', 'base_topic']);
  const prefix = valueAt(root, ['home_assistant', 'prefix']) ?? 'homeassistant';
  if (typeof base !== 'string' || typeof prefix !== 'string' || !`${base}/`.startsWith(`${prefix}/`)) return [];
  return [
    {
      path: ['mqtt', 'base_topic'],
      text: { en: 'must not be inside home_assistant.prefix', ja: 'home_assistant.prefix の下には置けません' },
    },
  ];
}

function login(root: Tree): Finding[] {
  const mqtt = root['mqtt'];
  if (!isTree(mqtt) || !('password' in mqtt) || 'username' in mqtt) return [];
  return [{ path: ['mqtt', 'password'], text: { en: 'needs mqtt.username too', ja: 'mqtt.username も必要です' } }];
}

function mackerel(root: Tree): Finding[] {
  const block = root['mackerel'];
  if (!isTree(block) || 'service' in block || 'host_id' in block) return [];
  const text: Text = { en: 'is required, or host_id', ja: '必須です（host_id でも可）' };
  return [{ path: ['mackerel', 'service'], text, missing: true }];
}

/** Each needs the others, and a place for what was replaced: without it nothing could be undone. */
function statistics(root: Tree): Finding[] {
  const block = root['home_assistant'];
  if (!isTree(block)) return [];
  const at = (key: string): Path => ['home_assistant', key];
  const imports = block['import_statistics'] === 'on' || block['import_statistics'] === 'dry_run';
  const found: Finding[] = [];
  if (!('url' in block) && (imports || 'token' in block)) found.push({ path: at('url'), text: NEEDS_URL });
  if (!('token' in block) && (imports || 'url' in block)) found.push({ path: at('token'), text: NEEDS_TOKEN });
  if (imports && !('state_dir' in root)) found.push({ path: at('import_statistics'), text: NEEDS_STATE });
  return found;
}

const NEEDS_URL: Text = {
  en: 'is required: the address of Home Assistant’s page, such as http://homeassistant.local:8123',
  ja: '必須です（Home Assistantのアドレス、例：http://homeassistant.local:8123）',
};
const NEEDS_TOKEN: Text = {
  en: 'is required, or token_file: a long-lived access token of an administrator (Home Assistant: your profile, Security)',
  ja: '必須です（token_file でも可）。Home Assistantのプロファイル「セキュリティ」で、管理者の長期間有効なアクセストークンを作成してください',
};
const NEEDS_STATE: Text = {
  en: 'needs state_dir: what is replaced is kept there, so that it can be undone',
  ja: 'state_dir も必要です（元に戻すための記録をそこに保存します）',
};
