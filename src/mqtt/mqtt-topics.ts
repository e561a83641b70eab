/** Every topic of one meter. The last level names are public API: changing one is a major version. */
export interface Topics {
  readonly bridgeAvailability: string;
  readonly meterAvailability: string;
  readonly instant: string;
  readonly energy: string;
  readonly halfHour: string;
  readonly minute: string;
  readonly usage: string;
  readonly price: string;
  readonly link: string;
  readonly config: string;
  readonly readings: string;
  /** Half hours that were missed, read from the meter's memory. */
  readonly history: string;
  /** Every minute's registers, where that is wanted. */
  readonly historyMinutes: string;
  /** Commands are this and a name: `…/command/read_now`. */
  readonly commandPrefix: string;
}

export function topicsOf(baseTopic: string, meterId: string): Topics {
  const root = `${baseTopic}/${meterId}`;
  return {
    bridgeAvailability: `${root}/bridge/availability`,
    meterAvailability: `${root}/meter/availability`,
    instant: `${root}/state/instant`,
    energy: `${root}/state/energy`,
    halfHour: `${root}/state/halfhour`,
    minute: `${root}/state/minute`,
    usage: `${root}/state/usage`,
    price: `${root}/state/price`,
    link: `${root}/state/link`,
    config: `${root}/state/config`,
    readings: `${root}/readings`,
    history: `${root}/history`,
    historyMinutes: `${root}/history_minutes`,
    commandPrefix: `${root}/command/`,
  };
}

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
