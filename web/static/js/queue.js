// @ts-check
/**
 * The queue of cases: what is shown and what is held.
 *
 * The one idea: nothing moves under the hand. A case that arrives is held until it is asked for; one that is shown may
 * change its state where it stands, and leaves only when the held ones come in.
 *
 * @typedef {{case: number, level: string, state: string, room: number, room_name: string, at: number,
 *   subject: {person: number, nickname: string}, claimed_by: number, claimed_name: string, kind?: string,
 *   caller_name?: string, asked?: number, asked_name?: string, acknowledged?: boolean, code: string, times: number,
 *   found?: string, done?: boolean, third?: string}} Case
 */

/** What a case is about, the most harmful first; the server has the same order. */
export const LEVELS = ["imminent", "minors", "sexual", "hate", "appeal", "spam", "other"];

/** By harm, then the oldest first. @param {Case} a @param {Case} b */
const byHarm = (a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level) || a.at - b.at || a.case - b.case;

/**
 * What a detector found, and how often, or that something waits; nothing where somebody reported.
 * @param {Case} one @param {import("./words.js").Words} words
 */
export const found = (one, words) => {
  const what = one.found || (one.code && words(`found_${one.code}`));
  return one.code && one.code !== "held" ? `${what} ${words("often", { n: one.times })}`.trim() : what;
};

export class Queue {
  /** @type {Case[]} */
  shown = [];
  /** @type {Case[]} */
  #all = [];
  /** @type {Set<string>} */
  #levels = new Set(LEVELS);
  /** @type {Set<number>} */
  #done = new Set();
  selected = 0;

  /** @returns {Case | undefined} */
  get current() {
    return this.shown.find((one) => one.case === this.selected);
  }

  /** A case as it stands now, shown or not; undefined: it is over, or not for whoever looks. @param {number} which */
  find(which) {
    return this.#done.has(which) ? undefined : this.#all.find((one) => one.case === which);
  }

  /** Select a case, if it is shown. @param {number} which */
  select(which) {
    if (this.shown.some((one) => one.case === which)) this.selected = which;
  }

  /** How many arrived and are held back. */
  get held() {
    return this.#wanted().filter((one) => !this.shown.some((each) => each.case === one.case)).length;
  }

  /** Take the present list. @param {Case[]} cases */
  take(cases) {
    this.#all = cases;
    const now = new Map(cases.map((one) => [one.case, one]));
    const standing = (/** @type {number} */ which) => (this.#done.has(which) ? undefined : now.get(which));
    this.shown = this.shown.map((one) => standing(one.case) ?? { ...one, state: "closed" });
    if (!this.shown.length) this.refresh();
  }

  /** Show what was held; what has ended leaves. */
  refresh() {
    this.shown = this.#wanted().sort(byHarm);
    if (!this.current) this.selected = this.shown[0]?.case ?? 0;
  }

  /** @param {number} step @returns {boolean} whether there was one */
  move(step) {
    const index = this.shown.findIndex((one) => one.case === this.selected);
    const next = this.shown[index + step];
    if (next) this.selected = next.case;
    return Boolean(next);
  }

  /** Show cases of this level, or not. @param {string} level @param {boolean} on */
  filter(level, on) {
    if (on) this.#levels.add(level);
    else this.#levels.delete(level);
    this.refresh();
  }

  /** It is dealt with here, whatever the next list says; or, `done` false, it is not after all. @param {number} which @param {boolean} done */
  settle(which, done) {
    if (done) this.#done.add(which);
    else this.#done.delete(which);
    this.shown = this.shown.map((one) => (one.case === which ? { ...one, state: done ? "closed" : "claimed" } : one));
  }

  #wanted() {
    return this.#all.filter((one) => this.#levels.has(one.level) && !this.#done.has(one.case));
  }
}
