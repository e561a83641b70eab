import { languageOfEnvironment, languages } from '../kernel/language.ts';
import type { Language, Text } from '../kernel/language.ts';
import type { Log, LogLevel } from '../kernel/log.ts';
import type { Redactor } from '../kernel/redactor.ts';

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
  /** Of help and errors; the language of the service is the configuration's. */
  readonly language: Language;
  /** Knows the secrets as soon as the configuration is read; what is told of an error passes it. */
  readonly redactor: Redactor;
  /** Aborts when the user or the system wants us to end. */
  readonly signal: AbortSignal;
}

/** `BROUTE2MQTT_LANGUAGE` (also the configuration's key), else the locale. */
export function cliLanguage(env: ProcessEnvironment): Language {
  const wanted = env['BROUTE2MQTT_LANGUAGE'];
  return languages.find((language) => language === wanted) ?? languageOfEnvironment(env);
}

/** One line in the user's language. */
export const say = (output: Output, context: CliContext, text: Text): void => {
  output.write(`${text[context.language]}\n`);
};

/** Of what a command does not say itself, on standard error. */
export async function stderrLog(
  { redactor, stderr }: Pick<CliContext, 'redactor' | 'stderr'>,
  level: LogLevel,
): Promise<Log> {
  const { createLog } = await import('../kernel/log.ts');
  return createLog({ level, redactor, destination: { write: (line) => void stderr.write(line) } });
}
