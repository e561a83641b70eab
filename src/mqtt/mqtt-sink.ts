import { together } from '../kernel/async.ts';
import { MeterHealth } from '../model/health.ts';
import { hasMeasured } from '../model/reading.ts';
import type { HalfHour, MeterProfile, Reading } from '../model/reading.ts';
import type { Sink } from '../model/sink.ts';
import type { BridgeEvent } from '../model/status.ts';
import { Deadlines } from '../kernel/deadlines.ts';
import { DiscoveryPublisher } from './discovery-publisher.ts';
import type { DiscoveryPublisherDeps } from './discovery-publisher.ts';
import { CommandGate } from './command-gate.ts';
import { HalfHours } from './half-hours.ts';
import { LinkTopic } from './link-topic.ts';
import { LiveTopics } from './live-topics.ts';
import { ConnectionKeeper } from '../broker/connection-keeper.ts';
import type { Message, BrokerConnection, Outcome } from '../broker/broker-connection.ts';
import { readingPayload } from './mqtt-payloads.ts';
import { mqttHealth } from './mqtt-health.ts';
import type { MqttHealth } from './mqtt-health.ts';
import type { MqttSinkDeps, MqttSinkOptions } from './mqtt-sink-options.ts';
import { expireAfterS, identityOf, presenceTopic, topicsOf } from './mqtt-topics.ts';
import type { Topics } from './mqtt-topics.ts';
import { PortTurn } from './port-turn.ts';
import { openOutbox } from '../outbox/open-outbox.ts';
import { PortClaim } from './port-claim.ts';
import { ReadingsStream } from './readings-stream.ts';
import { RefusedTopics } from '../broker/refused-topics.ts';

/** Home Assistant subscribes some tenths of a second after the document; what is not retained is said again then. */
const REPEAT_MS = 2500;

const PRESENT_PACE_MS = 50;

/** One meter's presence on one broker: discovery, availability, live states, the stream of readings, commands. */
export class MqttSink implements Sink {
  readonly name: string;
  readonly #options: MqttSinkOptions;
  readonly #meterHealth: MeterHealth;
  readonly #topics: Topics;
  readonly #deadlines: Deadlines;
  readonly #claim: PortClaim;
  readonly #connection: ConnectionKeeper;
  readonly #announcer: DiscoveryPublisher;
  readonly #live: LiveTopics;
  readonly #linkState: LinkTopic;
  readonly #stream: ReadingsStream;
  readonly #gate: CommandGate;
  readonly #refusals: RefusedTopics;
  readonly #halfHours = new HalfHours();
  #run = 0;
  #seq = 0;
  #ready = false;
  #slowestS = 0;
  /** What `meter/availability` says on this connection. */
  #shown: boolean | undefined;

  constructor(options: MqttSinkOptions, deps: MqttSinkDeps) {
    const { clock, log: parent, onCommand, random, claim = new PortClaim(), beat } = deps;
    const { id } = options.meter;
    const log = parent.child({ meter: id });
    const send: DiscoveryPublisherDeps['send'] = (message, done) => this.#send(message, done);
    this.name = `mqtt:${id}`;
    this.#options = options;
    this.#meterHealth = new MeterHealth(options.meter.intervalS, clock);
    this.#topics = topicsOf(options.baseTopic, id);
    const deadlines = new Deadlines(clock, beat?.('deadlines'));
    this.#deadlines = deadlines;
    this.#refusals = new RefusedTopics(clock, log);
    const identity = { clientId: identityOf(id), willTopic: this.#topics.bridgeAvailability };
    const turn = new PortTurn(claim, identity.clientId, { meterId: id, topics: this.#topics }, { clock, log });
    this.#claim = claim;
    this.#connection = new ConnectionKeeper(options.broker, identity, turn, {
      clock,
      log,
      ...(random && { random }),
      ...(beat && { beat: beat('connection') }),
    });
    const link = (): BrokerConnection | undefined => (this.#ready ? this.#connection.link : undefined);
    const published = (): void => deadlines.in(REPEAT_MS, 'repeat', () => this.#live.publishInstant());
    this.#announcer = new DiscoveryPublisher(options, { clock, log, deadlines, link, send, published });
    this.#live = new LiveTopics(options.meter, {
      clock,
      deadlines,
      sendInstant: (text) => this.#sendInstant(text),
      sendEnergy: (text) => this.#sendRetained(this.#topics.energy, text),
    });
    this.#linkState = new LinkTopic({
      clock,
      deadlines,
      presence: () => ({ connected: this.#meterHealth.now.connected, intervalS: this.#meterHealth.intervalS }),
      send: (text) => this.#sendRetained(this.#topics.link, text),
    });
    const outbox = openOutbox(options.stateDir, { clock, log, deadlines });
    this.#stream = new ReadingsStream(this.#topics.readings, { clock, log, deadlines, outbox });
    this.#gate = new CommandGate(clock, log, onCommand);
  }

  /** Resolves after the clean stop that `signal` asks for; at most two seconds after it. Rejects only for a defect. */
  async run(signal: AbortSignal): Promise<void> {
    const handlers = {
      up: (link: BrokerConnection) => this.#up(link),
      down: () => this.#down(),
      message: (topic: string, payload: Buffer, retained: boolean) => this.#message(topic, payload, retained),
      farewell: () => this.#farewell(),
    };
    this.#stream.start();
    try {
      await together(
        signal,
        (s) => this.#deadlines.run(s),
        (s) => this.#connection.run(handlers, s),
      );
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      await Promise.all([this.#stream.close(), this.#announcer.close()]);
    }
  }

  /**
   * State has been read: from now on everything is announced, and readings may come.
   * @param run counts our starts: with `seq` it identifies a reading in the stream
   */
  async begin(run: number): Promise<void> {
    this.#run = run;
    await this.#announcer.load();
    this.#ready = true;
    const { link } = this.#connection;
    if (link) this.#up(link);
  }

  accept(event: BridgeEvent): void {
    if (event.meter !== this.#options.meter.id) return;
    this.#meterHealth.accept(event);
    switch (event.kind) {
      case 'reading':
        return this.#takeReading(event.reading);
      case 'status':
        this.#claim.take(event.status);
        this.#linkState.take(event.status);
        return this.#showHealth();
      case 'pace':
        return this.#takePace(event.intervalS);
      case 'profile':
        return this.#takeProfile(event.profile);
      case 'halfHour':
        return this.#takeHalfHour(event.halfHour);
      case 'clock':
      case 'activity':
        return; // shown and counted elsewhere; a rung is in the status
    }
  }

  health(): MqttHealth {
    return mqttHealth(this.#connection, this.#stream, this.#announcer.refusal);
  }

  /** From here to the socket nothing waits; what people look at goes first. */
  #takeReading(reading: Reading): void {
    this.#live.take(reading);
    this.#showHealth();
    if (!hasMeasured(reading)) return;
    const id = { meter: this.#options.meter.id, run: this.#run, seq: ++this.#seq };
    this.#stream.push(readingPayload(id, reading, this.#live.decimals));
  }

  #takePace(intervalS: number): void {
    this.#live.pace(intervalS);
    this.#announcer.pace(intervalS);
    this.#slowestS = Math.max(this.#slowestS, intervalS);
    this.#showHealth();
  }

  #takeProfile(profile: MeterProfile): void {
    this.#live.learn(profile);
    this.#announcer.learn(profile);
  }

  #takeHalfHour(mark: HalfHour): void {
    this.#sendRetained(this.#topics.halfHour, this.#halfHours.take(mark, this.#live.decimals));
  }

  /** What the broker may have kept over a power cut is contradicted first; the rest waits for what the disk remembers. */
  #up(link: BrokerConnection): void {
    this.#announcer.up();
    if (!this.#ready) return this.#show(false);
    this.#announce(link);
    this.#stream.up(link);
  }

  #down(): void {
    this.#announcer.down();
    this.#shown = undefined;
    this.#linkState.down();
    this.#stream.down();
    for (const name of ['birth', 'repeat', 'document', 'present']) this.#deadlines.cancel(name);
  }

  /** Everything a broker or a Home Assistant that knows nothing needs, in the order that shows nothing wrong meanwhile. */
  #announce(link: BrokerConnection): void {
    const { commandPrefix, bridgeAvailability } = this.#topics;
    const { discovery, statusTopic } = this.#options.homeAssistant;
    // a command must never be retained, nor a live one; a birth may well be
    link.subscribe(discovery ? [statusTopic] : [], [`${commandPrefix}#`], (code) =>
      this.#refusals.note(`${commandPrefix}#`, code),
    );
    const { fresh } = this.#meterHealth.now;
    if (!fresh && this.#shown !== false) this.#show(false); // a connection made before the state was read has said so
    this.#announcer.announce(link);
    this.#linkState.publish();
    const { text } = this.#halfHours;
    if (text !== undefined) this.#sendRetained(this.#topics.halfHour, text);
    this.#live.publish();
    if (fresh) this.#show(true);
    this.#sendRetained(bridgeAvailability, 'online'); // last: nobody sees the one before of link and meter beside the other's new
  }

  #message(topic: string, payload: Buffer, retained: boolean): void {
    const { commandPrefix } = this.#topics;
    if (topic === presenceTopic(this.#topics)) this.#sayPresent();
    else if (topic.startsWith(commandPrefix))
      this.#gate.take({ name: topic.slice(commandPrefix.length), bytes: payload.length, retained });
    else if (!retained && payload.length < 16 && payload.toString().toLowerCase() === 'online')
      this.#announcer.born((link) => this.#announce(link));
  }

  /** Another bridge asks; nobody makes us say it as fast as he can. */
  #sayPresent(): void {
    if (this.#deadlines.has('present')) return;
    this.#deadlines.in(PRESENT_PACE_MS, 'present', () => this.#sendRetained(this.#topics.bridgeAvailability, 'online'));
  }

  #farewell(): readonly Message[] {
    const { meterAvailability, bridgeAvailability } = this.#topics;
    return [meterAvailability, bridgeAvailability].map((topic) => ({
      topic,
      payload: 'offline',
      qos: 1,
      retain: true,
    }));
  }

  /**
   * Shows what is true now and comes back when the newest answer passes its mark. `connected` is `ON` only while the meter
   * is `online`, at each moment: so it follows on the way up and goes first on the way down.
   */
  #showHealth(): void {
    const { fresh } = this.#meterHealth.now;
    const { staleInMs } = this.#meterHealth;
    if (this.#connection.link) {
      if (!fresh) this.#linkState.tell();
      if (fresh !== this.#shown) this.#show(fresh);
      if (fresh) this.#linkState.tell();
    }
    if (staleInMs !== undefined) this.#deadlines.in(staleInMs, 'stale', () => this.#showHealth());
  }

  #show(fresh: boolean): void {
    if (!this.#connection.link) return;
    this.#shown = fresh;
    this.#sendRetained(this.#topics.meterAvailability, fresh ? 'online' : 'offline');
  }

  /** Retained only where the broker forgets it in time: a replayed old value would look current. */
  #sendInstant(payload: string): void {
    const { link } = this.#connection;
    const expiryS = expireAfterS(this.#options.meter.intervalS, this.#slowestS);
    this.#send({ topic: this.#topics.instant, payload, qos: 0, retain: link?.protocol === 5, expiryS });
    link?.flush();
  }

  #sendRetained(topic: string, payload: string): void {
    this.#send({ topic, payload, qos: 1, retain: true });
  }

  /** Without a connection nothing is kept: the next one begins with the newest of everything. */
  #send(message: Message, done?: (outcome: Outcome) => void): void {
    this.#connection.link?.publish(message, (outcome) => {
      if (typeof outcome === 'number') this.#refusals.note(message.topic, outcome);
      done?.(outcome);
    });
  }
}
