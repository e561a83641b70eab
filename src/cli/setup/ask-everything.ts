import { systemClock } from '../../kernel/clock.ts';
import type { Language, Text } from '../../kernel/language.ts';
import { say, staysOnMistake } from '../../app/context.ts';
import type { CliContext } from '../../app/context.ts';
import { houseAddress } from '../../app/house-address.ts';
import { writeProblems } from '../../app/load-settings.ts';
import type { Loaded } from '../../app/load-settings.ts';
import { fileDestination } from '../../app/setup/file-destination.ts';
import { systemRadio } from '../../app/radio-trial.ts';
import { pageLink } from '../../app/setup/page-answer.ts';
import { qrText } from '../../app/setup/qr-text.ts';
import { SetUp } from '../../app/setup/set-up.ts';
import { brokerStep, confirmStep, pageStep } from './last-steps.ts';
import { Keys } from './keys.ts';
import type { TerminalInput } from './keys.ts';
import { contractStep, languageStep, meterStep, priceStep, stickStep } from './steps.ts';
import type { StepDeps } from './steps.ts';
import { Terminal } from './terminal.ts';

/** From the first question to the written file. @returns undefined where the user wrote nothing. */
export async function askEverything(
  file: string,
  stdin: TerminalInput,
  context: CliContext,
): Promise<{ readonly loaded: Loaded; readonly language: Language } | undefined> {
  const { signal, stderr } = context;
  const clock = systemClock;
  const setUp = new SetUp(
    { ...(await systemRadio(context)), destination: fileDestination(file, context) },
    context.language,
  );
  using keys = new Keys(stdin, () => process.kill(process.pid, 'SIGINT')); // raw mode makes a key of what was a signal
  const terminal = new Terminal(keys, stderr, context.language, signal);
  const deps = { setUp, terminal, clock, signal };
  const isWanted = await askSteps(deps).catch((error: unknown) => {
    if (signal.aborted) terminal.say(UNWRITTEN);
    throw error;
  });
  if (!isWanted) return undefined;
  const { language } = terminal;
  const loaded = await setUp.write(signal);
  if (!loaded.ok) {
    await writeProblems(loaded.problems, { ...context, language });
    return undefined;
  }
  say(stderr, { ...context, language }, { en: `✓ written: ${file}`, ja: `✓ 書き込みました：${file}` });
  await showLink(setUp, terminal, context);
  return { loaded, language };
}

/** @returns whether the file is to be written. */
async function askSteps(deps: StepDeps): Promise<boolean> {
  await languageStep(deps);
  await stickStep(deps);
  await meterStep(deps);
  await brokerStep(deps);
  await contractStep(deps);
  await priceStep(deps);
  await pageStep(deps);
  return await confirmStep(deps);
}

const UNWRITTEN: Text = {
  en: '\nEnded. Nothing was written.',
  ja: '\n終了しました。何も書き込んでいません。',
};

/** Where the page is: as a link, and to be read by a phone's camera. */
async function showLink(setUp: SetUp, terminal: Terminal, context: CliContext): Promise<void> {
  const { page } = setUp.answers;
  if (!page) return;
  const link = pageLink(page, staysOnMistake(context) ? undefined : houseAddress()); // of a container: nobody's
  terminal.say({ en: `\nStatus page: ${link}`, ja: `\n状態ページ：${link}` });
  if (page.token !== undefined && setUp.given.listen === undefined) context.stderr.write(await qrText(link));
}
