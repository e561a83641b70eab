import { discoveryDocument } from '../../../src/mqtt/ha-discovery.ts';
import type { Language } from '../../../src/kernel/language.ts';
import { fullProfile } from '../../support/sink-rig.ts';

type Component = Readonly<Record<string, unknown>>;

const componentsIn = (language: Language): Readonly<Record<string, Component>> =>
  discoveryDocument({
    meter: { id: 'home', name: 'Smart meter', intervalS: 10, contractAmpere: 40 },
    baseTopic: 'broute2mqtt',
    language,
    version: '0',
    profile: fullProfile,
  }).components;

const text = (value: unknown): string => (typeof value === 'string' ? value : '–');

/** The rows of the entity table in docs/mqtt.md, for a meter that has everything. */
export function entityRows(): string[][] {
  const japanese = componentsIn('ja');
  return Object.entries(componentsIn('en')).map(([key, entity]) => {
    const topic = text(entity['state_topic'] ?? entity['command_topic']).replace('broute2mqtt/home/', '');
    const field = /value_json\.(\w+)/.exec(text(entity['value_template']))?.[1];
    return [
      `\`${key}\``,
      text(entity['platform']),
      text(entity['name']),
      text(japanese[key]?.['name']),
      `\`${topic}\`${field === undefined ? '' : ` ${field}`}`,
      text(entity['unit_of_measurement']),
      text(entity['device_class']),
      text(entity['state_class']),
      text(entity['entity_category']),
      entity['enabled_by_default'] === false ? 'no' : 'yes',
      entity['availability'] === undefined ? 'bridge and meter' : 'bridge',
    ];
  });
}
