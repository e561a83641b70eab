import { untilAborted } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Language } from '../kernel/language.ts';
import type { Log } from '../kernel/log.ts';
import { LogThrottle } from '../kernel/log-writer.ts';
import type { Beat, Deadline } from '../kernel/deadlines.ts';
import type { CommandGate } from '../model/command-gate.ts';
import type { BrokerHealth } from '../model/health.ts';
import { hasMeasured } from '../model/reading.ts';
import type { Reading } from '../model/reading.ts';
import type { Sink, BridgeEvent } from '../model/status.ts';
import type { HomeAssistantSettings, MeterSettings, Settings } from '../model/settings.ts';
import type { BrokerOptions } from '../broker/connection-attempt.ts';
import { Deadlines } from '../kernel/deadlines.ts';
import { Availability } from './availability.ts';
import { DiscoveryPublisher } from './discovery-publisher.ts';
import { MessageStreams } from './message-streams.ts';
import { FurtherStates } from './further-states.ts';
import { MeterStates } from './meter-states.ts';
import { ConnectionKeeper } from '../broker/connection-keeper.ts';
import type { BrokerConnection, Message, Outcome, Send } from '../broker/broker-connection.ts';
import { historyPayload, minuteHistoryPayload, readingPayload } from './mqtt-payloads.ts';
import { standingOf } from './broker-standing.ts';
import { identityOf, presenceTopic, topicsOf } from './mqtt-topics.ts';
import type { Topics } from './mqtt-topics.ts';
import { PortClaim, PortTurn } from './port-turn.ts';
import { REASON, reasonText } from '../broker/reason-codes.ts';

/** Home Assistant subscribes some tenths of a second after the discovery document: what is not retained is published again then. */
const REPEAT_MS = 2500;

export interface MqttSinkOptions extends Pick<Settings, 'prices'> {
  readonly meter: Pick<
    MeterSettings,
    'id' | 'name' | 'intervalS' | 'energyIntervalS' | 'contractAmpere' | 'minuteHistory'
  >;
  readonly broker: BrokerOptions;
  readonly baseTopic: string;
  readonly homeAssistant: HomeAssistantSettings;
  readonly language: Language;
  readonly version: string;
  /** Where the page is opened from elsewhere. */
  readonly configurationUrl?: string | undefined;
  /** The meter's folder for what must outlive us; without one what the broker does not take waits in memory. */
  readonly stateDir?: string | undefined;
}

export interface MqttSinkDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Of this meter; the page's commands pass it too. */
  readonly gate: CommandGate;
  /** For the back-off's jitter, 0–1. */
  readonly random?: () => number;
  /** Whether the broker connection is ours to take; without one the link's status alone tells. */
  readonly claim?: PortClaim;
  /** Of each loop: whether it goes on is asked from outside. */
  readonly beat?: (loop: 'deadlines' | 'connection') => Beat;
  /** The broker has a document of so many entities. */
  readonly onAnnounced?: (entities: number) => void;
}

/** One meter's presence on one broker: discovery, availability, live states, the stream of readings, commands. */
export class MqttSink implements Sink {
  readonly #options: MqttSinkOptions;
  readonly #topics: Topics;
  readonly #deadlines: Deadlines;
  readonly #repeat: Deadline;
  readonly #claim: PortClaim;
  readonly #keeper: ConnectionKeeper;
  readonly #discovery: DiscoveryPublisher;
  readonly #states: MeterStates;
  readonly #further: FurtherStates;
  readonly #availability: Availability;
  readonly #streams: MessageStreams;
  readonly #gate: CommandGate;
  readonly #log: Log;
  readonly #refusalLog: LogThrottle;
  #run = 0;
  #seq = 0;
  #ready = false;

  constructor(options: MqttSinkOptions, deps: MqttSinkDeps) {
    const { clock, log: parent, gate, random, claim = new PortClaim(), beat, onAnnounced } = deps;
    const { id } = options.meter;
    const log = parent.child({ meter: id });
    this.#options = options;
    this.#topics = topicsOf(options.baseTopic, id);
    this.#deadlines = new Deadlines(clock, beat?.('deadlines'));
    this.#repeat = this.#deadlines.create();
    this.#log = log;
    this.#refusalLog = new LogThrottle(clock, Infinity);
    const identity = { clientId: identityOf(id), willTopic: this.#topics.bridgeAvailability };
    const turn = new PortTurn(claim, identity.clientId, { meterId: id, topics: this.#topics }, { clock, log });
    this.#claim = claim;
    const connectionBeat = beat?.('connection');
    this.#keeper = new ConnectionKeeper(options.broker, identity, turn, { clock, log, random, beat: connectionBeat });
    const send: Send = (message, done) => this.#send(message, done);
    const parts = { clock, log, deadlines: this.#deadlines, send };
    this.#states = new MeterStates(options.meter, this.#topics, parts);
    const decimals = (): number => this.#states.decimals;
    this.#further = new FurtherStates(options.meter, this.#topics, { ...parts, decimals, prices: options.prices });
    this.#availability = new Availability(this.#topics, options.meter.intervalS, parts);
    const published = (): void => this.#repeat.in(REPEAT_MS, () => this.#states.publishInstant());
    this.#discovery = new DiscoveryPublisher(options, { ...parts, published, onAnnounced });
    this.#streams = new MessageStreams(this.#topics, options, parts);
    this.#gate = gate;
  }

  /** Resolves after the clean stop that `signal` asks for; at most two seconds after it. Rejects only for a defect. */
  async run(signal: AbortSignal): Promise<void> {
    const handlers = {
      up: (connection: BrokerConnection) => this.#up(connection),
      down: () => this.#down(),
      message: (topic: string, payload: Buffer, retained: boolean) => this.#message(topic, payload, retained),
      farewell: () => this.#availability.farewell(),
    };
    this.#streams.start();
    try {
      await untilAborted(
        signal,
        (s) => this.#deadlines.run(s),
        (s) => this.#keeper.run(handlers, s),
      );
    } finally {
      await Promise.all([this.#streams.close(), this.#discovery.close()]);
    }
  }

  /**
   * State has been read: from now on everything is announced, and readings may come.
   * @param run counts our starts: with `seq` it identifies a reading in the stream
   */
  async begin(run: number): Promise<void> {
    this.#run = run;
    await this.#discovery.load();
    this.#ready = true;
    if (this.#keeper.connection) this.#up(this.#keeper.connection);
  }

  accept(event: BridgeEvent): void {
    if (event.meter !== this.#options.meter.id) return;
    switch (event.kind) {
      case 'reading':
        this.#states.accept(event.reading); // before the stream: people look at these. All of it is written in this turn
        this.#further.accept(event);
        this.#availability.accept(event);
        return this.#pushReading(event.reading);
      case 'status':
        this.#claim.accept(event.status);
        return this.#availability.accept(event);
      case 'pace':
        this.#states.pace(event.intervalS);
        this.#further.accept(event);
        this.#discovery.pace(event.intervalS);
        return this.#availability.accept(event);
      case 'interval':
        this.#states.interval(event.intervalS);
        this.#discovery.interval(event.intervalS);
        return this.#further.accept(event);
      case 'profile':
        this.#states.learn(event.profile);
        this.#further.accept(event);
        return this.#discovery.learn(event.profile);
      case 'halfHour':
        return this.#states.acceptHalfHour(event.halfHour, event.before);
      case 'history':
        return this.#streams.history.push(historyPayload(event.meter, event.halfHour, this.#states.decimals));
      case 'minute':
        return this.#streams.minutes?.push(minuteHistoryPayload(event.meter, event.minute, this.#states.decimals));
      case 'usage':
        return this.#further.accept(event);
      case 'clock':
      case 'activity':
        return; // not on MQTT as such: metrics count them, and `link_state` has the rung
    }
  }

  /** @param language of `detail` */
  health(language: Language = 'en'): BrokerHealth {
    return standingOf(this.#keeper, this.#streams, this.#discovery.refusal, language);
  }

  #pushReading(reading: Reading): void {
    if (!hasMeasured(reading)) return;
    const id = { meter: this.#options.meter.id, run: this.#run, seq: ++this.#seq };
    this.#streams.readings.push(readingPayload(id, reading, this.#states.decimals));
  }

  /** First corrects what the broker may retain from before a power cut; all else waits for `begin`: state files are read then. */
  #up(connection: BrokerConnection): void {
    this.#availability.up();
    if (!this.#ready) return this.#availability.publishUnknown();
    this.#discovery.up(connection);
    this.#announce();
    this.#streams.up(connection);
  }

  #down(): void {
    this.#discovery.down();
    this.#availability.down();
    this.#streams.down();
    this.#repeat.cancel();
  }

  /** Publishes all that a new broker or Home Assistant needs, in an order in which no wrong value is shown in between. */
  #announce(): void {
    const { commandPrefix } = this.#topics;
    const { discovery, statusTopic } = this.#options.homeAssistant;
    // a command must never be retained, nor a live one; a birth may well be
    this.#keeper.connection?.subscribe(discovery ? [statusTopic] : [], [`${commandPrefix}#`], (code) =>
      this.#refused(`${commandPrefix}#`, code),
    );
    this.#availability.publishBefore();
    this.#discovery.announce();
    this.#availability.publishLink();
    this.#states.publish();
    this.#further.publish();
    this.#availability.publishAfter();
    this.#further.forget();
  }

  #message(topic: string, payload: Buffer, retained: boolean): void {
    const { commandPrefix } = this.#topics;
    if (topic === presenceTopic(this.#topics)) this.#availability.answer();
    else if (topic.startsWith(commandPrefix))
      this.#gate.accept({ name: topic.slice(commandPrefix.length), payload, retained });
    else if (!retained && payload.length < 16 && payload.toString().toLowerCase() === 'online')
      this.#discovery.born(() => this.#announce());
  }

  /** Dropped without a connection: the next connection begins with the newest of everything. */
  #send(message: Message, done?: (outcome: Outcome) => void): void {
    const { connection } = this.#keeper;
    connection?.publish(message, (outcome) => {
      if (typeof outcome === 'number') this.#refused(message.topic, outcome);
      done?.(outcome);
    });
    if (message.qos === 0) connection?.flush(); // people look at these
  }

  /** Logged once per topic and reason. MQTT 3.1.1 drops in silence: then nothing comes here. */
  #refused(topic: string, code: number): void {
    if (this.#refusalLog.due(`${topic} ${code}`) === undefined) return;
    const advice = code === REASON.notAuthorized ? { advice: 'allow this user there in the broker’s ACL' } : {};
    this.#log.warn({ topic, reason: reasonText(code).en, ...advice }, 'broker refuses a topic');
  }
}
