// @ts-check
/** How far this person has read: told at most every 5 s, and no further than what was in view. */

const READ_MS = 5000;

export class Reading {
  #seen = 0;
  #timer = 0;
  #tell;

  /** @param {(seq: number) => void} tell */
  constructor(tell) {
    this.#tell = tell;
  }

  /** All up to here is in view. @param {number} seq */
  saw(seq) {
    this.#seen = seq;
    this.#timer ||= /** @type {any} */ (setTimeout(() => {
      this.#timer = 0;
      this.#tell(this.#seen);
    }, READ_MS));
  }
}
