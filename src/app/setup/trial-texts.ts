import { inBoth } from '../../kernel/language.ts';
import type { Text } from '../../kernel/language.ts';
import { FIRST_CHANNEL, LAST_CHANNEL } from '../../model/scan-plan.ts';
import { TRIAL_STEPS } from './meter-trial.ts';
import type { TrialMoment, TrialOutcome, TrialStep } from './meter-trial.ts';

const STEP_WORDS: Readonly<Record<TrialStep, Text>> = {
  module: { en: 'asking the stick', ja: 'スティックを確認中' },
  scan: { en: 'looking for the meter', ja: 'メーターを探しています' },
  join: { en: 'joining with ID and password', ja: 'IDとパスワードで接続中' },
  reading: { en: 'reading the first value', ja: '最初の値を取得中' },
};

/** `[2/4] looking for the meter: channel 41 (33–60), scan 1 of 4, about 6 s` */
export function momentText({ step, at, leftS, channel, scan, refusals }: TrialMoment): Text {
  const range = `${FIRST_CHANNEL}–${LAST_CHANNEL}`;
  const where: Text =
    scan && channel !== undefined
      ? {
          en: `: channel ${channel} (${range}), scan ${scan.at} of ${scan.of}`,
          ja: `：チャネル${channel}（${range}）、${scan.at}/${scan.of}回目`,
        }
      : { en: '', ja: '' };
  const again: Text =
    refusals > 0 ? { en: ' (refused once, again)', ja: '（拒否されたため再試行）' } : { en: '', ja: '' };
  const time: Text =
    leftS > 0
      ? { en: `, about ${leftS} s`, ja: `、あと約${leftS}秒` }
      : { en: ', a little longer', ja: '、もう少しお待ちください' };
  return inBoth(
    (language) =>
      `[${at}/${TRIAL_STEPS.length}] ${STEP_WORDS[step][language]}${where[language]}${again[language]}${time[language]}`,
  );
}

/** What a trial that went well is told with. */
export function successText({ reading, pan, port }: Extract<TrialOutcome, { readonly ok: true }>): Text {
  const { powerW } = reading;
  const value: Text =
    powerW === undefined
      ? { en: 'the meter answers', ja: 'メーターが応答しました' }
      : { en: `first reading ${powerW} W`, ja: `最初の計測値 ${powerW} W` };
  return {
    en: `✓ ${value.en}  (${port}, channel ${pan.channel})`,
    ja: `✓ ${value.ja}（${port}、チャネル${pan.channel}）`,
  };
}
