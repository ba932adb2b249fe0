// @ts-check
/**
 * The waiting page: tells when the chat is open, and goes there when the person says so.
 *
 * The page holds <hearth-waiting data-words='{"lost": …, "ended": …, "opened": …}'> around: [data-line] (hidden, role
 * status), [data-waiting] (what is shown while one waits), [data-opened] (hidden) with [data-told role=status] and an
 * <a data-enter class="button button--main">, and [data-notice] (hidden): words for a request that has ended.
 */
import { LivePage } from "./page.js";
import { follow } from "./inbox.js";

class Waiting extends LivePage {
  begin() {
    follow(this.wire, undefined, (entry) => {
      if (entry.kind === "opened" && entry.ref) this.#opened(entry.ref);
      else if (entry.kind === "notice" && entry.code?.startsWith("request_")) this.#ended();
    }, () => this.#look());
  }

  /** After a loss of the line, or where the room opened before this page was there: ask the page's own address. */
  async #look() {
    try {
      const answer = await fetch("/waiting", { headers: { accept: "application/json" } });
      if (!answer.ok || !answer.headers.get("content-type")?.includes("json")) return;
      const { state, room } = await answer.json();
      if (state === "accepted" && room) this.#opened(room);
      else if (state === "ended" || state === "expired") this.#ended();
    } catch {
      // no network: asked again when the line is back
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
