// @ts-check
/** The case that is open: what is read of it, and what is offered about it as it stands now. */
import { showAppeal } from "./appeal.js";
import { around } from "./around.js";
import { nameOf, showThird } from "./case_item.js";
import { offered } from "./offered.js";
import { write } from "./page.js";
import { found } from "./queue.js";
import { showPart } from "./rows.js";
import { showStanding } from "./standing.js";

/** @typedef {import("./queue.js").Case} Case */
/** @typedef {import("./judging.js").Opened} Opened */

export class Pane {
  #page;
  #judging;
  #back;
  #may;
  /** @type {Opened | null} */
  opened = null;
  /** @type {Set<string>} */
  offers = new Set();

  /**
   * @param {import("./page.js").LivePage} page
   * @param {import("./judging.js").Judging} judging shows what waits in it
   * @param {(act: number) => void} back takes an act back
   */
  constructor(page, judging, back) {
    this.#page = page;
    this.#judging = judging;
    this.#back = back;
    this.#may = new Set(page.dataset.may?.split(" "));
  }

  /** Show a case, or that none is open. @param {Opened | null} opened @param {Case} [now] its row in the queue */
  show(opened, now) {
    const page = this.#page;
    this.opened = opened;
    page.piece("covered").hidden = Boolean(opened);
    const pane = page.piece("pane");
    showPart(pane, Boolean(opened), page.piece("queue"));
    if (!opened) return;
    write(pane, "who", nameOf(page, { ...opened, ...now }));
    write(pane, "where", pane.querySelector("[data-who]")?.textContent === opened.room_name ? "" : opened.room_name ?? "");
    const hours = opened.holds.replace("-", "–");
    write(pane, "holds-told", page.words(hours === "always" ? "holds_always" : "holds_night", { hours })).hidden = !hours || opened.code === "held" && hours === "always";
    write(pane, "reason", opened.code ? `${found(opened, page.words)}. ${page.words(opened.code === "held" ? "by_holding" : opened.seq ? "by_rule" : "by_rule_waits")}` : opened.reason);
    page.piece("because").hidden = !opened.reason && !opened.code;
    page.piece("no-words").hidden = opened.entries.length > 0;
    showAppeal(page, opened);
    this.#judging.show(opened);
    const back = this.#may.has("act") ? this.#back : null;
    showStanding(page, "valve", opened.by_valve, back);
    showStanding(page, "ours", opened.by_us, back);
    page.piece("around").replaceChildren(...opened.entries.map((one) => around(page, one)));
    this.stand(now);
  }

  /** Show how it stands now. @param {Case | undefined} now its row in the queue; undefined: it has left it */
  stand(now) {
    const page = this.#page;
    const opened = this.opened;
    if (!opened) return;
    this.offers = offered(opened, now, { me: Number(page.dataset.me), may: this.#may });
    page.piece("over").hidden = Boolean(now);
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (page.piece("pane").querySelectorAll("[data-act]")))
      showPart(button, this.offers.has(button.dataset.act ?? ""), page.piece("who"));
    this.#judging.stand(this.offers.has("let-through"));
    showPart(page.piece("grading"), this.offers.has("grade"), page.piece("who"));
    if (!now) return;
    this.#level(now.level);
    showThird(page, now);
  }

  /** @param {string} level what the open case is about */
  #level(level) {
    const chosen = /** @type {HTMLSelectElement} */ (this.#page.piece("grade"));
    if (chosen !== document.activeElement) chosen.value = level;
    for (const card of /** @type {NodeListOf<HTMLElement>} */ (this.#page.querySelectorAll("[data-flow-of]")))
      card.hidden = card.dataset.flowOf !== level;
  }
}
