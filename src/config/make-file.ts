import type { Text } from '../kernel/language.ts';

/** What `--config` need not name. */
const USUAL_FILE = 'config.yaml';

/** How somebody comes to a configuration where there is none. @param isEmpty it is there, and set-up writes over nothing. */
export function howToMake(path: string, isEmpty: boolean): Text {
  const file = /^[\w./@+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`; // as a shell takes it
  const setUp = `broute2mqtt setup${path === USUAL_FILE ? '' : ` --config ${file}`}`;
  const byHand = `broute2mqtt config example > ${file}`;
  return {
    en: `${isEmpty ? 'Delete it and let it be made' : 'Let it be made'}: ${setUp}. Or write one and edit it: ${byHand}`,
    ja: `${isEmpty ? '削除してから ' : ''}${setUp} で作成するか、次のコマンドで作って編集してください：${byHand}`,
  };
}
