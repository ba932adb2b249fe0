// @ts-check
/** What waits in a room that holds, in its case on the console: let through, or declined. */
import { write } from "./page.js";
import { showPart, showRows } from "./rows.js";

/** @typedef {{id: number, name: string, at: number, text: string}} HeldSay */
/**
 * @typedef {import("./queue.js").Case & {reason: string, seq?: number, place: string, locked: boolean, holds: string,
 *   shown: boolean, appeal?: import("./appeal.js").Against | null, held: HeldSay[],
 *   by_valve: import("./standing.js").Standing[], by_us: import("./standing.js").Standing[], entries: import("./around.js").Around[]}} Opened
 */

export class Judging {
  #page;
  #hands;
  /** @type {Opened | null} */
  #opened = null;
  #offered = false;

  /** @param {import("./page.js").LivePage} page @param {import("./handing.js").Hands} hands */
  constructor(page, hands) {
    this.#page = page;
    this.#hands = hands;
  }

  /** Show what waits in the case that is open now. @param {Opened} opened */
  show(opened) {
    this.#opened = opened;
    const page = this.#page;
    const holds = opened.code === "held";
    for (const name of ["waits", "judge"]) page.piece(name).hidden = !holds;
    if (holds) for (const name of ["around-name", "no-words"]) page.piece(name).hidden = true;
    this.#list();
  }

  /** Whether what waits may be judged now. @param {boolean} offered */
  stand(offered) {
    this.#offered = offered;
    this.#list();
  }

  #list() {
    const { held } = /** @type {Opened} */ (this.#opened);
    this.#page.piece("none-waits").hidden = held.length > 0;
    const list = this.#page.piece("held");
    showRows(list, held, (one) => one.id, (one) => this.#item(one), (item) =>
      showPart(/** @type {HTMLElement} */ (item.querySelector("[data-judges]")), this.#offered, list));
  }

  /**
   * Ask for what has come since to wait in the case that is open, which is written down as opening it is. It stands below
   * what is there: nothing moves under the hand.
   *
   * @param {import("./queue.js").Case[]} queue
   */
  async look(queue) {
    const page = this.#page;
    const before = this.#opened;
    const now = queue.find((one) => one.case === before?.case);
    if (!before || before.code !== "held" || page.piece("pane").hidden || !now) return;
    const more = now.times > before.times;
    before.times = now.times;
    if (!more) return;
    const answer = await fetch(`/console/cases/${before.case}`, { headers: { accept: "application/json" } }).catch(() => null);
    const opened = this.#opened;
    if (!answer?.ok || opened?.case !== before.case) return;  // it is asked again when the next comes
    const { held } = /** @type {Opened} */ (await answer.json());
    const fresh = held.filter((one) => !opened.held.some((each) => each.id === one.id));
    if (!fresh.length) return;
    opened.held.push(...fresh);
    this.#list();
    page.piece("heard").textContent = page.words("more_waits", { n: fresh.length });
  }

  /** @param {HeldSay} one */
  #item(one) {
    const item = this.#page.copy("held-of");
    write(item, "author", one.name);
    write(item, "words-of", one.text).id = `held-${one.id}`;
    for (const act of ["let-through", "decline"]) {
      const button = item.querySelector(`[data-${act}]`);
      button?.setAttribute("aria-describedby", `held-${one.id}`);
      button?.addEventListener("click", () => this.#judge(act, one));
    }
    return item;
  }

  /**
   * Judge the oldest of what waits.
   *
   * @param {string} act
   * @param {number} which case; nothing is done in one whose words are covered still
   * @returns {Promise<boolean>} whether it was an act of these
   */
  async act(act, which) {
    if (act !== "let-through" && act !== "decline") return false;
    const oldest = this.#opened?.case === which ? this.#opened.held[0] : undefined;
    if (oldest) await this.#judge(act, oldest);
    return true;
  }

  /** @param {string} act @param {HeldSay} one */
  async #judge(act, one) {
    const opened = /** @type {Opened} */ (this.#opened);
    const form = act === "decline" ? await this.#hands.form("decline", one.name) : {};
    if (!form || !(await this.#hands.claim(opened))) return;
    const because = act === "decline" ? { rule: form.rule, reason: form.reason, case: opened.case } : {};
    const done = await this.#hands.ask({ t: act === "let-through" ? "letthrough" : "decline", held: one.id, ...because }, `done_${act}`);
    if (!done) return;
    const now = this.#opened;  // it may have been read again, or another may be open
    if (now?.case !== opened.case) return;
    now.held = now.held.filter((each) => each.id !== one.id);
    this.#list();
  }
}
