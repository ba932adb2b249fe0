// @ts-check
/**
 * The moderators' console: the queue, the case that is open, and what may be done about it.
 *
 * Opening a case is written down on the server, so words are fetched only then; moving through the queue opens nothing.
 */
import { keyed } from "./keys.js";
import { LivePage, write } from "./page.js";
import { ask, commandOf } from "./acts.js";
import { Second } from "./second.js";
import { Doors } from "./doors.js";
import { follow } from "./inbox.js";
import { Queue } from "./queue.js";
import { caseItem, nameOf } from "./case_item.js";
import { Told, whyNot } from "./told.js";
import { Staffing } from "./staffing.js";
import { Handing } from "./handing.js";
import { Judging } from "./judging.js";
import { Pane } from "./pane.js";
import { reported } from "./offered.js";
import { showPart } from "./rows.js";
import { decide } from "./appeal.js";

const LOOK_MS = 250;
const ASK_MS = 10_000;  // what waits in a room that holds, or in a lobby, is told by nothing else
const WIDE = matchMedia("(min-width: 62rem)");

/** @typedef {import("./queue.js").Case} Case */
/** @typedef {import("./judging.js").Opened} Opened */

/** What is done to a room: its dialog names that, and all others whom the case is about. */
const ON_ROOMS = new Set(["guard", "lock", "unlock", "slow", "hold", "unhold"]);

class Console extends LivePage {
  #queue = new Queue();
  #opening = 0;
  #timer = 0;
  #told = new Told(this);
  /** @type {import("./handing.js").Hands} */
  #hands = {
    ask: (command, told) => this.#ask(command, told), form: (name, about) => this.#form(name, about),
    claim: (one) => this.#claim(one), name: (one) => nameOf(this, one),
  };
  #handing = new Handing(this.#hands);
  #judging = new Judging(this, this.#hands);
  #pane = new Pane(this, this.#judging, (act) => this.#undo(act));
  #staffing = new Staffing(this, (which, told) => this.#handing.review(which, told));
  #second = new Second(this, (command, told, act) => this.#ask(command, told, act));
  #doors = new Doors(this, (command, told) => this.#ask(command, told));

  begin() {
    const list = this.piece("queue");
    list.addEventListener("keydown", (event) => this.#key(event));
    list.addEventListener("click", (event) => {
      const item = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-case]"));
      if (!item) return;
      this.#open(Number(item.dataset.case));
    });
    for (const box of /** @type {NodeListOf<HTMLInputElement>} */ (this.querySelectorAll("[data-level-filter]")))
      box.addEventListener("change", () => {
        this.#queue.filter(box.value, box.checked);
        this.#show();
      });
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll("[data-act]")))
      button.addEventListener("click", () => this.#act(button.dataset.act ?? "", this.#pane.opened?.case));
    this.piece("grade").addEventListener("change", (event) => {
      const level = /** @type {HTMLSelectElement} */ (event.target).value;
      if (this.#pane.opened) this.#ask({ t: "grade", case: this.#pane.opened.case, level }, "graded");
    });
    const night = /** @type {HTMLInputElement} */ (document.querySelector("#hold [value=night]"));
    for (const time of document.querySelectorAll("#hold [type=time]")) time.addEventListener("input", () => (night.checked = true));
    addEventListener("pagehide", () => this.#told.settle());
    const look = () => {
      clearTimeout(this.#timer);
      this.#timer = /** @type {any} */ (setTimeout(() => this.#look(), LOOK_MS));
    };
    for (const room of [Number(this.dataset.desk), undefined]) follow(this.wire, room, look, look);  // appeals: the inbox
    setInterval(() => this.#look(), ASK_MS);
    const fold = () => this.piece("filters").toggleAttribute("open", WIDE.matches);
    WIDE.addEventListener("change", fold);
    fold();
    this.#look();
  }

  async #look() {
    try {
      const answer = await fetch("/console/cases", { headers: { accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const before = this.#queue.held;
      const all = /** @type {Case[]} */ (await answer.json());
      this.#queue.take(all);
      this.#judging.look(all);
      this.#staffing.look();
      await this.#second.look();
      await this.#doors.look();
      const asked = all.filter((one) => one.asked === Number(this.dataset.me) && !one.acknowledged).length;
      const line = this.piece("asked");
      if (line.hidden === asked > 0) line.hidden = !asked;
      if (this.#queue.held > before) this.#arrived();
      this.#show();
    } catch {
      this.#show();  // it is asked again soon
    }
  }

  /** Beside what can still be undone there is no place for other news: then it is only said. */
  #arrived() {
    if (this.#told.isOpen) this.piece("heard").textContent = this.words("arrived", { n: this.#queue.held });
    else this.#told.tell("arrived", { n: this.#queue.held });
  }

  // The queue.
  #show() {
    const queue = this.#queue;
    const list = this.piece("queue");
    list.replaceChildren(...queue.shown.map((one) => caseItem(this, one, one.case === this.#queue.selected)));
    if (queue.current) list.setAttribute("aria-activedescendant", `case-${queue.selected}`);
    else list.removeAttribute("aria-activedescendant");
    this.piece("empty").hidden = queue.shown.length > 0;
    if (this.#pane.opened) this.#pane.stand(queue.find(this.#pane.opened.case));
    const fresh = this.piece("fresh");
    showPart(fresh, queue.held > 0, list);
    write(fresh, "fresh-text", this.words("show", { n: queue.held }));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { step, act } = keyed(event, /** @type {HTMLInputElement} */ (this.piece("keys")).checked);
    if (!step && !act) return;
    event.preventDefault();
    if (act) return void this.#act(act, this.#queue.selected);
    this.#queue.move(step);
    this.#show();
    document.getElementById(`case-${this.#queue.selected}`)?.scrollIntoView({ block: "nearest" });
  }

  // The case.
  /** Open a case, which selects it. @param {number} which @returns {Promise<Opened | null>} null: it was not, or another was meanwhile */
  async #open(which) {
    this.#queue.select(this.#opening = which);
    this.#show();
    const answer = await this.#read(which);
    if (!answer?.ok) this.#told.tell(!answer ? "not_done" : answer.status === 401 ? "ended" : "refused_gone");
    const opened = answer?.ok ? /** @type {Opened} */ (await answer.json()) : null;
    if (!opened || this.#opening !== which) return null;
    this.#pane.show(opened, this.#queue.find(which));
    this.piece("heard").textContent = this.words("case", { name: this.piece("who").textContent ?? "" });
    if (!WIDE.matches) this.piece("pane").scrollIntoView();
    return opened;
  }

  /** Read the open case again, after something was done in it: that it cannot be says nothing of what was done. @param {number} which */
  async #again(which) {
    const answer = this.#pane.opened?.case === which ? await this.#read(which) : null;
    const opened = answer?.ok ? await answer.json() : null;
    if (opened && this.#pane.opened?.case === which) this.#pane.show(opened, this.#queue.find(which));
  }

  /** Ask for a case's words, which is written to the audit. @param {number} which @returns {Promise<Response | null>} null: no answer */
  #read(which) {
    return fetch(`/console/cases/${which}`, { headers: { accept: "application/json" } }).catch(() => null);
  }

  // What one may do.
  /** @param {string} act @param {number} [which] the case: the selected one for keys, the open one for its own buttons */
  async #act(act, which) {
    if (act === "fresh") {
      this.#queue.refresh();
      this.#show();
      return this.piece("queue").focus();
    }
    if (act === "undo") return this.#told.undo();
    if (act === "hand-over") return void (await this.#handing.handOver(this.#staffing.colleagues));
    if (!which) return;
    if (act === "open") return void (await this.#open(which));
    const opened = this.#pane.opened?.case === which ? this.#pane.opened : await this.#open(which);
    this.#queue.select(which);
    this.#show();
    if (!opened || !this.#pane.offers.has(act)) return;
    const one = { ...opened, ...this.#queue.find(which) };
    if (act === "claim") await this.#claim(one);
    else if ((await this.#handing.act(act, one)) || (await this.#judging.act(act, which))) return;
    else if (act === "decide") await decide(this.#hands, one);
    else if (act === "close" || act === "nothing") await this.#close(one, act === "nothing" ? act : "");
    else if (act === "more") await this.#more(one);
    else await this.#do(act, one);
  }

  /** @param {Case} one @returns {Promise<boolean>} whether it is mine now */
  async #claim(one) {
    if ((this.#queue.find(one.case) ?? one).claimed_by === Number(this.dataset.me)) return true;
    return this.#ask({ t: "claim", case: one.case }, "claimed");
  }

  /** The acts that are wanted less often. @param {Opened} opened */
  async #more(opened) {
    const lacks = /** @type {Record<string, boolean>} */ ({ room: opened.place !== "group", whom: !opened.subject.person, locked: !opened.locked, holds: !opened.holds });
    for (const each of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("#more [data-needs]")))
      each.hidden = (each.dataset.needs ?? "").split(" ").some((need) => lacks[need]);
    const { chosen } = await ask("more", nameOf(this, opened));
    if (chosen) await this.#do(chosen, opened);
  }

  /** @param {string} act @param {Opened} opened */
  async #do(act, opened) {
    const name = ON_ROOMS.has(act) ? opened.room_name : nameOf(this, opened);
    const form = await this.#form(act, name);
    if (!form || !(await this.#claim(opened))) return;
    const answer = await this.#carry(commandOf(act, form, opened, reported(opened)));
    if (!answer) return;
    const told = act === "ban" && !form.days ? "done_ban_waits" : act === "hold" && form.when === "night" ? "done_hold_night" : `done_${act}`;
    this.#done(told, { ...form, name }, answer.act);
    const open = this.#pane.opened?.case === opened.case ? this.#pane.opened : opened;
    if (act === "lock" || act === "unlock") open.locked = act === "lock";  // until it is read again
    if (act === "hold" || act === "unhold") open.holds = act === "hold" ? "always" : "";
    this.#look();
    this.#again(opened.case);
  }

  /** Closing cannot be taken back on the server, so it waits here for as long as it can be undone. @param {Opened} opened @param {string} came what came of it, if that is known before one is asked */
  async #close(opened, came) {
    const outcomes = /** @type {HTMLSelectElement} */ (document.querySelector("#close [name=outcome]"));
    for (const option of outcomes.options) option.defaultSelected = option.value === came;
    const form = await this.#form("close", nameOf(this, opened));
    if (!form || !(await this.#claim(opened))) return;
    const { outcome, reason } = form;
    this.#queue.settle(opened.case, true);
    if (this.#pane.opened?.case === opened.case) this.#pane.show(null);
    this.#show();
    this.piece("rest").hidden = !this.dataset.severe?.split(" ").includes(opened.level);
    const back = () => {
      this.piece("rest").hidden = true;
      this.#queue.settle(opened.case, false);
      this.#look();
    };
    const run = async () => (await this.#carry({ t: "close", case: opened.case, outcome, reason })) || back();
    this.#told.offer("closed", {}, run, back);
  }

  /** @param {string} name @param {string} about @returns {Promise<Record<string, string> | null>} null: not now */
  async #form(name, about) {
    const { chosen, form } = await ask(name, about);
    return chosen === "send" ? form : null;
  }

  /** Have something done, and tell how it went. @param {Record<string, unknown> & {t: string}} command @param {string} told when it is done @param {number} [act] that can be undone then */
  async #ask(command, told, act) {
    const answer = await this.#carry(command);
    if (answer?.left) this.#told.tell("still_wait", { n: answer.left });
    else if (answer) this.#done(told, {}, act);
    this.#look();
    return Boolean(answer);
  }

  /** Tell what was done, and let it be undone. @param {string} told @param {Record<string, string>} values @param {number} [act] none: it cannot be */
  #done(told, values, act) {
    if (act) this.#told.offer(told, values, () => {}, () => this.#undo(act));
    else this.#told.tell(told, values);
  }

  /** @param {number} act */
  async #undo(act) {
    const which = this.#pane.opened?.case;
    if ((await this.#ask({ t: "undo", act }, "undone")) && which) this.#again(which);
  }

  /** Have something done. @param {Record<string, unknown> & {t: string}} command @returns {Promise<import("./wire.js").Frame | null>} the answer; null: it was told that it was refused, or that nobody knows */
  async #carry(command) {
    const answer = await this.wire.ask(command);
    if (answer?.t === "done") return answer;
    this.#told.tell(whyNot(command.t, answer, this.wire.state, this.words));
    return null;
  }
}

customElements.define("hearth-console", Console);
