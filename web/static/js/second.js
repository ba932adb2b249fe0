// @ts-check
/** Bans for good that wait for a second: the list of them, and saying yes. */
import { ask } from "./acts.js";
import { write } from "./page.js";
import { showPart, showRows } from "./rows.js";

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
   * @param {(command: Record<string, unknown> & {t: string}, told: string, act: number) => Promise<boolean>} told carries
   *   a command out and tells how it went; the act can be undone then
   */
  constructor(console, told) {
    this.#console = console;
    this.#told = told;
  }

  /** Ask what waits now, and show it. */
  async look() {
    const answer = await fetch("/console/waiting", { headers: { accept: "application/json" } });
    if (!answer.ok) return;  // it is asked again soon
    const waiting = /** @type {Waiting[]} */ (await answer.json());
    const page = this.#console;
    showRows(page.piece("bans"), waiting, (one) => one.act, (one) => {
      const item = page.copy("ban");
      item.querySelector("button")?.addEventListener("click", () => this.#confirm(one));
      return item;
    }, (item, one) => this.#fill(item, one));
    showPart(page.piece("waiting"), waiting.length > 0, page.piece("queue"));
  }

  /** @param {HTMLElement} item @param {Waiting} one */
  #fill(item, one) {
    const { words, lang } = this.#console;
    write(item, "banned", one.subject.nickname);
    write(item, "asked", words(one.mine ? "asked_mine" : "asked", { name: one.made_name }));
    write(item, "broken", one.rule);
    const hours = Math.max(0, Math.round((one.until - Date.now()) / HOUR_MS));
    write(item, "ends", words("ends", { when: new Intl.RelativeTimeFormat(lang).format(hours, "hour") }));
    /** @type {HTMLElement} */ (item.querySelector("button")).hidden = one.mine;
  }

  /** @param {Waiting} one */
  async #confirm(one) {
    const { chosen, form } = await ask("confirm", one.subject.nickname);
    if (chosen === "send") await this.#told({ t: "confirm", act: one.act, reason: form.reason }, "confirmed", one.act);
  }
}
