// @ts-check
/** Who is here and who is writing: signals, which may be lost. */
import { Third } from "./third.js";

const TYPING_MS = 5000;

export class People {
  /** @type {Map<number, {name: string, here: boolean}>} */
  #people = new Map();
  /** @type {Map<number, number>} person -> timer */
  #writing = new Map();
  #room;
  #n = 1;
  #here = document.querySelector("[data-here]");

  /** @param {import("./room.js").Room} room */
  constructor(room) {
    this.#room = room;
    this.third = new Third(room);
  }

  /** @param {{person: number, nickname: string, part: string, here?: boolean}[]} people the room's members, as its join told them */
  met(people) {
    for (const one of people) this.#people.set(one.person, { name: one.nickname, here: one.here ?? false });
    this.third.met(people);
    this.#count(people.filter((one) => one.here || one.person === this.#room.me).length);
  }

  /** Somebody was heard: they are here, have this name, and write no more. @param {import("./state.js").Entry} entry */
  heard(entry) {
    if (this.third.heard(entry)) this.#count(this.#n);
    if (!entry.author) return;
    if (entry.name) this.#people.set(entry.author, { name: entry.name, here: true });
    this.#hush(entry.author);
  }

  /** Keep nothing of who was erased. @param {number} person @returns {string} their name until now */
  forget(person) {
    const name = this.#people.get(person)?.name ?? "";
    this.#people.delete(person);
    return name;
  }

  /** @param {import("./wire.js").Frame} signal */
  signal(signal) {
    const { kind, person, here } = signal;
    if (kind === "presence") return this.#count(here ?? 0);
    if (person === this.#room.me) return;
    clearTimeout(this.#writing.get(person));
    this.#writing.set(person, /** @type {any} */ (setTimeout(() => this.#hush(person), TYPING_MS)));
    this.#show();
  }

  /** @param {number} person */
  #hush(person) {
    clearTimeout(this.#writing.get(person));
    if (this.#writing.delete(person)) this.#show();
  }

  #show() {
    const { words } = this.#room;
    const names = [...this.#writing.keys()].map((person) => this.#people.get(person)?.name ?? words?.("somebody") ?? "");
    const told = names.length === 1 ? words?.("typing", { name: names[0] }) : words?.("typing_many");
    this.#room.piece("typing").textContent = names.length ? told ?? "" : "";
  }

  /** @param {number} n how many are connected */
  #count(n) {
    this.#n = n;
    if (!this.#here) return;
    const over = this.#room.hasAttribute("data-over");
    const key = over ? "closed" : this.#room.kind === "one_to_one" && !this.third.person ? (n > 1 ? "both" : "alone") : "here";
    this.#here.textContent = this.#room.words?.(key, { n }) ?? "";
  }
}
