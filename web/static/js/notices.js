// @ts-check
/** What a person's inbox tells while they are in a room. */
import { Elsewhere } from "./elsewhere.js";
import { follow } from "./inbox.js";
import { toast } from "./toast.js";

export class Notices {
  #live;
  #opened;
  #elsewhere;

  /** @param {import("./live.js").Live} live @param {() => void} opened a chat of theirs was opened */
  constructor(live, opened) {
    this.#live = live;
    this.#opened = opened;
    this.#elsewhere = new Elsewhere(live.element);
    follow(live.wire, undefined, (entry) => this.#heard(entry));
  }

  /** @param {import("./state.js").Entry} entry */
  #heard(entry) {
    const { composer, held, words } = this.#live;
    if (entry.kind === "muted" || entry.kind === "undone") composer?.look();
    held.told(entry);
    const told = words(`about_${entry.kind === "notice" ? entry.code : entry.kind}`);
    if (told) toast(told);
    this.#elsewhere.heard(entry);
    if (entry.kind === "opened") this.#opened();
    if (entry.code === "offered_help") composer?.offer(words("offered_help"));
  }
}
