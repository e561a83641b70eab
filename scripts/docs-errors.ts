import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BridgeError, ERROR_CODES, recoveryOf } from '../src/kernel/errors.ts';
import type { ErrorCode } from '../src/kernel/errors.ts';
import { errorMeanings } from './error-meanings.ts';

const preface = `# Error codes / エラーコード

<!-- Made by \`npm run docs:errors\`. -->

Every message of this program ends with a code in square brackets. What to do stands here in both languages, as the program says it. Where the place of failure knows better, the program says that instead (for example the command that mends a port's permissions).

メッセージの末尾の角括弧がコードです。対処は、プログラムが表示するものと同じです。状況に応じて、より具体的な対処が表示されることもあります。

What the service does by itself / サービスの動作:

| recovery | en                                | ja                         |
| -------- | --------------------------------- | -------------------------- |
| retry    | the same again, nothing torn down | そのまま再試行             |
| rejoin   | a new session with the meter      | メーターに接続し直す       |
| reopen   | the port is opened anew           | ポートを開き直す           |
| stop     | ends: trying again cannot mend it | 終了（再試行では直らない） |`;

function section(code: ErrorCode): string {
  const { en, ja } = errorMeanings[code];
  const error = new BridgeError(code, '');
  const facts = [`recovery: ${recoveryOf(error)}`, `en: ${error.hint('en')}`, `ja: ${error.hint('ja')}`];
  return [`## ${code}`, en, ja, facts.map((fact) => `- ${fact}`).join('\n')].join('\n\n');
}

/** docs/errors.md: every code with its meaning, what the service does by itself, and what the program says to do. */
export const errorsDocument = (): string => `${[preface, ...ERROR_CODES.map(section)].join('\n\n')}\n`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('../docs/errors.md', import.meta.url), errorsDocument());
}
