// @ts-check
/** Bans for good that wait for a second: the list of them, and saying yes. */
import { ask } from "./acts.js";
import { write } from "./page.js";

const HOUR_MS = 3_600_000;

/**
 * @typedef {{act: number, subject: {person: number, nickname: string}, rule: string, made_name: string, until: number,
 *   mine: boolean}} Waiting
 */

export class Second {
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

  /** Ask what waits now, and show it. */
  async look() {
    const answer = await fetch("/console/waiting", { headers: { accept: "application/json" } });
    const waiting = /** @type {Waiting[]} */ (answer.ok ? await answer.json() : []);  // who may not say yes sees none
    this.#console.piece("waiting").hidden = !waiting.length;
    this.#console.piece("bans").replaceChildren(...waiting.map((one) => this.#item(one)));
  }

  /** @param {Waiting} one */
  #item(one) {
    const { words, lang } = this.#console;
    const item = this.#console.copy("ban");
    write(item, "banned", one.subject.nickname);
    write(item, "asked", words(one.mine ? "asked_mine" : "asked", { name: one.made_name }));
    write(item, "broken", one.rule);
    const hours = Math.max(0, Math.round((one.until - Date.now()) / HOUR_MS));
    write(item, "ends", words("ends", { when: new Intl.RelativeTimeFormat(lang).format(hours, "hour") }));
    const button = /** @type {HTMLButtonElement} */ (item.querySelector("button"));
    button.hidden = one.mine;
    button.addEventListener("click", () => this.#confirm(one));
    return item;
  }

  /** @param {Waiting} one */
  async #confirm(one) {
    const { chosen, form } = await ask("confirm", one.subject.nickname, this.#console.piece("queue"));
    if (chosen === "send") await this.#told({ t: "confirm", act: one.act, reason: form.reason }, "confirmed");
  }
}
