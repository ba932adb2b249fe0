// @ts-check
/** The rooms that are guarded now: who waits in their lobbies, letting in one, or everybody. */
import { write } from "./page.js";
import { showPart, showRows } from "./rows.js";

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
    if (!answer.ok) return;  // it is asked again soon
    const lobbies = /** @type {Lobby[]} */ (await answer.json());
    const list = this.#console.piece("lobbies");
    showRows(list, lobbies, (one) => one.room, (one) => this.#lobby(one), (item, { room, name, people }) => {
      write(item, "guarded", name);
      write(item, "how-many", this.#console.words("in_lobby", { n: people.length }));
      const inside = /** @type {HTMLElement} */ (item.querySelector("[data-people]"));
      showRows(inside, people, (one) => one.person, ({ person }) => {
        const row = this.#console.copy("newcomer");
        this.#button(row, { t: "letin", room, person }, "let_in");
        return row;
      }, (row, one) => void write(row, "newcomer-name", one.nickname));
      showPart(inside, people.length > 0, list);
    });
    showPart(this.#console.piece("doors"), lobbies.length > 0, this.#console.piece("queue"));
  }

  /** @param {Lobby} lobby */
  #lobby({ room }) {
    const item = this.#console.copy("lobby-of");
    this.#button(/** @type {HTMLElement} */ (item.querySelector("[data-everybody]")), { t: "letin", room }, "let_in_all");
    return item;
  }

  /** @param {HTMLElement} within @param {Record<string, unknown> & {t: string}} command @param {string} told */
  #button(within, command, told) {
    within.querySelector("button")?.addEventListener("click", () => this.#told(command, told));
  }
}
