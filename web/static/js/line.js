// @ts-check
/** The connection line: told apart from "somebody left", and silent for short losses. */

const LINE_MS = 2500;

export class Line {
  #room;
  #timer = 0;
  #ended = false;

  /** @param {import("./room.js").Room} room */
  constructor(room) {
    this.#room = room;
  }

  /** @param {{ready: boolean, ended: boolean}} now ready: the room is followed; ended: signed out, for good */
  look({ ready, ended }) {
    if (ended) this.#end();
    else if (ready) this.#show("");
    else if (!this.#room.hasAttribute("data-lost"))
      this.#timer ||= /** @type {any} */ (setTimeout(() => this.#show("lost"), LINE_MS));
  }

  /** Nothing is taken here any more, and nothing unsent stays on a device where one is signed out. */
  #end() {
    if (this.#ended) return;
    this.#ended = true;
    const { outbox, composer } = this.#room;
    const unsent = outbox?.waiting.length;
    outbox?.forget();
    const told = unsent ? "ended_unsent" : "ended";
    composer?.close("ended", this.#room.words?.(told));
    this.#show(told);
  }

  /** @param {"" | "lost" | "ended" | "ended_unsent"} key */
  #show(key) {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#room.piece("line").textContent = key && (this.#room.words?.(key) ?? "");
    this.#room.toggleAttribute("data-lost", Boolean(key));
    this.#room.piece("again").hidden = !this.#ended;
    this.#room.pending?.show();
  }
}
