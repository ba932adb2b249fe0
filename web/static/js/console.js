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
import { Queue, found } from "./queue.js";
import { caseItem, nameOf, showThird } from "./case_item.js";
import { Told } from "./told.js";
import { Staffing } from "./staffing.js";
import { Handing } from "./handing.js";
import { Judging } from "./judging.js";
import { ON_APPEALS, decide, showAppeal } from "./appeal.js";
import { showValve } from "./valve.js";
import { around } from "./around.js";

const LOOK_MS = 250;
const ASK_MS = 10_000;  // what waits in a room that holds, or in a lobby, is told by nothing else
const WIDE = matchMedia("(min-width: 62rem)");

/** @typedef {import("./queue.js").Case} Case */
/** @typedef {import("./judging.js").Opened} Opened */

class Console extends LivePage {
  #queue = new Queue();
  /** @type {Opened | null} */
  #opened = null;
  #timer = 0;
  #told = new Told(this);
  #staffing = new Staffing(this);
  #second = new Second(this, (command, told) => this.#ask(command, told));
  #doors = new Doors(this, (command, told) => this.#ask(command, told));
  /** @type {import("./handing.js").Hands} */
  #hands = {
    ask: (command, told) => this.#ask(command, told), form: (name, nickname) => this.#form(name, nickname),
    claim: (one) => this.#claim(one), me: () => Number(this.dataset.me),
  };
  #handing = new Handing(this.#hands);
  #judging = new Judging(this, this.#hands);

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
    this.piece("grade").addEventListener("change", (event) => {
      const level = /** @type {HTMLSelectElement} */ (event.target).value;
      if (this.#opened) this.#ask({ t: "grade", case: this.#opened.case, level }, "graded");
    });
    this.piece("reviews").addEventListener("click", (event) => {
      const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-review]"));
      if (button) this.#handing.review(Number(button.dataset.review));
    });
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
    const shown = queue.shown.find((one) => one.case === this.#opened?.case);
    const held = shown?.claimed_by === Number(this.dataset.me);
    const asked = Boolean(shown?.asked) && !shown?.acknowledged;
    for (const [act, hidden] of /** @type {[string, boolean][]} */ ([
      ["claim", held || (asked && shown?.asked === Number(this.dataset.me))], ["release", !held], ["escalate", Boolean(shown?.asked) || shown?.kind === "appeal"], ["acknowledge", !asked], ["ask-in", shown?.third !== "may"],
    ])) {
      const button = /** @type {HTMLElement} */ (this.querySelector(`[data-act="${act}"]`));
      if (hidden && button === document.activeElement) list.focus();
      button.hidden = hidden;
    }
    if (shown) this.#level(shown.level);
    if (shown) showThird(this, shown);
    const fresh = this.piece("fresh");
    fresh.hidden = !queue.held;
    write(fresh, "fresh-text", this.words("show", { n: queue.held }));
  }

  /** @param {string} level what the open case is about */
  #level(level) {
    const chosen = /** @type {HTMLSelectElement} */ (this.piece("grade"));
    if (chosen !== document.activeElement) chosen.value = level;
    for (const card of /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll("[data-flow-of]")))
      card.hidden = card.dataset.flowOf !== level;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { step, act } = keyed(event, /** @type {HTMLInputElement} */ (this.piece("keys")).checked);
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
    if (!answer?.ok) return this.#told.tell(answer ? "refused_gone" : "not_done");
    const opened = /** @type {Opened} */ (await answer.json());
    this.#opened = opened;
    this.#case();
    this.#show();
    this.piece("heard").textContent = this.words("case", { name: this.piece("who").textContent ?? "" });
    if (!WIDE.matches) this.piece("pane").scrollIntoView();
  }

  #case() {
    const opened = this.#opened;
    this.piece("pane").hidden = !opened;
    this.piece("covered").hidden = Boolean(opened);
    if (!opened) return;
    const pane = this.piece("pane");
    write(pane, "who", nameOf(this, { ...opened, ...this.#queue.shown.find((one) => one.case === opened.case) }));
    write(pane, "where", pane.querySelector("[data-who]")?.textContent === opened.room_name ? "" : opened.room_name ?? "");
    write(pane, "reason", opened.code ? `${found(opened, this.words)}. ${this.words(opened.code === "held" ? "by_holding" : opened.seq ? "by_rule" : "by_rule_waits")}` : opened.reason);
    this.piece("because").hidden = !opened.reason && !opened.code;
    this.piece("no-words").hidden = opened.entries.length > 0;
    for (const [act, hidden] of /** @type {[string, boolean][]} */ ([
      ["hide", !this.#reported()], ["mute", !opened.subject.person], ["more", !opened.subject.person && opened.place !== "group"], ["nothing", false],
    ]))
      /** @type {HTMLElement} */ (pane.querySelector(`[data-act="${act}"]`)).hidden = hidden || Boolean(opened.appeal);
    showAppeal(this, opened);
    this.#judging.show(opened);
    showValve(this, opened.by_valve, (act) => this.#ask({ t: "undo", act }, "undone"));
    this.piece("around").replaceChildren(...opened.entries.map((one) => around(this, one)));
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
    if (act === "undo") return this.#told.undo();
    if (act === "hand-over") return void (await this.#handing.handOver(this.#staffing.colleagues));
    const current = this.#queue.current;
    if (!current) return;
    if (act === "open") return this.#open();
    if (act === "claim") return void (await this.#claim(current));
    if (current.kind === "appeal" ? !ON_APPEALS.has(act) : act === "decide") return;
    if ((await this.#handing.act(act, current)) || (await this.#judging.act(act, current.case))) return;
    if (this.#opened?.case !== current.case) await this.#open();
    const opened = this.#opened;
    if (opened?.case !== current.case) return;
    if (act === "decide") await decide(this.#hands, current);
    else if (act === "nothing") await this.#close(opened);
    else if (act === "more") await this.#more(opened);
    else if (!opened.subject.person) return;
    else if (act !== "hide" || this.#reported()) await this.#do(act, opened);
  }

  /** @param {Case} one @returns {Promise<boolean>} whether it is mine now */
  async #claim(one) {
    if (one.claimed_by === Number(this.dataset.me)) return true;
    return this.#ask({ t: "claim", case: one.case }, "claimed");
  }

  /** The acts that are wanted less often. @param {Opened} opened */
  async #more(opened) {
    const lacks = /** @type {Record<string, boolean>} */ ({ room: opened.place !== "group", whom: !opened.subject.person, locked: !opened.locked, holds: !opened.holds });
    if (lacks.room && lacks.whom) return;
    for (const each of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("#more [data-needs]")))
      each.hidden = (each.dataset.needs ?? "").split(" ").some((need) => lacks[need]);
    const { chosen } = await ask("more", opened.subject.nickname, this.piece("queue"));
    if (chosen) await this.#do(chosen, opened);
  }

  /** @param {string} act @param {Opened} opened */
  async #do(act, opened) {
    const { nickname } = opened.subject;
    const { chosen, form } = await ask(act, nickname, this.piece("queue"));
    if (chosen !== "send" || !(await this.#claim(this.#queue.current ?? opened))) return;
    const answer = await this.wire.ask(commandOf(act, form, opened, this.#reported()));
    if (answer?.t !== "done") return this.#refused(answer);
    if (act === "lock" || act === "unlock") opened.locked = act === "lock";
    if (act === "hold" || act === "unhold") opened.holds = act === "hold";
    const told = act === "ban" && !form.days ? "done_ban_waits" : `done_${act}`;
    const back = () => void this.#ask({ t: "undo", act: answer.act }, "undone");
    if (answer.act) this.#told.offer(told, { name: nickname }, () => {}, back);
    else this.#told.tell(told);
    this.#look();
  }

  /** Closing cannot be taken back on the server, so it waits here for as long as it can be undone. @param {Opened} opened */
  async #close(opened) {
    const form = await this.#form("close", opened.subject.nickname);
    if (!form || !(await this.#claim(this.#queue.current ?? opened))) return;
    const { outcome, reason } = form;
    const { level } = this.#queue.current ?? opened;
    this.#queue.settle(opened.case, true);
    this.#opened = null;
    this.#case();
    this.#show();
    this.piece("rest").hidden = !this.dataset.severe?.split(" ").includes(level);
    const back = () => {
      this.piece("rest").hidden = true;
      this.#queue.settle(opened.case, false);
      this.#look();
    };
    this.#told.offer("closed", {}, async () => {
      const answer = await this.wire.ask({ t: "close", case: opened.case, outcome, reason });
      if (answer?.t === "done") return;
      back();
      this.#refused(answer);
    }, back);
  }

  /** @param {string} name @param {string} nickname @returns {Promise<Record<string, string> | null>} null: not now */
  async #form(name, nickname) {
    const { chosen, form } = await ask(name, nickname, this.piece("queue"));
    return chosen === "send" ? form : null;
  }

  /** @param {Record<string, unknown> & {t: string}} command @param {string} told when it is done */
  async #ask(command, told) {
    const answer = await this.wire.ask(command);
    if (answer?.t !== "done") this.#refused(answer);
    else if (answer.left) this.#told.tell("still_wait", { n: answer.left });
    else this.#told.tell(told);
    this.#look();
    return answer?.t === "done";
  }

  /** @param {import("./wire.js").Frame | null | undefined} answer */
  #refused(answer) {
    this.#told.tell(answer ? (this.words(`refused_${answer.code}`) ? `refused_${answer.code}` : "refused") : "not_done");
  }
}

customElements.define("hearth-console", Console);
