// @ts-check
/**
 * The waiting page: tells how the search stands and when the chat is open, and goes there when the person says so.
 *
 * The page holds <hearth-waiting data-words='{"lost": …, "ended": …, "opened": …}'> around: [data-line] (hidden, role
 * status), [data-waiting] (what is shown while one waits) with the sentences [data-now] and [data-waited], [data-opened] (hidden) with [data-told role=status] and an <a data-enter class="button button--main">,
 * and [data-notice] (hidden): words for a request that has ended.
 */
import { LivePage } from "./page.js";
import { follow } from "./inbox.js";

const SOON_MS = 1000;
const GENTLY_MS = 15_000;
const SLOWER = 1.4;

class Waiting extends LivePage {
  #pause = SOON_MS;
  #timer = 0;

  begin() {
    follow(this.wire, undefined, (entry) => {
      if (entry.kind === "opened" && entry.ref) this.#opened(entry.ref);
      else if (entry.kind === "notice" && entry.code?.startsWith("request_")) this.#ended();
    }, () => this.#look());
    document.addEventListener("visibilitychange", () => this.#look());
    this.#later();
  }

  /** Look again: soon at first and after every change, then more and more seldom; not while nobody looks. */
  #later() {
    clearTimeout(this.#timer);
    this.#timer = /** @type {any} */ (setTimeout(() => this.#look(), this.#pause));
    this.#pause = Math.min(this.#pause * SLOWER, GENTLY_MS);
  }

  /** How does it stand? Only a chat that opens is told by an entry; the search itself tells nobody anything. */
  async #look() {
    if (this.piece("waiting").hidden || document.visibilityState !== "visible") return;
    this.#later();
    try {
      const answer = await fetch("/waiting", { headers: { accept: "application/json" }, signal: AbortSignal.timeout(GENTLY_MS) });
      if (!answer.ok || !answer.headers.get("content-type")?.includes("json")) return;
      const told = await answer.json();
      if (told.state === "accepted" && told.room) this.#opened(told.room);
      else if (told.state === "waiting") this.#show(told);
      else this.#ended();
    } catch {
      // no network: asked again
    }
  }

  /** @param {Record<string, string>} told */
  #show(told) {
    for (const name of ["now", "waited"]) {
      const piece = this.piece(name);
      const words = told[name] ?? "";
      piece.hidden = !words;
      if (piece.textContent === words) continue;
      piece.textContent = words;
      if (name === "now") this.#pause = SOON_MS;
    }
  }

  /** @param {number} room */
  #opened(room) {
    const opened = this.piece("opened");
    if (!opened.hidden) return;
    this.piece("waiting").hidden = true;
    opened.hidden = false;
    const enter = this.piece("enter");
    enter.setAttribute("href", `/rooms/${room}`);
    this.piece("told").textContent = this.words("opened");
    enter.focus();
  }

  #ended() {
    if (!this.piece("opened").hidden) return;
    this.piece("waiting").hidden = true;
    this.piece("notice").hidden = false;
  }
}

customElements.define("hearth-waiting", Waiting);
