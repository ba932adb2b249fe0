// @ts-check
/**
 * A third in a one-to-one: who asks to come in, what the member answers, and who is in it too.
 *
 * The page paints how it stands (data-third: who is in; [data-asks] and [data-inside], of which only the member's hold
 * buttons); entries change it. Nothing is sent but by a tap, and an ask that is not answered stays as it is.
 */
import { toast, unanswered } from "./toast.js";

/** @typedef {import("./state.js").Entry} Entry */

export class Third {
  #room;
  #title = document.querySelector("[data-two]");

  /** @param {import("./room.js").Room} room */
  constructor(room) {
    this.#room = room;
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (room.querySelectorAll("[data-consent]")))
      button.addEventListener("click", () => {
        const { ask } = room.piece("asks").dataset;
        this.#tell({ t: "consent", ask: Number(ask), choice: button.dataset.consent });
      });
    const letGo = room.querySelector("[data-let-go]");
    letGo?.addEventListener("click", () => this.#tell({ t: "letgo", room: room.room }, "let_go"));
  }

  /** Who it is; 0: nobody. */
  get person() {
    return Number(this.#room.dataset.third || 0);
  }

  /** @param {{person: number, nickname: string, part: string}[]} people the room's members, as its join told them */
  met(people) {
    const third = people.find((one) => one.part === "professional");
    this.#inside(third?.person ?? 0, third?.nickname ?? "");
  }

  /** @param {Entry} entry @returns {boolean} whether somebody else is in it now */
  heard(entry) {
    const before = this.person;
    const { kind, code = "", author = 0, name = "" } = entry;
    if (kind === "notice" && code.endsWith("_asks")) this.#asks(entry);
    else if ((kind === "notice" && code === "between_two") || kind === "closed") this.#answered();
    else if (kind === "joined" && code) {
      this.#answered();
      this.#inside(author, name);
    } else if (kind === "left" && author && author === this.person) {
      this.#inside(0, "");
      if (author === this.#room.me) this.#room.composer?.look();
    }
    return this.person !== before;
  }

  /** @param {Entry} entry */
  #asks({ ref, code, name }) {
    const card = this.#room.piece("asks");
    if (!card) return;
    card.dataset.ask = String(ref);
    card.hidden = false;
    this.#room.piece("asks-text").textContent = this.#room.words?.(`notice_${code}`, { name: name ?? "" }) ?? "";
  }

  #answered() {
    const card = this.#room.piece("asks");
    if (!card || card.hidden) return;
    if (card.contains(document.activeElement)) this.#room.piece("say").focus();
    card.hidden = true;
  }

  /** @param {number} person @param {string} name */
  #inside(person, name) {
    const card = this.#room.piece("inside");
    if (!card || person === this.person) return;
    this.#room.dataset.third = String(person || "");
    const { two, own } = /** @type {HTMLElement} */ (this.#title).dataset;
    /** @type {HTMLElement} */ (this.#title).textContent = (person ? [two, name, own] : [two]).join(" · ");
    this.#title?.toggleAttribute("data-three", Boolean(person));
    if (card.contains(document.activeElement)) this.#room.piece("say").focus();
    card.hidden = !person || person === this.#room.me;
    this.#room.piece("inside-text").textContent = this.#room.words?.("inside", { name }) ?? "";
  }

  /** @param {Record<string, unknown> & {t: string}} command @param {string} [done] what is told then */
  async #tell(command, done) {
    const { live, words } = this.#room;
    const answer = live && (await live.wire.ask(command));
    if (answer?.t === "done") {
      if (done) toast(words?.(done) ?? "");
      return;
    }
    toast(words?.(answer ? `refused_${answer.code}` : unanswered(answer)) || words?.("refused") || "");
    if (answer?.code === "gone") this.#answered();
  }
}
