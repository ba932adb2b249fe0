// @ts-check
/** The staffing light: how the place stands, who is on duty, what has waited too long, and what is to be reviewed. */
import { write } from "./page.js";
import { showPart, showRows } from "./rows.js";

const AGAIN_MS = 30_000;

/** @typedef {{case: number, level: string, due: number}} Review */

export class Staffing {
  #page;
  #review;
  #timer = 0;
  /** @type {{person: number, nickname: string}[]} who may take over a case now */
  colleagues = [];

  /**
   * @param {import("./page.js").LivePage} page with [data-staffing], and its counts by name; [data-reviews]
   * @param {(which: number, told: string) => void} review notes that a case was reviewed; told: which, in words
   */
  constructor(page, review) {
    this.#page = page;
    this.#review = review;
  }

  /** Ask how it stands; it is asked again by itself. */
  async look() {
    clearTimeout(this.#timer);
    this.#timer = /** @type {any} */ (setTimeout(() => this.look(), AGAIN_MS));
    const answer = await fetch("/console/staffing", { headers: { accept: "application/json" } }).catch(() => null);
    if (answer?.ok) this.#show(await answer.json());
  }

  /** @param {Record<string, number> & {heavy: string, colleagues: {person: number, nickname: string}[], reviews: Review[]}} now */
  #show(now) {
    const light = this.#page.piece("staffing");
    for (const name of ["rooms", "people", "moderators", "supervisors", "professionals", "waiting"])
      write(light, `n-${name}`, String(now[name]));
    light.toggleAttribute("data-late", now.waiting > 0);
    light.toggleAttribute("data-alone", now.moderators + now.supervisors === 0);
    write(light, "heavy", now.heavy);
    this.#page.piece("heavy").hidden = !now.heavy;
    this.colleagues = now.colleagues;
    this.#reviews(now.reviews);
  }

  /** @param {Review[]} reviews */
  #reviews(reviews) {
    const page = this.#page;
    const day = new Intl.DateTimeFormat(page.lang, { dateStyle: "medium", timeStyle: "short" });
    showRows(page.piece("reviews"), reviews, (one) => one.case, (one) => {
      const row = page.copy("review-of");
      const which = `${page.words(`level_${one.level}`)}, ${day.format(one.due)}`;
      row.querySelector("button")?.addEventListener("click", () => this.#review(one.case, which));
      return row;
    }, (row, one) => {
      write(row, "level", page.words(`level_${one.level}`));
      write(row, "due", day.format(one.due));
    });
    showPart(page.piece("to-review"), reviews.length > 0, page.piece("queue"));
  }
}
