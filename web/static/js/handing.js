// @ts-check
/**
 * What puts a case into other hands: handed back, handed over, escalated, acknowledged; and reviewed when it is over. And
 * asking to come into the chat it is about.
 *
 * @typedef {import("./queue.js").Case} Case
 * @typedef {{ask: (command: Record<string, unknown> & {t: string}, told: string) => Promise<boolean>,
 *   form: (name: string, about: string) => Promise<Record<string, string> | null>,
 *   claim: (one: Case) => Promise<boolean>, name: (one: Case) => string}} Hands
 */

export class Handing {
  #hands;

  /** @param {Hands} hands how the console asks, shows a form, and claims */
  constructor(hands) {
    this.#hands = hands;
  }

  /** @param {string} act @param {Case} one @returns {Promise<boolean>} whether it was an act of these */
  async act(act, one) {
    if (act === "release") await this.#hands.ask({ t: "release", case: one.case }, "released");
    else if (act === "acknowledge") await this.#hands.ask({ t: "acknowledge", case: one.case }, "acknowledged");
    else if (act === "ask-in") await this.#askIn(one);
    else if (act === "escalate") await this.#escalate(one);
    else return false;
    return true;
  }

  /** @param {Case} one */
  async #escalate(one) {
    const level = /** @type {HTMLSelectElement} */ (document.querySelector("#escalate [name=level]"));
    for (const option of level.options) option.defaultSelected = option.value === one.level;
    const form = await this.#hands.form("escalate", this.#hands.name(one));
    if (!form || !(await this.#hands.claim(one))) return;
    await this.#hands.ask({ t: "escalate", case: one.case, level: form.level, reason: form.reason }, "escalated");
  }

  /** @param {Case} one */
  async #askIn(one) {
    const form = await this.#hands.form("ask-in", this.#hands.name(one));
    if (form) await this.#hands.ask({ t: "askin", case: one.case, reason: form.reason }, "asked_in");
  }

  /** Hand over every case one holds. @param {{person: number, nickname: string}[]} colleagues who are on shift */
  async handOver(colleagues) {
    const to = /** @type {HTMLSelectElement} */ (document.querySelector("#hand-over [name=to]"));
    to.replaceChildren(to.options[0], ...colleagues.map((one) => new Option(one.nickname, String(one.person))));
    const form = await this.#hands.form("hand-over", "");
    if (form) await this.#hands.ask({ t: "handover", ...(form.to ? { to: Number(form.to) } : {}) }, "handed_over");
  }

  /** @param {number} which @param {string} told which, in words */
  async review(which, told) {
    const form = await this.#hands.form("review", told);
    if (form) await this.#hands.ask({ t: "review", case: which, reason: form.reason }, "reviewed");
  }
}
