// @ts-check
/** The staffing light: how the place stands, who is on duty, what has waited too long, and what is to be reviewed. */
import { write } from "./page.js";

const AGAIN_MS = 30_000;

export class Staffing {
  #page;
  #timer = 0;
  /** @type {{person: number, nickname: string}[]} who may take over a case now */
  colleagues = [];

  /** @param {import("./page.js").LivePage} page with [data-staffing], and its counts by name; [data-reviews] */
  constructor(page) {
    this.#page = page;
  }

  /** Ask how it stands; it is asked again by itself. */
  async look() {
    clearTimeout(this.#timer);
    this.#timer = /** @type {any} */ (setTimeout(() => this.look(), AGAIN_MS));
    const answer = await fetch("/console/staffing", { headers: { accept: "application/json" } }).catch(() => null);
    if (answer?.ok) this.#show(await answer.json());
  }

  /** @param {Record<string, number> & {heavy: string, colleagues: {person: number, nickname: string}[], reviews: {case: number, level: string, due: number}[]}} now */
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

  /** @param {{case: number, level: string, due: number}[]} reviews */
  #reviews(reviews) {
    const list = this.#page.piece("reviews");
    const day = new Intl.DateTimeFormat(this.#page.lang, { dateStyle: "medium", timeStyle: "short" });
    const rows = reviews.map((one) => {
      const row = this.#page.copy("review-of");
      write(row, "level", this.#page.words(`level_${one.level}`));
      write(row, "due", day.format(one.due));
      /** @type {HTMLElement} */ (row.querySelector("[data-review]")).dataset.review = String(one.case);
      return row;
    });
    list.replaceChildren(...rows);
    this.#page.piece("to-review").hidden = !rows.length;
  }
}
