import type { Text } from '../kernel/language.ts';
import type { LinkPhase, LinkStatus } from '../model/status.ts';
import type { MeterSnapshot } from '../web/status-snapshot.ts';
import type { CliContext } from './context.ts';

/** What the supervisor is doing, in words for people. */
export const PHASE_WORDS: Readonly<Record<LinkPhase, Text>> = {
  opening: { en: 'opening the stick', ja: 'スティックに接続中' },
  scanning: { en: 'looking for the meter', ja: 'メーターを探索中' },
  joining: { en: 'joining the meter', ja: 'メーターに接続中' },
  connected: { en: 'connected', ja: '接続済み' },
  paused: { en: 'paused (airtime limit)', ja: '送信時間制限により休止中' },
  waiting: { en: 'waiting before the next try', ja: '再試行待ち' },
  stopped: { en: 'stopped', ja: '停止' },
};

const SILENT: Text = { en: 'no answer from the meter', ja: 'メーターの応答なし' };
const UNHEARD: Text = { en: 'joined, waiting for the first answer', ja: '接続手続き済み、最初の応答待ち' };

/** How the link is: a session whose meter does not answer is no connection. */
export function linkWords({
  phase,
  connected,
  age_s: ageS,
}: Pick<MeterSnapshot, 'phase' | 'connected' | 'age_s'>): Text {
  if (phase !== 'connected' || connected) return PHASE_WORDS[phase];
  return ageS === undefined ? UNHEARD : SILENT;
}

/** Why there is no current reading; the bridge gives the English. */
export const staleWords = ({
  reason,
  phase,
  age_s: ageS,
}: Pick<MeterSnapshot, 'reason' | 'phase' | 'age_s'>): Text => ({
  en: reason ?? `no current power (${phase})`,
  ja:
    reason === undefined
      ? `最新の電力の値がありません（${PHASE_WORDS[phase].ja}）`
      : ageS === undefined
        ? `計測値がまだありません（${PHASE_WORDS[phase].ja}）`
        : `最後の計測値は ${Math.round(ageS)} 秒前のものです（${PHASE_WORDS[phase].ja}）`,
});

/** Tells a person what is being done while the port is ours, a line for each change. Where nobody looks it is silent, unless `always`. */
export function phaseTeller(context: CliContext, always = false): (meter: string, status: LinkStatus) => void {
  const phases = new Map<string, LinkPhase>();
  return (meter, { phase, error }) => {
    if ((!always && context.stderr.isTTY !== true) || phases.get(meter) === phase || phase === 'stopped') return;
    phases.set(meter, phase);
    const why = phase === 'waiting' && error ? `: ${error.text(context.language)}` : '';
    context.stderr.write(context.redactor.redact(`${meter}: ${PHASE_WORDS[phase][context.language]}${why}\n`));
  };
}
