// @ts-check
/**
 * What a screen reader is told of a running talk: at most two entries of a beat are read (who, then what), more become
 * a count, so 300 messages in 6 s are a handful of sentences and not a flood.
 */

const BEAT_MS = 2000;

export class Announcer {
  /** @type {{name: string, text: string}[]} */
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

  /** @param {{name: string, text: string}[]} rows */
  add(rows) {
    if (!rows.length) return;
    this.#queue.push(...rows);
    this.#timer ||= /** @type {any} */ (setTimeout(() => this.flush(), BEAT_MS));
  }

  /** Say now what waits. */
  flush() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const rows = this.#queue.splice(0);
    if (rows.length > 2) this.#tell(this.#count(rows.length));
    else if (rows.length) this.#tell(rows.map((row) => `${row.name}: ${row.text}`).join(". "));
  }
}
