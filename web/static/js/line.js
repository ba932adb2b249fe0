// @ts-check
/** The connection line: told apart from "somebody left", and silent for short losses. */

const LINE_MS = 2500;

export class Line {
  #room;
  #timer = 0;

  /** @param {import("./room.js").Room} room */
  constructor(room) {
    this.#room = room;
  }

  /** @param {{ready: boolean, ended: boolean}} now ready: the room is followed; ended: signed out, for good */
  look({ ready, ended }) {
    if (ended) this.#room.outbox?.forget();
    if (ended) this.#show("ended");
    else if (ready) this.#show("");
    else if (!this.#room.hasAttribute("data-lost"))
      this.#timer ||= /** @type {any} */ (setTimeout(() => this.#show("lost"), LINE_MS));
  }

  /** @param {"" | "lost" | "ended"} key */
  #show(key) {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#room.piece("line").textContent = key && (this.#room.words?.(key) ?? "");
    this.#room.toggleAttribute("data-lost", Boolean(key));
    this.#room.piece("again").hidden = key !== "ended";
    this.#room.pending?.show();
  }
}
