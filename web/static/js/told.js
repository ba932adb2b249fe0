// @ts-check
/** What was done, told for a while; and what can be undone for 10 s comes into force only after that. */

const UNDO_MS = 10_000;

/**
 * Why something was not done, as a key of the page's words. Where the answer was lost it may have been done, and nobody
 * is told that it was not.
 *
 * @param {string} t what was asked for
 * @param {import("./wire.js").Frame | null | undefined} answer as `Wire.ask` gives it
 * @param {import("./wire.js").State} state of the connection
 * @param {import("./words.js").Words} words
 */
export function whyNot(t, answer, state, words) {
  if (answer === undefined) return state === "ended" ? "ended" : "not_done";
  if (answer === null) return "unknown";
  return [`${t}_${answer.code}`, `refused_${answer.code}`].find((key) => words(key)) ?? "refused";
}

export class Told {
  #page;
  /** @type {{timer: number, run: () => void, undo: () => void} | null} */
  #undo = null;

  /** @param {import("./page.js").LivePage} page with [data-told-text] and [data-undo] */
  constructor(page) {
    this.#page = page;
  }

  /** Whether something can still be undone. */
  get isOpen() {
    return Boolean(this.#undo);
  }

  /** @param {string} key @param {Record<string, string | number>} [values] */
  tell(key, values) {
    const told = this.#page.piece("told-text");
    const words = (told.textContent = this.#page.words(key, values));
    this.#page.piece("undo").hidden = !this.#undo;
    setTimeout(() => !this.#undo && told.textContent === words && (told.textContent = ""), UNDO_MS);
  }

  /** Tell what was done, and let it be undone for 10 s; `run` comes after that. @param {string} key @param {Record<string, string>} values @param {() => void} run @param {() => void} undo */
  offer(key, values, run, undo) {
    this.settle();
    const end = (/** @type {() => void} */ then) => () => {
      clearTimeout(this.#undo?.timer);
      this.#undo = null;
      this.#page.piece("undo").hidden = true;
      this.#page.piece("told-text").textContent = "";
      then();
    };
    this.#undo = { timer: /** @type {any} */ (setTimeout(end(run), UNDO_MS)), run: end(run), undo: end(undo) };
    this.tell(key, values);
  }

  undo() {
    this.#undo?.undo();
  }

  /** Whatever could still be undone is final now. */
  settle() {
    this.#undo?.run();
  }
}
