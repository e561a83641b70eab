/** Every topic of one meter, below `<base topic>/<meter id>/`. These names are public API: changing one is a major version. */
const LEVELS = {
  bridgeAvailability: 'bridge/availability',
  meterAvailability: 'meter/availability',
  instant: 'state/instant',
  energy: 'state/energy',
  halfHour: 'state/halfhour',
  minute: 'state/minute',
  usage: 'state/usage',
  price: 'state/price',
  link: 'state/link',
  config: 'state/config',
  readings: 'readings',
  /** Half hours that were missed, read from the meter's memory. */
  history: 'history',
  /** Every minute's registers, where that is wanted. */
  historyMinutes: 'history_minutes',
  /** Commands are this and a name: `…/command/read_now`. */
  commandPrefix: 'command/',
} as const;

export type Topics = Readonly<Record<keyof typeof LEVELS, string>>;

export const topicsOf = (baseTopic: string, meterId: string): Topics =>
  Object.fromEntries(
    Object.entries(LEVELS).map(([topic, level]) => [topic, `${baseTopic}/${meterId}/${level}`]),
  ) as Topics;

/** Asked by a bridge that waits; who is connected says its availability again. Below the commands, so that nobody has to allow it. */
export const presenceTopic = ({ commandPrefix }: Topics): string => `${commandPrefix}present`;

/** Identity of a meter towards Home Assistant and the broker: from the configured id alone, whatever the base topic. */
export const identityOf = (meterId: string): string => `broute2mqtt_${meterId}`;

export const discoveryTopic = (prefix: string, meterId: string): string =>
  `${prefix}/device/${identityOf(meterId)}/config`;

/** True for what is this meter's own on the broker: our topics by name, and whatever somebody left under its commands. */
export function isOwnTopic(topic: string, baseTopic: string, meterId: string): boolean {
  const { commandPrefix, ...named } = topicsOf(baseTopic, meterId);
  return Object.values(named).includes(topic) || topic.startsWith(commandPrefix);
}

/**
 * Seconds after which Home Assistant drops an instantaneous value by itself: the net under the availability topics.
 * @param slowestS the longest effective interval so far, where it is longer: in whole minutes, as each change is announced.
 */
export const expireAfterS = (intervalS: number, slowestS = 0): number =>
  Math.max(300, Math.ceil(5 * intervalS), slowestS > intervalS ? Math.ceil((5 * slowestS) / 60) * 60 : 0);
