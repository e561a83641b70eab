import type { Language, Text } from '../kernel/language.ts';
import { frame } from './page.ts';

const TEXTS = {
  locked: { en: 'This page needs a token', ja: 'トークンが必要です' },
  whichToken: {
    en: 'Enter the value of http.token from the configuration of broute2mqtt. This browser keeps it for a year.',
    ja: 'broute2mqttの設定 http.token の値を入力してください。このブラウザでは1年間、再入力は不要です。',
  },
  token: { en: 'Token', ja: 'トークン' },
  open: { en: 'Open', ja: '開く' },
  wrong: { en: 'That is not the token.', ja: 'トークンが違います。' },
} as const satisfies Record<string, Text>;

const waitText = (seconds: number): Text => ({
  en: `Too many different tokens were tried. Try again in ${seconds} s.`,
  ja: `入力回数が多すぎます。${seconds}秒後にもう一度入力してください。`,
});

/** Why the form is there again. */
export type LoginProblem = 'wrong' | { readonly waitS: number };

const problemIn = (problem: LoginProblem, language: Language): string =>
  (problem === 'wrong' ? TEXTS.wrong : waitText(problem.waitS))[language];

export interface LoginPageOptions {
  readonly language: Language;
  /** Of the page, kept over the login: made of our own words alone. */
  readonly query: string;
  readonly problem?: LoginProblem | undefined;
}

/** Instead of the page, for who has not shown the token. */
export const loginPage = ({ language, query, problem }: LoginPageOptions): string =>
  frame(
    language,
    '<script type="module" src="login.js"></script>\n',
    `<header class="top"><h1>${TEXTS.locked[language]}</h1></header>
<main><form class="card token" method="post" action="login${query.replaceAll('&', '&amp;')}">
${problem === undefined ? '' : `<p class="error" role="alert">${problemIn(problem, language)}</p>\n`}<p>${TEXTS.whichToken[language]}</p>
<label>${TEXTS.token[language]} <input type="password" name="token" autocomplete="current-password" required autofocus></label>
<button>${TEXTS.open[language]}</button>
</form></main>`,
  );
