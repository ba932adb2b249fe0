// @ts-check
/**
 * The moderators' console: the queue, the case that is open, and what may be done about it.
 *
 * Opening a case is written down on the server, so words are fetched only then; moving through the queue opens nothing.
 * Keys act only while the queue has the focus, and can be switched off (WCAG 2.1.4).
 */
import { LivePage, ago, write } from "./page.js";
import { follow } from "./inbox.js";
import { Queue } from "./queue.js";

const LOOK_MS = 250;
const RETRY_MS = 5000;
const UNDO_MS = 10_000;
const CLOCK_MS = 15_000;
const RISKS = new Set(["imminent", "minors"]);

/** @typedef {import("./queue.js").Case} Case */
/**
 * @typedef {Case & {reason: string, seq?: number, entries: {seq: number, kind: string, name: string, at: number,
 *   text: string, reported: boolean}[]}} Opened
 */

class Console extends LivePage {
  #queue = new Queue();
  /** @type {Opened | null} */
  #opened = null;
  #timer = 0;
  /** @type {{timer: number, run: () => void, undo: () => void} | null} */
  #undo = null;

  begin() {
    const list = this.piece("queue");
    list.addEventListener("keydown", (event) => this.#key(event));
    list.addEventListener("click", (event) => {
      const item = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-case]"));
      if (!item) return;
      this.#queue.selected = Number(item.dataset.case);
      this.#show();
      this.#open();
    });
    for (const box of /** @type {NodeListOf<HTMLInputElement>} */ (this.querySelectorAll("[data-level-filter]")))
      box.addEventListener("change", () => {
        this.#queue.filter(box.value, box.checked);
        this.#show();
      });
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll("[data-act]")))
      button.addEventListener("click", () => this.#act(button.dataset.act ?? ""));
    addEventListener("pagehide", () => this.#settle());
    const look = () => {
      clearTimeout(this.#timer);
      this.#timer = /** @type {any} */ (setTimeout(() => this.#look(), LOOK_MS));
    };
    follow(this.wire, Number(this.dataset.desk), look, look);
    setInterval(() => this.#show(), CLOCK_MS);
    this.piece("filters").toggleAttribute("open", matchMedia("(min-width: 62rem)").matches);
    this.#look();
  }

  async #look() {
    try {
      const answer = await fetch("/console/cases", { headers: { accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const before = this.#queue.held;
      this.#queue.take(await answer.json());
      if (this.#queue.held > before) this.#arrived();
      this.#show();
    } catch {
      this.#timer = /** @type {any} */ (setTimeout(() => this.#look(), RETRY_MS));
    }
  }

  /** Beside what can still be undone there is no place for other news: then it is only said. */
  #arrived() {
    const values = { n: this.#queue.held };
    if (this.#undo) this.piece("heard").textContent = this.words("arrived", values);
    else this.#tell("arrived", values);
  }

  // The queue.

  #show() {
    const queue = this.#queue;
    const list = this.piece("queue");
    list.replaceChildren(...queue.shown.map((one) => this.#item(one)));
    if (queue.current) list.setAttribute("aria-activedescendant", `case-${queue.selected}`);
    else list.removeAttribute("aria-activedescendant");
    this.piece("empty").hidden = queue.shown.length > 0;
    const claim = /** @type {HTMLElement} */ (this.querySelector('[data-act="claim"]'));
    const held = queue.shown.find((one) => one.case === this.#opened?.case)?.claimed_by === Number(this.dataset.me);
    if (held && claim === document.activeElement) list.focus();
    claim.hidden = held;
    const fresh = this.piece("fresh");
    fresh.hidden = !queue.held;
    write(fresh, "fresh-text", this.words("show", { n: queue.held }));
  }

  /** @param {Case} one */
  #item(one) {
    const item = this.copy("item");
    item.id = `case-${one.case}`;
    item.dataset.case = String(one.case);
    item.dataset.state = one.state;
    item.setAttribute("aria-selected", String(one.case === this.#queue.selected));
    write(item, "level", this.words(`level_${one.level}`)).classList.toggle("chip--risk", RISKS.has(one.level));
    write(item, "name", one.subject?.nickname ?? "");
    write(item, "room", one.room_name ?? "");
    write(item, "at", ago(Math.max(0, Date.now() - one.at) / 1000, this.lang));
    const mine = one.claimed_by === Number(this.dataset.me);
    const state = one.state === "claimed" ? (mine ? "state_mine" : "state_claimed") : `state_${one.state}`;
    write(item, "state", this.words(state, { name: one.claimed_name ?? "" }));
    return item;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const moves = /** @type {Record<string, number>} */ ({ ArrowDown: 1, ArrowUp: -1 });
    const keys = /** @type {HTMLInputElement} */ (this.piece("keys")).checked;
    if (keys) Object.assign(moves, { j: 1, k: -1 });
    const acts = /** @type {Record<string, string>} */ (keys
      ? { c: "claim", m: "mute", h: "hide", x: "nothing", n: "fresh", z: "undo" } : {});
    const step = moves[event.key];
    const act = event.key === "Enter" ? "open" : acts[event.key];
    if (!step && !act) return;
    event.preventDefault();
    if (act) return void this.#act(act);
    this.#queue.move(step);
    this.#show();
    document.getElementById(`case-${this.#queue.selected}`)?.scrollIntoView({ block: "nearest" });
  }

  // The case.

  async #open() {
    const which = this.#queue.selected;
    if (!which) return;
    const answer = await fetch(`/console/cases/${which}`, { headers: { accept: "application/json" } }).catch(() => null);
    if (!answer?.ok) return this.#tell(answer ? "refused_gone" : "not_done");
    const opened = /** @type {Opened} */ (await answer.json());
    this.#opened = opened;
    this.#case();
    this.#show();
    this.piece("heard").textContent = this.words("case", { name: opened.subject?.nickname ?? "" });
    if (!matchMedia("(min-width: 62rem)").matches) this.piece("pane").scrollIntoView();
  }

  #case() {
    const opened = this.#opened;
    this.piece("pane").hidden = !opened;
    this.piece("covered").hidden = Boolean(opened);
    if (!opened) return;
    const pane = this.piece("pane");
    write(pane, "who", opened.subject?.nickname ?? "");
    write(pane, "where", opened.room_name ?? "");
    write(pane, "reason", opened.reason);
    this.piece("because").hidden = !opened.reason;
    /** @type {HTMLElement} */ (pane.querySelector('[data-act="hide"]')).hidden = !this.#reported();
    this.piece("around").replaceChildren(...opened.entries.map((entry) => {
      const line = this.copy("line-of");
      line.toggleAttribute("data-reported", entry.reported);
      write(line, "author", entry.name);
      write(line, "words-of", entry.text || this.words(`kind_${entry.kind}`) || "…");
      return line;
    }));
  }

  #reported() {
    return this.#opened?.entries.find((entry) => entry.reported && entry.kind === "said")?.seq;
  }

  // What one may do.

  /** @param {string} act */
  async #act(act) {
    if (act === "fresh") {
      this.#queue.refresh();
      this.#show();
      return this.piece("queue").focus();
    }
    if (act === "undo") return this.#undo?.undo();
    const current = this.#queue.current;
    if (!current) return;
    if (act === "open") return this.#open();
    if (act === "claim") return void (await this.#claim(current));
    if (this.#opened?.case !== current.case) await this.#open();
    const opened = this.#opened;
    if (opened?.case !== current.case) return;
    if (act === "mute") await this.#mute(opened);
    else if (act === "hide") await this.#hide(opened);
    else if (act === "nothing") await this.#close(opened);
  }

  /** @param {Case} one @returns {Promise<boolean>} whether it is mine now */
  async #claim(one) {
    if (one.claimed_by === Number(this.dataset.me)) return true;
    return this.#ask({ t: "claim", case: one.case }, "claimed");
  }

  /** @param {Opened} opened */
  async #mute(opened) {
    const form = await this.#form("mute", opened.subject.nickname);
    if (!form || !(await this.#claim(this.#queue.current ?? opened))) return;
    const command = {
      t: "mute", person: opened.subject.person, minutes: Number(form.minutes), rule: form.rule, reason: form.reason,
      case: opened.case, ...(form.where === "here" ? { room: opened.room } : {}),
    };
    const answer = await this.wire.ask(command);
    if (answer?.t !== "done") return this.#refused(answer);
    this.#offer("muted", { name: opened.subject.nickname }, () => {}, () => this.#ask({ t: "unmute", mute: answer.mute }, "unmuted"));
  }

  /** @param {Opened} opened */
  async #hide(opened) {
    const seq = this.#reported();
    const form = seq && (await this.#form("hide", opened.subject.nickname));
    if (!form || !(await this.#claim(this.#queue.current ?? opened))) return;
    await this.#ask({ t: "remove", room: opened.room, seq, rule: form.rule, reason: form.reason, case: opened.case }, "hidden");
  }

  /** Closing cannot be taken back on the server, so it waits here for as long as it can be undone. @param {Opened} opened */
  async #close(opened) {
    const form = await this.#form("close", opened.subject.nickname);
    if (!form || !(await this.#claim(this.#queue.current ?? opened))) return;
    const { outcome, reason } = form;
    this.#queue.settle(opened.case, true);
    this.#opened = null;
    this.#case();
    this.#show();
    const back = () => {
      this.#queue.settle(opened.case, false);
      this.#look();
    };
    this.#offer("closed", {}, async () => {
      const answer = await this.wire.ask({ t: "close", case: opened.case, outcome, reason });
      if (answer?.t === "done") return;
      back();
      this.#refused(answer);
    }, back);
  }

  /** @param {string} name @param {string} nickname @returns {Promise<Record<string, string> | null>} null: not now */
  #form(name, nickname) {
    const dialog = /** @type {HTMLDialogElement} */ (document.getElementById(name));
    const form = /** @type {HTMLFormElement} */ (dialog.querySelector("form"));
    form.reset();
    for (const each of dialog.querySelectorAll("[data-nickname]")) each.textContent = nickname;
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((done) => dialog.addEventListener("close", () => {
      this.piece("queue").focus();
      done(dialog.returnValue === "send" ? /** @type {Record<string, string>} */ (Object.fromEntries(new FormData(form))) : null);
    }, { once: true }));
  }

  /** @param {Record<string, unknown> & {t: string}} command @param {string} told when it is done */
  async #ask(command, told) {
    const answer = await this.wire.ask(command);
    if (answer?.t !== "done") this.#refused(answer);
    else this.#tell(told);
    this.#look();
    return answer?.t === "done";
  }

  /** @param {import("./wire.js").Frame | null} answer */
  #refused(answer) {
    this.#tell(answer ? (this.words(`refused_${answer.code}`) ? `refused_${answer.code}` : "refused") : "not_done");
  }

  /** @param {string} key @param {Record<string, string | number>} [values] */
  #tell(key, values) {
    const told = this.piece("told-text");
    const words = (told.textContent = this.words(key, values));
    this.piece("undo").hidden = !this.#undo;
    setTimeout(() => !this.#undo && told.textContent === words && (told.textContent = ""), UNDO_MS);
  }

  /** Tell what was done, and let it be undone for 10 s; `run` comes after that. @param {string} key @param {Record<string, string>} values @param {() => void} run @param {() => void} undo */
  #offer(key, values, run, undo) {
    this.#settle();
    const end = (/** @type {() => void} */ then) => () => {
      clearTimeout(this.#undo?.timer);
      this.#undo = null;
      this.piece("undo").hidden = true;
      this.piece("told-text").textContent = "";
      then();
    };
    this.#undo = { timer: /** @type {any} */ (setTimeout(end(run), UNDO_MS)), run: end(run), undo: end(undo) };
    this.#tell(key, values);
  }

  /** Whatever could still be undone is final now. */
  #settle() {
    this.#undo?.run();
  }
}

customElements.define("hearth-console", Console);
