// @ts-check
/**
 * A room, as far as one needs it to read and to write: the server has painted the last entries, and what is written is
 * stored before anything else happens to it. The connection and the running log come right after (js/live.js), what
 * waits for a wish of the reader (marks, edit, report, leave) when it is wished for (js/actions.js).
 */
import { Outbox, storedShelf } from "./outbox.js";
import { clockOf, wordsOf } from "./words.js";
import { Pending } from "./pending.js";
import { Composer } from "./composer.js";
import { toast } from "./toast.js";

export class Room extends HTMLElement {
  /** @type {import("./live.js").Live | undefined} the connection, once it is loaded */
  live;

  connectedCallback() {
    const { room, me, kind, words } = this.dataset;
    const lang = document.documentElement.lang;
    this.room = Number(room);
    this.me = Number(me);
    this.kind = kind ?? "group";
    this.words = wordsOf(JSON.parse(words ?? "{}"), lang);
    this.clock = clockOf(lang);
    for (const time of this.querySelectorAll("time"))
      /** @type {Element} */ (time.firstElementChild).textContent = this.clock(Number(this.entryOf(time)?.dataset.at));
    this.composer = new Composer(this);
    this.pending = new Pending(this);
    this.toEnd();
    this.addEventListener("click", (event) => {
      if (this.live) this.live.clicked(event);
      else if (/** @type {Element} */ (event.target).closest("[data-back], .entry__more")) this.#notDone();
    });
    for (const wish of /** @type {const} */ (["leave", "second"]))
      document.querySelector(`[data-${wish}]`)
        ?.addEventListener("click", () => (this.live ? this.live.wish(wish) : this.#notDone()));
    this.#begin();
  }

  /** Writing works first; the connection's script comes after it, not beside it: on a slow line they would share it. */
  #begin() {
    this.outbox = new Outbox({
      shelf: storedShelf(), person: this.me ?? 0, room: this.room ?? 0,
      send: (unsent) => this.live?.say(unsent) ?? false, changed: () => this.pending?.show(),
    });
    this.outbox.hold(this.composer?.silent ?? false);
    this.toggleAttribute("data-ready", true);
    this.#connect();
    this.outbox.open();
  }

  /** Loading is tried until it works: on a bad line a file may fail too. */
  async #connect() {
    try {
      this.live = (await import(this.dataset.live ?? "")).start(this);
    } catch {
      setTimeout(() => this.#connect(), 3000);
    }
  }

  /** @param {string} name @returns {HTMLElement} */
  piece(name) {
    return /** @type {HTMLElement} */ (this.querySelector(`[data-${name}]`));
  }

  /** @param {Element} within @returns {HTMLElement | null} the row it stands in */
  entryOf(within) {
    return within.closest("[data-seq]");
  }

  #notDone() {
    toast(this.words?.("not_done") ?? "");
  }

  /** Go to the newest words. */
  toEnd() {
    if (this.live) this.live.log.toEnd();
    else this.piece("box").scrollTop = 1e9;
  }
}

customElements.define("hearth-room", Room);
