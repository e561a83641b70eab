/** The two languages every text a user sees exists in. */
export type Language = 'ja' | 'en';
export const LANGUAGES = ['ja', 'en'] as const satisfies readonly Language[];

export const isLanguage = (text: string | undefined): text is Language => text === 'ja' || text === 'en';

/** One sentence in both languages. */
export type Text = Readonly<Record<Language, string>>;

/** A text of parts that are different in each language. */
export const inBoth = (of: (language: Language) => string): Text => ({ en: of('en'), ja: of('ja') });

/** The language the environment asks for (`LC_ALL`, `LC_MESSAGES`, `LANG`), for texts shown before a configuration is read. */
export function languageOfEnvironment(env: Readonly<Record<string, string | undefined>>): Language {
  const locale = env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || '';
  return locale.toLowerCase().startsWith('ja') ? 'ja' : 'en';
}
