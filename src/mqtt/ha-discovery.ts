import type { Language } from '../kernel/language.ts';
import type { Prices } from '../model/price.ts';
import type { MeterProfile } from '../model/reading.ts';
import type { Entity, EntityContext } from './entity.ts';
import { entitiesOf } from './ha-entities.ts';
import { energyDecimals } from './mqtt-payloads.ts';
import { expireAfterS, identityOf, topicsOf } from './mqtt-topics.ts';
import type { Topics } from './mqtt-topics.ts';

export interface DiscoveryInput {
  readonly meter: {
    readonly id: string;
    readonly name: string;
    readonly intervalS: number;
    /** The longest effective interval so far, where the meter is slower than asked to be. */
    readonly slowestS?: number | undefined;
    readonly contractAmpere?: number | undefined;
  };
  /** Of the household, where it told us. */
  readonly prices?: Prices | undefined;
  readonly baseTopic: string;
  readonly language: Language;
  readonly version: string;
  /** Where the page is opened from elsewhere: http or https. */
  readonly configurationUrl?: string | undefined;
  /** Undefined until the meter's property map is known: then only the link and the buttons are announced. */
  readonly profile: MeterProfile | undefined;
}

/** The document as it is sent, and what it does to Home Assistant's entities: component key → platform. */
export interface DeviceDocument {
  readonly text: string;
  readonly announced: Readonly<Record<string, string>>;
  readonly removed: Readonly<Record<string, string>>;
}

/** @param removed components that are not there any more: reduced to their platform, Home Assistant forgets them. */
export function deviceDocument(input: DiscoveryInput, removed: Readonly<Record<string, string>> = {}): DeviceDocument {
  const document = discoveryDocument(input);
  const gone = Object.entries(removed).map(([key, platform]) => [key, { platform }] as const);
  return {
    text: JSON.stringify({ ...document, components: { ...document.components, ...Object.fromEntries(gone) } }),
    announced: Object.fromEntries(Object.entries(document.components).map(([key, { platform }]) => [key, platform])),
    removed,
  };
}

/** What can be announced at all, whatever the meter turns out to have. */
export function possibleKeys(contract: boolean, prices?: Prices): ReadonlySet<string> {
  const everyEpc = Array.from({ length: 128 }, (_, i) => 0x80 + i);
  const profile: MeterProfile = {
    getMap: everyEpc,
    energyScale: { coefficient: 1, exponent: 0, digits: 6 },
    hasTPhase: true,
    hasExport: true,
  };
  const context: EntityContext = { profile, contract, expireAfterS: 0, energyDecimals: 0, prices };
  return new Set(entitiesOf(context).map(({ key }) => key));
}

type Component = Readonly<Record<string, unknown>> & { readonly platform: Entity['platform'] };

/** One device document per meter, for `<prefix>/device/broute2mqtt_<id>/config`. Templates and ids are constants. */
export function discoveryDocument(
  input: DiscoveryInput,
): Readonly<Record<string, unknown>> & { readonly components: Readonly<Record<string, Component>> } {
  const { meter, profile } = input;
  const topics = topicsOf(input.baseTopic, meter.id);
  const context: EntityContext = {
    profile,
    contract: meter.contractAmpere !== undefined,
    expireAfterS: expireAfterS(meter.intervalS, meter.slowestS),
    energyDecimals: energyDecimals(profile?.energyScale),
    prices: input.prices,
  };
  return {
    device: {
      identifiers: [identityOf(meter.id)],
      name: meter.name,
      model: 'Low-voltage smart electric energy meter',
      model_id: '0x0288', // the ECHONET class
      sw_version: input.version,
      ...(input.configurationUrl === undefined ? {} : { configuration_url: input.configurationUrl }),
    },
    origin: { name: 'broute2mqtt', sw_version: input.version },
    availability: [{ topic: topics.bridgeAvailability }, { topic: topics.meterAvailability }],
    availability_mode: 'all',
    components: Object.fromEntries(
      entitiesOf(context).map((entity) => [entity.key, component(entity, context, meter.id, topics, input.language)]),
    ),
  };
}

/**
 * The part of an entity id after the dot. `smart_meter_power` for the default meter id `home`, as the documentation and
 * dashboards show it; `smart_meter_<id>_power` for any other, so that several meters never collide.
 */
const entityIdOf = (meterId: string, key: string): string =>
  meterId === 'home' ? `smart_meter_${key}` : `smart_meter_${meterId.replaceAll('-', '_')}_${key}`;

function component(
  entity: Entity,
  context: EntityContext,
  meterId: string,
  topics: Topics,
  language: Language,
): Component {
  const { key, platform, from, options } = entity;
  const entityId = entityIdOf(meterId, key);
  return {
    platform,
    unique_id: `${identityOf(meterId)}_${key}`,
    object_id: entityId, // read by Home Assistant before 2025.10
    default_entity_id: `${platform}.${entityId}`, // read since 2025.10
    name: entity.name[language],
    ...(from === 'command'
      ? { command_topic: `${topics.commandPrefix}${key}`, payload_press: 'PRESS' }
      : { state_topic: topics[from], value_template: `{{ value_json.${entity.field ?? key} }}` }),
    ...(entity.lastReset === undefined
      ? {}
      : { last_reset_value_template: `{{ value_json.${entity.lastReset} or '' }}` }), // `None` would be a warning
    ...(entity.attributes && from !== 'command' ? attributesOf(topics[from], entity.attributes) : {}),
    ...(platform === 'number' ? { command_topic: `${topics.commandPrefix}${key}` } : {}),
    ...(platform === 'binary_sensor' ? { payload_on: 'ON', payload_off: 'OFF' } : {}),
    ...(typeof options === 'function' ? options(context) : options),
    qos: from === 'instant' ? 0 : 1,
    ...(entity.bridgeOnly ? { availability: [{ topic: topics.bridgeAvailability }] } : {}),
  };
}

function attributesOf(topic: string, attributes: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const members = Object.entries(attributes).map(([name, key]) => `'${name}': value_json.${key}`);
  return { json_attributes_topic: topic, json_attributes_template: `{{ {${members.join(', ')}} | to_json }}` };
}
