import type { Text } from '../kernel/language.ts';
import type { LinkPhase } from '../model/status.ts';

/** What the supervisor is doing, in words for people. */
export const phaseWords: Readonly<Record<LinkPhase, Text>> = {
  opening: { en: 'opening the stick', ja: 'スティックに接続中' },
  scanning: { en: 'looking for the meter', ja: 'メーターを探索中' },
  joining: { en: 'joining the meter', ja: 'メーターに接続中' },
  connected: { en: 'connected', ja: '接続済み' },
  paused: { en: 'paused (airtime limit)', ja: '送信時間制限により休止中' },
  waiting: { en: 'waiting before the next try', ja: '再試行待ち' },
  stopped: { en: 'stopped', ja: '停止' },
};
