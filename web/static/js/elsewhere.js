// @ts-check
/**
 * What waits for a person outside the room they are in: a chat that somebody said yes to, an offer before a peer.
 *
 * It is shown in [data-elsewhere] until it is over or put aside; the page's title says that there is something, and
 * not what.
 */

export class Elsewhere {
  #room;
  /** The chat that waits; 0: none. */
  #opened = 0;
  /** @type {Set<number>} */
  #offers = new Set();

  /** @param {import("./room.js").Room} room */
  constructor(room) {
    this.#room = room;
    room.piece("later").addEventListener("click", () => {
      this.#opened = 0;
      this.#offers.clear();
      this.#show();
    });
  }

  /** @param {import("./state.js").Entry} entry of one's inbox */
  heard({ kind, ref = 0, code }) {
    if (kind === "opened" && ref !== this.#room.room) this.#opened = ref;
    else if (kind === "offered") this.#offers.add(ref);
    else if (kind === "closed") {
      this.#offers.delete(ref);
      if (code === "accepted") this.#opened = 0; // it is they who said yes, on another page, and went there
    } else return;
    this.#show();
  }

  #show() {
    const { words } = this.#room;
    const notice = this.#room.piece("elsewhere");
    const link = this.#room.piece("elsewhere-to");
    const what = this.#opened ? "opened" : this.#offers.size ? "offered" : "";
    if (!what && notice.contains(document.activeElement)) this.#room.piece("say").focus();
    if (what && notice.hidden) notice.dataset.title = document.title;
    if (!what && !notice.hidden) document.title = notice.dataset.title ?? "";
    notice.hidden = !what;
    if (!what) return;
    document.title = words?.("note") ?? "";
    link.textContent = words?.(`to_${what}`) ?? "";
    link.setAttribute("href", this.#opened ? `/rooms/${this.#opened}` : "/desk");
    this.#room.piece("elsewhere-told").textContent = words?.(`elsewhere_${what}`) ?? "";
  }
}
