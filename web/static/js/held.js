// @ts-check
/** What this person said and no moderator has looked at yet: shown below the log, to themselves alone. */
import { toast, unanswered } from "./toast.js";

/** What may have become of it, as one's inbox tells it. */
const TOLD = new Set(["declined", "undone", "not_looked_at"]);

/** @typedef {{say_id: string, text: string, waits: boolean}} HeldSay */

export class Held {
  #room;
  #list;

  /** @param {import("./room.js").Room} room */
  constructor(room) {
    this.#room = room;
    this.#list = room.piece("held");
    this.#list.addEventListener("click", (event) => {
      const item = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-say-id]"));
      if (item && /** @type {Element} */ (event.target).closest("[data-back]")) this.#takeBack(item.dataset.sayId ?? "");
    });
  }

  /** It is kept, and waits: it is unsent no more. @param {string} sayId */
  keep(sayId) {
    const one = this.#room.outbox?.waiting.find((each) => each.say_id === sayId);
    if (one && !this.#item(sayId)) {
      this.#list.append(this.#made({ ...one, waits: true }));
      this.#room.piece("announcer").textContent = this.#room.words?.("held_waits") ?? "";
    }
    this.#room.outbox?.drop(sayId);
  }

  /** Its own entry has come: it neither waits here nor is unsent. @param {string} sayId */
  said(sayId) {
    this.#item(sayId)?.remove();
    this.#room.outbox?.drop(sayId);
  }

  /** One's inbox has told something. @param {import("./state.js").Entry} entry */
  told(entry) {
    if (TOLD.has(entry.kind === "notice" ? entry.code ?? "" : entry.kind)) this.look();
  }

  /** Ask what waits now. */
  async look() {
    const answer = await fetch(`/rooms/${this.#room.room}/held`).catch(() => null);
    if (!answer?.ok) return;  // it is told with the next notice, or the next page
    const says = /** @type {HeldSay[]} */ (await answer.json());
    this.#list.replaceChildren(...says.map((one) => this.#made(one)));
  }

  /** @param {string} sayId */
  async #takeBack(sayId) {
    const { room, live, words } = this.#room;
    const answer = await live?.wire.ask({ t: "takeback", room, say_id: sayId });
    if (answer?.t === "done") {
      this.#item(sayId)?.remove();
      this.#room.piece("say").focus();
      return;
    }
    toast(words?.(answer ? "refused_gone" : unanswered(answer)) ?? "");
    if (answer) this.look();
  }

  /** @param {string} sayId @returns {HTMLElement | null} */
  #item(sayId) {
    return this.#list.querySelector(`[data-say-id="${CSS.escape(sayId)}"]`);
  }

  /** @param {HeldSay} one */
  #made({ say_id, text, waits }) {
    const template = /** @type {HTMLTemplateElement} */ (this.#room.piece("held-of"));
    const item = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
    item.dataset.sayId = say_id;
    /** @type {HTMLElement} */ (item.querySelector("[data-text]")).id = `held-${say_id}`;
    item.querySelector("[data-back]")?.setAttribute("aria-describedby", `held-${say_id}`);
    for (const [part, told] of [["text", text], ["state", this.#room.words?.(waits ? "held_waits" : "held_in_vain") ?? ""]])
      /** @type {HTMLElement} */ (item.querySelector(`[data-${part}]`)).textContent = told;
    return item;
  }
}
