import type { Clock } from '../../kernel/clock.ts';
import type { Text } from '../../kernel/language.ts';
import { momentOf, TRIAL_STEPS } from '../../app/setup/meter-trial.ts';
import type { TrialOutcome, TrialProgress } from '../../app/setup/meter-trial.ts';
import type { SetUp } from '../../app/setup/set-up.ts';
import { stickWords } from '../../app/setup/stick-search.ts';
import type { FoundStick } from '../../app/setup/stick-search.ts';
import { momentText, successText } from '../../app/setup/trial-texts.ts';
import { typedAmpere, typedPort, typedPassword, typedPrice, typedRouteBId } from '../../app/setup/typed-values.ts';
import type { Choice, Terminal } from './terminal.ts';

/** One of set-up's questions: what it needs of the world. */
export interface StepDeps {
  readonly setUp: SetUp;
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const TO_SKIP: Text = { en: 'Enter: skip', ja: 'Enter：省略' };

export async function languageStep({ setUp, terminal }: StepDeps): Promise<void> {
  if (setUp.given.language) return;
  const first = terminal.language;
  const languages = first === 'ja' ? (['ja', 'en'] as const) : (['en', 'ja'] as const);
  const names = { ja: '日本語', en: 'English' };
  const choices = languages.map((value) => ({ text: { en: names[value], ja: names[value] }, value }));
  terminal.language = await terminal.choose({ en: 'Language / 言語', ja: '言語 / Language' }, choices);
  setUp.answer({ language: terminal.language });
}

type ChosenStick = FoundStick | 'again' | 'typed';

/** A single known stick is taken and named; everything else is chosen, a Zigbee stick above all. */
export async function stickStep({ setUp, terminal }: StepDeps): Promise<void> {
  if (setUp.given.device !== undefined) {
    const { device } = setUp.given;
    return terminal.say({ en: `\n✓ Stick: ${device}`, ja: `\n✓ スティック：${device}` });
  }
  for (;;) {
    const sticks = await setUp.sticks();
    for (const { denied } of sticks) if (denied) sayDenied(terminal, denied);
    const open = sticks.filter(({ denied }) => !denied);
    const [known, ...more] = open.filter(({ kind }) => kind === 'known');
    if (known && more.length === 0) return takeStick(setUp, terminal, known);
    const chosen = await chooseStick(terminal, open);
    if (chosen === 'again') continue;
    if (chosen !== 'typed') return takeStick(setUp, terminal, chosen);
    setUp.answer({ device: await terminal.ask(WHICH_PORT, typedPort) });
    return;
  }
}

function takeStick(setUp: SetUp, terminal: Terminal, stick: FoundStick): void {
  const words = stickWords(stick);
  setUp.answer({ device: stick.path });
  terminal.say({ en: `\n✓ Stick: ${words.en} (${stick.path})`, ja: `\n✓ スティック：${words.ja}（${stick.path}）` });
}

function sayDenied(terminal: Terminal, { error, command }: NonNullable<FoundStick['denied']>): void {
  terminal.say({
    en: `\n✗ ${error.text('en')}\n  End this with Ctrl-C, then: ${command}`,
    ja: `\n✗ ${error.text('ja')}\n  Ctrl-Cで終了し、次を実行してください： ${command}`,
  });
}

async function chooseStick(terminal: Terminal, sticks: readonly FoundStick[]): Promise<ChosenStick> {
  const again: Choice<ChosenStick> = { text: { en: 'look again', ja: 'もう一度探す' }, value: 'again' };
  const type: Choice<ChosenStick> = { text: { en: 'another port', ja: '別のポートを指定' }, value: 'typed' };
  const found = sticks.map((stick): Choice<ChosenStick> => {
    const { en, ja } = stickWords(stick);
    return { text: { en: `${stick.path}  ${en}`, ja: `${stick.path}  ${ja}` }, value: stick };
  });
  if (found.length === 0) return await terminal.choose(NO_STICK, [again, type]);
  const isSure = sticks[0]?.kind === 'known';
  // whatever is not known is taken by its number alone
  return await terminal.choose(WHICH_STICK, isSure ? [...found, again, type] : [again, ...found, type]);
}

const NO_STICK: Text = {
  en: 'No stick found. Plug the Wi-SUN stick in.',
  ja: 'スティックが見つかりません。Wi-SUNスティックを挿してください。',
};
const WHICH_STICK: Text = { en: 'Which one is the Wi-SUN stick?', ja: 'Wi-SUNスティックはどれですか？' };
const WHICH_PORT: Text = {
  en: 'Port: /dev/…, or tcp://HOST:PORT of a serial server',
  ja: 'ポート（/dev/… またはシリアルサーバーの tcp://ホスト:ポート）',
};

/** ID and password, tried live until they are right, or until the user goes on without. */
export async function meterStep(deps: StepDeps): Promise<void> {
  const { setUp, terminal } = deps;
  if (!setUp.given.credentials) {
    await askId(deps);
    await askPassword(deps);
  }
  for (;;) {
    const outcome = await watched(deps);
    if (outcome.ok) return terminal.say(successText(outcome));
    const { error, advice, step } = outcome;
    const at = TRIAL_STEPS.indexOf(step) + 1;
    terminal.say({
      en: `✗ [${at}/4] ${error.text('en')}\n  ${advice.en}`,
      ja: `✗ [${at}/4] ${error.text('ja')}\n  ${advice.ja}`,
    });
    const next = await terminal.choose(WHAT_NOW, waysOn(outcome));
    if (next === 'go on') return;
    if (next === 'stick') await stickStep(deps);
    if (next === 'id') await askId(deps);
    if (next === 'id' || next === 'password') await askPassword(deps);
  }
}

const askId = async ({ setUp, terminal }: StepDeps): Promise<void> =>
  setUp.answer({ routeBId: await terminal.ask(ID, typedRouteBId, { isSecret: true }) });
const askPassword = async ({ setUp, terminal }: StepDeps): Promise<void> =>
  setUp.answer({ routeBPassword: await terminal.ask(PASSWORD, typedPassword, { isSecret: true }) });

async function watched({ setUp, terminal, clock, signal }: StepDeps): Promise<TrialOutcome> {
  let progress: TrialProgress | undefined;
  terminal.say({ en: '', ja: '' });
  return await terminal.showing(
    () => (progress ? momentText(momentOf(progress, clock.monotonicMs())) : { en: '…', ja: '…' }),
    clock,
    () => setUp.tryMeter((now) => (progress = now), signal),
  );
}

type WayOn = 'password' | 'id' | 'again' | 'stick' | 'go on';
const WAYS: Readonly<Record<WayOn, Text>> = {
  password: { en: 'type the password again', ja: 'パスワードを入力し直す' },
  id: { en: 'type ID and password again', ja: 'IDとパスワードを入力し直す' },
  again: { en: 'try again', ja: 'もう一度試す' },
  stick: { en: 'another stick', ja: '別のスティックにする' },
  'go on': { en: 'go on without: the service keeps trying', ja: 'このまま進む（サービスが試し続けます）' },
};

function waysOn({ step, suspect }: Extract<TrialOutcome, { readonly ok: false }>): readonly Choice<WayOn>[] {
  const order: readonly WayOn[] =
    step === 'module'
      ? ['again', 'stick', 'go on']
      : suspect === 'password'
        ? ['password', 'id', 'again', 'go on']
        : suspect === 'id'
          ? ['id', 'again', 'go on']
          : ['again', 'id', 'go on'];
  return order.map((value) => ({ text: WAYS[value], value }));
}

const ID: Text = {
  en: 'Route-B authentication ID (認証ID, 32 digits; blanks and hyphens may stay)',
  ja: 'Bルートの認証ID（32桁。空白やハイフンはそのままで可）',
};
const PASSWORD: Text = { en: 'Password (パスワード, 12 characters)', ja: 'Bルートのパスワード（12文字）' };
const WHAT_NOW: Text = { en: 'What now?', ja: 'どうしますか？' };

export async function contractStep({ setUp, terminal }: StepDeps): Promise<void> {
  const question = { en: 'Contracted current, A (40, 60 …)', ja: '契約アンペア（40、60など）' };
  setUp.answer({ contractAmpere: await terminal.ask(question, typedAmpere, { enter: TO_SKIP }) });
}

export async function priceStep({ setUp, terminal }: StepDeps): Promise<void> {
  const question = {
    en: 'Price of energy, yen per kWh (35.8 …)',
    ja: '電気の単価、円/kWh（35.8など。料金の目安に使用）',
  };
  setUp.answer({ buyYenPerKwh: await terminal.ask(question, typedPrice, { enter: TO_SKIP }) });
}
