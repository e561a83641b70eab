/**
 * What Home Assistant checks in a device document, with its tables (2026.9): the document's problems in words, none when
 * it would be accepted without a warning.
 */
type Json = Readonly<Record<string, unknown>>;

const rootKeys = new Set(
  'device origin components availability availability_mode availability_topic availability_template payload_available payload_not_available state_topic command_topic qos encoding'.split(
    ' ',
  ),
);
const deviceKeys = new Set(
  'identifiers connections manufacturer model model_id name hw_version sw_version serial_number suggested_area configuration_url via_device'.split(
    ' ',
  ),
);
const originKeys = new Set(['name', 'sw_version', 'support_url']);
const common =
  'platform unique_id object_id default_entity_id name icon entity_category enabled_by_default availability availability_mode qos device_class';
const componentKeys: Readonly<Record<string, ReadonlySet<string>>> = {
  sensor: new Set(
    `${common} state_topic value_template state_class unit_of_measurement suggested_display_precision expire_after options last_reset_value_template json_attributes_topic json_attributes_template`.split(
      ' ',
    ),
  ),
  binary_sensor: new Set(
    `${common} state_topic value_template payload_on payload_off expire_after off_delay`.split(' '),
  ),
  button: new Set(`${common} command_topic payload_press retain`.split(' ')),
  number: new Set(
    `${common} command_topic state_topic value_template unit_of_measurement min max step mode retain`.split(' '),
  ),
};
const units: Readonly<Record<string, readonly string[]>> = {
  power: ['mW', 'W', 'kW', 'MW', 'GW', 'TW'],
  current: ['A', 'mA', 'μA'],
  energy: ['J', 'kJ', 'MJ', 'GJ', 'mWh', 'Wh', 'kWh', 'MWh', 'GWh', 'TWh', 'cal', 'kcal', 'Mcal', 'Gcal'],
  signal_strength: ['dB', 'dBm'],
  timestamp: [],
  enum: [],
};
const stateClasses: Readonly<Record<string, readonly string[]>> = {
  power: ['measurement'],
  current: ['measurement'],
  energy: ['total', 'total_increasing'],
  signal_strength: ['measurement'],
  timestamp: [],
  enum: [],
};
const anyStateClass = ['measurement', 'measurement_angle', 'total', 'total_increasing'];
const otherClasses: Readonly<Record<string, readonly string[]>> = {
  binary_sensor: ['problem', 'connectivity'],
  button: ['identify', 'restart', 'update'],
  number: ['duration'],
};

const say = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'none'));
const object = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
const strangers = (value: Json, known: ReadonlySet<string>, where: string): string[] =>
  Object.keys(value)
    .filter((key) => !known.has(key))
    .map((key) => `${where}: unknown key ${key}`);

export function documentProblems(document: Json): string[] {
  const device = object(document['device']);
  const origin = object(document['origin']);
  const components = Object.entries(object(document['components']));
  const ids = components.map(([, component]) => object(component)['unique_id']);
  const identifiers = device['identifiers'];
  return [
    ...strangers(document, rootKeys, 'root'),
    ...strangers(device, deviceKeys, 'device'),
    ...strangers(origin, originKeys, 'origin'),
    ...(Array.isArray(identifiers) && identifiers.length > 0 ? [] : ['device: no identifier']),
    ...(typeof origin['name'] === 'string' ? [] : ['origin: no name']),
    ...(components.length > 0 ? [] : ['no components']),
    ...availabilityProblems(document, 'root'),
    ...(new Set(ids).size === ids.length ? [] : ['unique_id twice']),
    ...components.flatMap(([key, component]) => componentProblems(key, object(component), device)),
  ];
}

function availabilityProblems(holder: Json, where: string): string[] {
  const list = holder['availability'];
  if (list === undefined) return [];
  const entries = Array.isArray(list) ? list.map(object) : [];
  const known = new Set(['topic', 'payload_available', 'payload_not_available', 'value_template']);
  return [
    ...(holder['availability_topic'] === undefined ? [] : [`${where}: availability and availability_topic`]),
    ...entries.flatMap((entry) => strangers(entry, known, `${where} availability`)),
    ...(entries.length > 0 && entries.every(({ topic }) => typeof topic === 'string')
      ? []
      : [`${where}: availability without a topic`]),
  ];
}

function componentProblems(key: string, component: Json, device: Json): string[] {
  const platform = say(component['platform']);
  const problems: string[] = [];
  const check = (good: boolean, problem: string): void => void (good || problems.push(`${key}: ${problem}`));
  const text = (name: string): boolean => typeof component[name] === 'string' && component[name] !== '';
  const known = componentKeys[platform];
  if (!known) return [`${key}: platform ${platform}`];
  problems.push(...strangers(component, known, key), ...availabilityProblems(component, key));
  check(/^[a-z0-9_]+$/.test(key), 'key');
  check(/^[a-z0-9_-]{1,64}$/.test(say(component['unique_id'])), 'unique_id');
  check(text('name') && !say(component['name']).includes(say(device['name'])), 'name repeats the device');
  check(say(component['default_entity_id']) === `${platform}.${say(component['object_id'])}`, 'entity id');
  check(/^[a-z0-9_]+$/.test(say(component['object_id'])), 'object_id');
  const category = component['entity_category'];
  check(
    category === undefined ||
      category === 'diagnostic' ||
      (category === 'config' && ['button', 'number'].includes(platform)),
    'category',
  );
  check(component['icon'] === undefined || /^mdi:[a-z0-9-]+$/.test(say(component['icon'])), 'icon');
  for (const name of ['expire_after', 'suggested_display_precision']) {
    const value = component[name] ?? 0;
    check(Number.isInteger(value) && (value as number) >= 0, name);
  }
  check(text(platform === 'button' ? 'command_topic' : 'state_topic'), 'no topic');
  check(platform !== 'number' || text('command_topic'), 'no command topic');
  const { json_attributes_topic: source, json_attributes_template: attributes } = component;
  check((source === undefined) === (attributes === undefined), 'attributes need topic and template');
  check(!/[+#]/.test(say(component['state_topic'] ?? component['command_topic'])), 'wildcard');
  problems.push(...(platform === 'sensor' ? sensorProblems(key, component) : classProblems(key, platform, component)));
  return problems;
}

const classProblems = (key: string, platform: string, { device_class: kind }: Json): string[] =>
  kind === undefined || otherClasses[platform]?.includes(say(kind)) ? [] : [`${key}: device_class ${say(kind)}`];

function sensorProblems(key: string, component: Json): string[] {
  const { device_class: kind, state_class: stateClass, unit_of_measurement: unit, options } = component;
  const problems: string[] = [];
  if (kind !== undefined) {
    const allowed = units[say(kind)];
    if (!allowed) return [`${key}: device_class ${say(kind)}`];
    const unitFits = allowed.length === 0 ? unit === undefined : allowed.includes(say(unit));
    if (!unitFits) problems.push(`${key}: unit ${say(unit)} with ${say(kind)}`);
  }
  const classes = kind === undefined ? anyStateClass : (stateClasses[say(kind)] ?? []);
  if (stateClass !== undefined && !classes.includes(say(stateClass)))
    problems.push(`${key}: state_class ${say(stateClass)} with ${say(kind)}`);
  const listed = Array.isArray(options) && options.length > 0;
  if ((kind === 'enum') !== listed) problems.push(`${key}: options and enum belong together`);
  if (component['last_reset_value_template'] !== undefined && stateClass !== 'total')
    problems.push(`${key}: last_reset without total`);
  return problems;
}
