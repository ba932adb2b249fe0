// @ts-check
/**
 * What a screen reader is told of a running talk: at most two entries of a beat are read (who, then what), more become
 * a count, so 300 messages in 6 s are a handful of sentences and not a flood. What was taken back or erased before its
 * beat is read as it is shown by then.
 */

const BEAT_MS = 2000;

export class Announcer {
  /** @type {(() => string)[]} */
  #queue = [];
  #timer = 0;
  #tell;
  #count;

  /**
   * @param {(text: string) => void} tell puts a text into the polite status
   * @param {(n: number) => string} count words for "n new messages"
   */
  constructor(tell, count) {
    this.#tell = tell;
    this.#count = count;
  }

  /** @param {(() => string)[]} readings each reads one entry, as it is then */
  add(readings) {
    if (!readings.length) return;
    this.#queue.push(...readings);
    this.#timer ||= /** @type {any} */ (setTimeout(() => this.flush(), BEAT_MS));
  }

  /** Say now what waits. */
  flush() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const readings = this.#queue.splice(0);
    if (readings.length > 2) this.#tell(this.#count(readings.length));
    else if (readings.length) this.#tell(readings.map((read) => read()).join(". "));
  }
}
