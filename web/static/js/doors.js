// @ts-check
/** The rooms that are guarded now: who waits in their lobbies, letting in one, or everybody. */
import { write } from "./page.js";

/** @typedef {{room: number, name: string, people: {person: number, nickname: string}[]}} Lobby */

export class Doors {
  #console;
  #told;

  /**
   * @param {import("./page.js").LivePage} console
   * @param {(command: Record<string, unknown> & {t: string}, told: string) => Promise<boolean>} told carries a command
   *   out and tells how it went
   */
  constructor(console, told) {
    this.#console = console;
    this.#told = told;
  }

  /** Ask who waits now, and show it. */
  async look() {
    const answer = await fetch("/console/lobbies", { headers: { accept: "application/json" } });
    const lobbies = /** @type {Lobby[]} */ (answer.ok ? await answer.json() : []);
    const card = this.#console.piece("doors");
    const had = card.contains(document.activeElement);
    card.hidden = !lobbies.length;
    this.#console.piece("lobbies").replaceChildren(...lobbies.map((one) => this.#lobby(one)));
    if (had) (/** @type {HTMLElement | null} */ (card.querySelector("button")) ?? this.#console.piece("queue")).focus();
  }

  /** @param {Lobby} lobby */
  #lobby({ room, name, people }) {
    const item = this.#console.copy("lobby-of");
    write(item, "guarded", name);
    write(item, "how-many", this.#console.words("in_lobby", { n: people.length }));
    const list = /** @type {HTMLElement} */ (item.querySelector("[data-people]"));
    list.replaceChildren(...people.map(({ person, nickname }) => {
      const row = this.#console.copy("newcomer");
      write(row, "newcomer-name", nickname);
      this.#button(row, { t: "letin", room, person }, "let_in");
      return row;
    }));
    list.hidden = !people.length;
    this.#button(/** @type {HTMLElement} */ (item.querySelector("[data-everybody]")), { t: "letin", room }, "let_in_all");
    return item;
  }

  /** @param {HTMLElement} within @param {Record<string, unknown> & {t: string}} command @param {string} told */
  #button(within, command, told) {
    within.querySelector("button")?.addEventListener("click", () => this.#told(command, told));
  }
}
