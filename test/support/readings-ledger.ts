/** A connection has at most so many readings in flight: each may come again with the next one. */
const IN_FLIGHT = 8;

interface Run {
  /** Readings it had to publish. */
  due: number;
  /** The `seq` that comes next. */
  next: number;
}

/** The books of the stream: what was published of what had to be, in order, nothing lost and nothing doubled beyond the promise. */
export class ReadingsLedger {
  /** Came a second time, in all. */
  doubled = 0;
  /** Never came, though the promise lets them be lost: a disk that refused, a kill. */
  lost = 0;
  readonly #runs = new Map<number, Run>();
  readonly #passedOver = new Set<string>();
  #mayLose = 0;
  #mayDouble = 0;

  /** A reading that has to come, sooner or later. */
  owes(run: number): void {
    this.#of(run).due++;
  }

  /** So many of those that wait now may never come. */
  mayLose(count: number): void {
    this.#mayLose += count;
  }

  /** A connection begins: what was in flight on the last one comes again. */
  connected(): void {
    this.#mayDouble += IN_FLIGHT;
  }

  /** @returns what is wrong with a reading that came, in words. */
  came(run: number, seq: number): string | undefined {
    const of = this.#of(run);
    if (seq > of.due) return `reading ${run}/${seq} is nobody's`;
    if (seq < of.next) return this.#again(run, seq);
    const from = of.next;
    of.next = seq + 1;
    if (seq === from) return undefined;
    if (seq - from > this.#mayLose) return `reading ${run}/${seq} came instead of ${from}`;
    this.#mayLose -= seq - from;
    for (let missing = from; missing < seq; missing++) this.#passedOver.add(`${run}/${missing}`);
    return undefined;
  }

  /** Nothing waits any more. @returns what is wrong, in words. */
  close(): string | undefined {
    let missing = 0;
    for (const of of this.#runs.values()) {
      missing += of.due - (of.next - 1);
      of.next = of.due + 1;
    }
    const tooMany = missing > this.#mayLose;
    this.lost += missing + this.#passedOver.size;
    this.#passedOver.clear();
    this.#mayLose = 0;
    this.#mayDouble = IN_FLIGHT; // of the connection that stands
    return tooMany ? `${missing} readings never came` : undefined;
  }

  #again(run: number, seq: number): string | undefined {
    if (this.#passedOver.delete(`${run}/${seq}`)) {
      this.#mayLose++;
      return undefined;
    }
    this.doubled++;
    return --this.#mayDouble < 0 ? `reading ${run}/${seq} came again, one more than were in flight` : undefined;
  }

  #of(run: number): Run {
    const of = this.#runs.get(run) ?? { due: 0, next: 1 };
    this.#runs.set(run, of);
    return of;
  }
}
