import { readFileSync } from 'node:fs';
import { languageOfEnvironment, LANGUAGES } from '../kernel/language.ts';
import type { Language, Text } from '../kernel/language.ts';
import type { Log, LogLevel } from '../kernel/log.ts';
import { plainText } from '../kernel/plain-text.ts';
import type { Redactor } from '../kernel/redactor.ts';
import { BridgeError } from '../kernel/errors.ts';

export type ProcessEnvironment = Readonly<Record<string, string | undefined>>;

export interface Output {
  write(text: string): unknown;
  /** A person looks at it. */
  readonly isTTY?: boolean;
  /** Its width in characters. */
  readonly columns?: number;
}

/** All a command knows of its surroundings, so that it can be tested without spawning a process. */
export interface CliContext {
  readonly env: ProcessEnvironment;
  readonly stdin: NodeJS.ReadableStream;
  /** Results. */
  readonly stdout: Output;
  /** Everything that is no result. */
  readonly stderr: Output;
  /** Of all that is told: of the environment, and of the configuration once that is read and names one. */
  language: Language;
  /** Knows the secrets as soon as the configuration is read; what is told of an error passes it. */
  readonly redactor: Redactor;
  /** Aborts when the user or the system wants us to end. */
  readonly signal: AbortSignal;
}

/** `BROUTE2MQTT_LANGUAGE` (also the configuration's key), else the locale. */
export function cliLanguage(env: ProcessEnvironment): Language {
  const wanted = env['BROUTE2MQTT_LANGUAGE'];
  return LANGUAGES.find((language) => language === wanted) ?? languageOfEnvironment(env);
}

/** In a container that is begun anew whenever it ends (Compose): a mistake is told once, and waits. */
export const staysOnMistake = ({ env }: Pick<CliContext, 'env'>): boolean =>
  (env['BROUTE2MQTT_STAY_ON_MISTAKE'] ?? '') !== '';

/** One line in the user's language. */
export const say = (output: Output, context: CliContext, text: Text): void => {
  output.write(plainText(`${text[context.language]}\n`));
};

/** Of what a command does not say itself, on standard error. */
export async function stderrLog(
  { redactor, stderr }: Pick<CliContext, 'redactor' | 'stderr'>,
  level: LogLevel,
): Promise<Log> {
  const { createLog } = await import('../kernel/log.ts');
  return createLog({ level, redactor, destination: { write: (line) => void stderr.write(line) } });
}

/** What the shell gets to see. */
export const EXIT_CODES = { done: 0, usage: 64, linkDown: 69, defect: 70, configuration: 78 } as const;
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

/** Ends a command whose user has already been told why. */
export class Stop extends Error {
  override readonly name = 'Stop';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode) {
    super(`exit ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** Says what went wrong and what to do about it. */
export function tellError(error: unknown, context: CliContext): ExitCode {
  if (error instanceof Stop) return error.exitCode;
  if (context.signal.aborted && error === context.signal.reason) return EXIT_CODES.done;
  if (error instanceof BridgeError) {
    context.stderr.write(context.redactor.redact(`${error.text(context.language)}\n${error.hint(context.language)}\n`));
    if (error.code === 'CONFIG_INVALID') return EXIT_CODES.configuration;
    return error.code === 'USAGE' ? EXIT_CODES.usage : EXIT_CODES.linkDown;
  }
  const detail = context.redactor.redact(error instanceof Error ? (error.stack ?? error.message) : String(error));
  say(context.stderr, context, {
    en: `This is a defect in broute2mqtt, not in your configuration. Please report it with the lines below (they may hold file names).\n${detail}`,
    ja: `broute2mqtt自体の不具合です（設定の誤りではありません）。以下の行を添えて報告してください（ファイル名が含まれることがあります）。\n${detail}`,
  });
  return EXIT_CODES.defect;
}

/** Of package.json, which lies two folders above this file, in the source as in the package. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
