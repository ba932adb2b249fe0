// @ts-check
/**
 * Which rows are in the page: a slice of the timeline's rows of bounded length. `content-visibility` alone was not
 * enough (5,000 rows: 5 frames a second); about 200 rows are.
 */

export const ROWS = 200;
/** At the end nobody looks further up, and every row costs layout while many talk. */
const AT_END = 120;
const STEP = 60;

export class Slice {
  start = 0;
  end = 0;

  /** Show the newest of `count` rows. @param {number} count */
  toEnd(count) {
    this.end = count;
    this.start = Math.max(0, count - AT_END);
  }

  /** Whether the newest of `count` rows is shown. @param {number} count */
  atEnd(count) {
    return this.end >= count;
  }

  /** Rows came at the end while the reader is elsewhere: show them as long as there is space. @param {number} count */
  grow(count) {
    this.end = Math.min(count, Math.max(this.end, this.start + ROWS));
  }

  /** Rows were put before all others (or, negative, taken away there): what is shown stays. @param {number} n */
  shift(n) {
    this.start = Math.max(0, this.start + n);
    this.end = Math.max(0, this.end + n);
  }

  /** Show older rows. @returns {boolean} whether there were any */
  up() {
    if (this.start === 0) return false;
    this.start = Math.max(0, this.start - STEP);
    this.end = Math.min(this.end, this.start + ROWS);
    return true;
  }

  /** Show newer rows. @param {number} count @returns {boolean} whether there were any */
  down(count) {
    if (this.end >= count) return false;
    this.end = Math.min(count, this.end + STEP);
    this.start = Math.max(this.start, this.end - ROWS);
    return true;
  }

  /** Show row `index` somewhere in the middle. @param {number} index @param {number} count */
  around(index, count) {
    if (index >= this.start && index < this.end) return;
    this.start = Math.max(0, index - ROWS / 2);
    this.end = Math.min(count, this.start + ROWS);
  }
}
