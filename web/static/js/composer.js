// @ts-check
/**
 * Where one writes: Enter sends, Shift+Enter makes a line; also answering, editing, and when one may not write. What
 * stands there and is not sent is kept by js/unsaid.js, which comes after what one needs to write.
 */
import { newSayId } from "./outbox.js";
import { toast } from "./toast.js";

const TYPING_EVERY_MS = 3000;
/** Notices after which one may write, or may not any more. */
const LOOKS = new Set(["locked", "unlocked", "holding", "unholding"]);
const LOBBY_MS = 10_000;
/** Why one may not write for now, and may again later. */
const PASSING_BY = ["muted", "room_locked", "lobby"];

export class Composer {
  #room;
  #form;
  #box;
  #context;
  #typed = -TYPING_EVERY_MS;
  #turning = 0;
  #replyTo = 0;
  #aside = "";
  /** The entry that is being changed, or 0; what was being written before is held aside meanwhile. */
  editing = 0;
  silent = false;

  /** @param {import("./room.js").Room} room */
  constructor(room) {
    this.#room = room;
    this.#form = room.piece("composer");
    this.#box = /** @type {HTMLTextAreaElement} */ (room.piece("say"));
    this.#context = room.piece("context");
    this.#box.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !this.#context.hidden) this.clear();
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#send();
    });
    this.#box.addEventListener("input", () => this.#tell());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    room.piece("cancel").addEventListener("click", () => this.clear());
    room.piece("decline").addEventListener("click", () => {
      room.piece("offer").hidden = true;
      this.#box.focus();
    });
    this.#holds(room.hasAttribute("data-holds"), Number(room.dataset.turnsS));
    if (room.hasAttribute("data-silent")) this.close(room.dataset.silent ?? "", room.piece("notice").textContent ?? "");
    this.#keep();
  }

  /** On a bad line a file may fail: it is tried until it works. */
  async #keep() {
    try {
      (await import(this.#form.dataset.unsaid ?? "")).keepUnsaid(this.#room);
    } catch {
      setTimeout(() => this.#keep(), 3000);
    }
  }

  /** Answer a row. @param {import("./state.js").Row} row */
  reply(row) {
    this.clear();
    this.#replyTo = row.seq;
    this.#show(this.#room.words?.("answering", { name: row.name }) ?? "");
  }

  /** Change one's own words. @param {import("./state.js").Row} row */
  edit(row) {
    this.clear();
    this.editing = row.seq;
    this.#aside = this.#box.value;
    this.#box.value = row.text;
    this.#show(this.#room.words?.("editing") ?? "");
  }

  /** Put words before what is being written (or is held aside while one edits). @param {string} text */
  before(text) {
    const both = (/** @type {string} */ after) => [text, after].filter(Boolean).join("\n");
    if (this.editing) this.#aside = both(this.#aside);
    else this.#box.value = both(this.#box.value);
  }

  /** Neither answering nor editing any more; what was being written before stands there again. */
  clear() {
    if (this.editing) this.#box.value = this.#aside;
    this.#aside = "";
    this.#replyTo = this.editing = 0;
    this.#context.hidden = true;
  }

  /** Words are not taken here for now. @param {string} code why: muted, closed, … @param {string} [told] in whole words */
  close(code, told) {
    this.#room.toggleAttribute("data-over", !PASSING_BY.includes(code));
    this.#silence(true, told || this.#room.words?.(`silent_${code}`) || this.#room.words?.("silent_closed") || "");
    this.#room.piece("appeal").hidden = code !== "muted";
  }

  /**
   * A notice came that one is muted, or not any more: ask what that means in this room.
   *
   * @returns {Promise<string | undefined>} why one may not write here, "" when one may; undefined: not known
   */
  async look() {
    try {
      const answer = await fetch(`/rooms/${this.#room.room}`, { headers: { accept: "application/json" } });
      if (!answer.ok) return undefined;
      const { code, told, holds, turns_s } = await answer.json();
      // who cannot write need not read how it would go
      this.#holds(holds && !code, turns_s);
      if (code) this.close(code, told);
      else if (this.silent) this.#silence(false, this.#room.words?.("silent_over") ?? "");
      return code;
    } catch {
      return undefined;  // no network: it is told with the next refusal, or the next page
    }
  }

  /** What one wrote sounded very hard: help is offered, in words that a screen reader hears come. @param {string} text */
  offer(text) {
    this.#room.piece("offer").hidden = false;
    this.#room.piece("offered").textContent = text;
  }

  /** Something happened in the room that may change whether one may write here. @param {import("./state.js").Entry} entry @param {number} me */
  heard(entry, me) {
    if (entry.kind === "closed") this.close("closed");
    if (entry.kind === "left" && entry.code === "lobby" && entry.author === me) this.wait();
    if (entry.code === "erased" && this.#room.live?.row(this.#replyTo)?.author === entry.author) this.clear();
    if (entry.kind === "notice" && LOOKS.has(entry.code ?? "")) this.look();
  }

  /** One is not in the room any more: for good, or until one is let in from its lobby. */
  async wait() {
    const code = await this.look();
    if (code === "") this.#room.live?.wire.rejoin(this.#room.room ?? 0);
    else if (code !== "not_a_member") setTimeout(() => this.wait(), LOBBY_MS);
  }

  /** Say before one sends that a moderator looks at it first; asked again when that turns by the clock. @param {boolean} holds @param {number} turnsS */
  #holds(holds, turnsS) {
    this.#room.piece("holding").hidden = !holds;
    this.#room.piece("holding-text").textContent = holds ? this.#room.words?.("holds") ?? "" : "";
    clearTimeout(this.#turning);
    if (turnsS) this.#turning = /** @type {any} */ (setTimeout(() => this.look(), (turnsS + 1) * 1000));
  }

  /** @param {boolean} silent @param {string} told */
  #silence(silent, told) {
    this.silent = this.#box.disabled = silent;
    /** @type {HTMLButtonElement} */ (this.#form.querySelector("[type=submit]")).disabled = silent;
    this.#room.outbox?.hold(silent);
    if (!silent) this.#room.piece("appeal").hidden = true;
    const notice = this.#room.piece("notice");
    if (notice.textContent !== told) notice.textContent = told;
    this.#room.piece("silent").hidden = !told;
  }

  /** @param {string} context */
  #show(context) {
    this.#room.piece("context-text").textContent = context;
    this.#context.hidden = false;
    this.#box.focus();
  }

  #tell() {
    const now = performance.now();
    if (!this.#box.value || this.editing || now - this.#typed < TYPING_EVERY_MS) return;
    const { live, room } = this.#room;
    if (live?.ready && live.wire.send({ t: "typing", room })) this.#typed = now;
  }

  async #send() {
    const text = this.#box.value.trim();
    const { outbox, words } = this.#room;
    if (!text || !outbox || outbox.ended) return;
    const over = [...text].length - Number(this.#box.dataset.most);
    if (over > 0) return toast(words?.("too_long", { n: over }) ?? "");
    if (this.editing) return this.#change(text);
    const replyTo = this.#replyTo;
    this.clear();
    this.#box.value = "";
    this.#box.dispatchEvent(new Event("input"));
    this.#typed = -TYPING_EVERY_MS;
    this.#box.focus();
    const stored = outbox.add(text, replyTo);
    this.#room.toEnd();
    await stored;
  }

  /** @param {string} text */
  async #change(text) {
    const { room, live, words } = this.#room;
    const answer = await live?.wire.ask({ t: "edit", room, seq: this.editing, say_id: newSayId(), text });
    if (answer?.t === "done") return this.clear();
    this.#show((answer ? words?.(`refused_${answer.code}`) : words?.(answer === null ? "no_answer" : "not_done")) || words?.("refused") || "");
  }
}
