// @ts-check
/** What this person wrote and the server has not kept yet: shown below the log until its own entry comes back. */

const SLOW_MS = 2500;

export class Pending {
  #room;
  #timer = 0;

  /** @param {import("./room.js").Room} room */
  constructor(room) {
    this.#room = room;
  }

  show() {
    const waiting = this.#room.outbox?.waiting ?? [];
    const list = this.#room.piece("pending");
    const asks = this.#room.outbox?.asks;
    list.replaceChildren(...waiting.map((one, index) => this.#item(one, Boolean(asks) && index === 0)));
    clearTimeout(this.#timer);
    if (waiting.some((one) => Date.now() - one.at < SLOW_MS))
      this.#timer = /** @type {any} */ (setTimeout(() => this.show(), SLOW_MS));
  }

  /** @param {import("./outbox.js").Unsent} one @param {boolean} asks */
  #item(one, asks) {
    const { words, clock, live, outbox } = this.#room;
    const template = /** @type {HTMLTemplateElement} */ (this.#room.piece("unsent"));
    const li = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
    const find = (/** @type {string} */ part) => /** @type {HTMLElement} */ (li.querySelector(`[data-${part}]`));
    find("text").textContent = one.text;
    const slow = Date.now() - one.at >= SLOW_MS;
    const held = outbox?.held ?? false;
    const waits = held ? (this.#room.hasAttribute("data-over") ? "refused_room_closed" : "kept") : "";
    const key = one.failed ? `refused_${one.failed}` : waits || (asks ? "stale" : !live?.ready && slow ? "kept" : "sending");
    const told = words?.(key, { when: asks ? clock?.(one.at) ?? "" : "" }) || words?.("refused");
    find("state").textContent = told ?? "";
    find("choice").hidden = !one.failed && !asks && !held;
    find("retry").hidden = find("change").hidden = held;
    find("retry").addEventListener("click", () => outbox?.retry(one.say_id));
    find("drop").addEventListener("click", () => outbox?.drop(one.say_id));
    return li;
  }
}
