// @ts-check
/** What a staff or waiting page needs of its element: pieces, words, and the connection line. */
import { pageWire } from "./wire.js";
import { wordsOf } from "./words.js";

const LINE_MS = 2500;

export class LivePage extends HTMLElement {
  /** @type {import("./words.js").Words} */
  words = (key) => key;
  /** @type {import("./wire.js").Wire} */
  wire = pageWire(() => this.#line());
  lang = document.documentElement.lang;
  #timer = 0;

  connectedCallback() {
    this.words = wordsOf(JSON.parse(this.dataset.words ?? "{}"), this.lang);
    this.begin();
    this.wire.start();
  }

  /** What a page does before the connection starts. */
  begin() {}

  /** @param {string} name @returns {HTMLElement} */
  piece(name) {
    return /** @type {HTMLElement} */ (this.querySelector(`[data-${name}]`));
  }

  /** @param {string} name @returns {HTMLElement} a fresh copy of the template of this name */
  copy(name) {
    const template = /** @type {HTMLTemplateElement} */ (this.piece(name));
    return /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  }

  #line() {
    const state = this.wire.state;
    const line = this.piece("line");
    const show = (/** @type {string} */ text) => {
      clearTimeout(this.#timer);
      this.#timer = 0;
      line.textContent = text;
      line.hidden = !text;
    };
    if (state === "live") show("");
    else if (state === "ended") show(this.words("ended"));
    else if (line.hidden) this.#timer ||= /** @type {any} */ (setTimeout(() => show(this.words("lost")), LINE_MS));
  }
}

/** Write a text into a piece of a copied template. @param {Element} within @param {string} name @param {string} text */
export function write(within, name, text) {
  const piece = /** @type {HTMLElement} */ (within.querySelector(`[data-${name}]`));
  piece.textContent = text;
  return piece;
}

/** How long ago, in the page's language. @param {number} seconds @param {string} lang */
export function ago(seconds, lang) {
  const relative = new Intl.RelativeTimeFormat(lang, { style: "short" });
  if (seconds < 60) return relative.format(-Math.round(seconds), "second");
  if (seconds < 3600) return relative.format(-Math.round(seconds / 60), "minute");
  if (seconds < 86_400) return relative.format(-Math.round(seconds / 3600), "hour");
  return relative.format(-Math.round(seconds / 86_400), "day");
}
