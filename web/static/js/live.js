// @ts-check
/** A room while it is connected: what comes goes into the timeline, and from there into the log. */
import { Timeline } from "./state.js";
import { Announcer } from "./announce.js";
import { pageWire } from "./wire.js";
import { EntryMaker, readEntry } from "./entry.js";
import { Log } from "./log.js";
import { Line } from "./line.js";
import { Reading } from "./reading.js";
import { People } from "./people.js";
import { forget } from "./erased.js";
import { Held } from "./held.js";
import { Notices } from "./notices.js";
import { toast } from "./toast.js";

const PAGE = 60;
const FETCH_MS = 10_000;
/** Refusals after which the same say may pass later. */
const PASSING = new Set(["too_fast", "slow", "unavailable", "not_joined"]);
/** Refusals that hold for whatever one would say next. */
const SILENCING = new Set(["muted", "room_closed", "room_locked"]);

/** @param {import("./room.js").Room} room @returns {Live} */
export function start(room) {
  return new Live(room);
}

export class Live {
  /** @type {Map<number, string>} ref of a say in flight -> its say_id */
  #says = new Map();
  #unseen = 0;
  #paging = false;
  #ready = false;
  #timeline;
  #first;
  #epoch;
  /** @type {() => Promise<typeof import("./actions.js") | undefined>} undefined: it cannot be loaded now */
  #actions = () => import(this.element.dataset.actions ?? "").catch(() => undefined);
  #people;
  #line;
  #reading;
  #announcer;
  #wide = matchMedia("(min-width: 64rem)");
  /** @type {import("./beside.js").Beside | undefined} */
  #beside;

  /** @param {import("./room.js").Room} room */
  constructor(room) {
    const data = room.dataset;
    const list = room.piece("log");
    const template = /** @type {HTMLTemplateElement} */ (room.piece("entry"));
    this.element = room;
    this.room = Number(data.room);
    this.me = Number(data.me);
    this.words = /** @type {import("./words.js").Words} */ (room.words);
    this.entries = new EntryMaker({ template, words: this.words, clock: room.clock ?? String, me: this.me });
    this.#epoch = data.epoch;
    this.#first = Number(data.first);
    const shown = /** @type {HTMLElement[]} */ ([...list.children]);
    this.#timeline = new Timeline(Number(data.last), shown.map(readEntry), Number(data.oldest) || undefined);
    for (const li of shown) {
      const row = this.#timeline.row(Number(li.dataset.seq));
      if (row) this.entries.fill(li, row, (seq) => this.#timeline.row(seq));
    }
    this.#reading = new Reading((seq) => this.#ready && seq && this.wire.send({ t: "read", room: this.room, seq }));
    this.log = new Log({
      box: room.piece("box"), list, entries: this.entries, timeline: this.#timeline,
      older: () => this.#older(), moved: () => this.#moved(),
    });
    this.#people = new People(room);
    this.held = new Held(room);
    const status = room.piece("announcer");
    this.#announcer = new Announcer((text) => (status.textContent = text), (n) => this.words("count", { n }));
    this.#line = new Line(room);
    this.wire = pageWire(() => this.#look());
    this.wire.follow(this);
    this.wire.start();
    new Notices(this, () => this.#beside?.look());
    this.#wide.addEventListener("change", () => this.#aside());
    document.addEventListener("visibilitychange", () => this.#mark());
    this.#look();
  }

  get composer() {
    return this.element.composer;
  }

  get ready() {
    return this.#ready;
  }

  /** @param {number} seq */
  row(seq) {
    return this.log.timeline.row(seq);
  }

  position() {
    return { after: this.#timeline.cursor, epoch: this.#epoch };
  }

  /** @param {number} code of the close; 1007, 1009: what was just said broke the connection, and would again */
  lost(code) {
    this.#ready = false;
    this.element.removeAttribute("data-joined");
    const broke = code === 1007 || code === 1009 ? [...this.#says.values()] : [];
    this.#says.clear();
    for (const sayId of broke) this.element.outbox?.fail(sayId, "malformed");
  }

  /** @param {import("./wire.js").Frame} frame @returns {boolean | void} */
  frame(frame) {
    switch (frame.t) {
      case "joined":
      case "expired":
        this.#epoch = this.wire.welcome?.epoch;
        this.#first = frame.first;
        this.#people.met(frame.people ?? []);
        if (frame.t === "expired") this.#restart(frame.last);
        this.#ready = true;
        this.element.setAttribute("data-joined", "");
        this.#look();
        this.#mark();
        this.element.outbox?.again();
        this.#actions(); // what is wished for while the line is cut can be written then, too
        this.#aside();
        return;
      case "gap":
        return this.#restart(frame.before - 1);
      case "entries":
        return this.#take(frame.entries);
      case "signal":
        return this.#people.signal(frame);
      case "done":
      case "refused":
        return this.#answered(frame);
    }
  }

  /** @param {import("./state.js").Entry[]} entries */
  #take(entries) {
    const { added, changed, jump } = this.#timeline.take(entries);
    const restored = entries.flatMap((entry) => (entry.kind === "restored" ? [entry.target ?? 0] : []));
    for (const entry of entries) {
      if (entry.author === this.me && entry.say_id) this.held.said(entry.say_id);
      this.#people.heard(entry);
      this.composer?.heard(entry, this.me);
      if (entry.kind === "left" && entry.code === "erased") {
        forget(this, entry.author ?? 0, this.#people.forget(entry.author ?? 0));
        this.#beside?.look();
      }
    }
    const news = added.filter((row) => row.author !== this.me);
    if (!this.log.pinned) this.#unseen += news.filter((row) => row.kind === "said").length;
    this.#announcer.add(news.map((row) => () => this.entries.aloud(row)));
    if (this.log.timeline === this.#timeline) this.log.update(changed);
    this.#pill();
    this.#mark();
    if (restored.length) this.#restore(Math.min(...restored) - 1, Math.max(...restored) + 1);
    return jump;
  }

  /** What was hidden is shown again: its words are fetched, as it is to be shown now. @param {number} after @param {number} before */
  async #restore(after, before) {
    const answer = await fetch(`/rooms/${this.room}/entries?after=${after}&before=${before}`).catch(() => null);
    if (!answer?.ok) return;
    const { entries } = await answer.json();
    const changed = this.#timeline.refresh(entries);
    if (this.log.timeline === this.#timeline) this.log.update(changed);
  }

  /** What is held does not connect to what comes: hold the newest page, and page back from there. @param {number} last */
  #restart(last) {
    const timeline = (this.#timeline = new Timeline(last));
    this.#unseen = 0;
    const page = this.#page(timeline).catch(() => 0);
    if (this.log.pinned) page.then(() => timeline === this.#timeline && this.log.show(timeline));
    else this.#pill();
  }

  /** Put a page of history before what `timeline` holds. @param {Timeline} timeline @returns {Promise<number>} rows added */
  async #page(timeline) {
    if (timeline.oldest <= this.#first) return 0;
    const answer = await fetch(`/rooms/${this.room}/entries?before=${timeline.oldest}&limit=${PAGE}`, {
      signal: AbortSignal.timeout(FETCH_MS),
    });
    if (!answer.ok) return 0;
    const { entries } = await answer.json();
    if (!entries.length) this.#first = timeline.oldest;
    return timeline.prepend(entries);
  }

  async #older() {
    const timeline = this.log.timeline;
    if (this.#paging) return;
    this.#paging = true;
    try {
      const added = await this.#page(timeline);
      if (added && this.log.timeline === timeline) this.log.prepended(added);
      this.element.piece("start").hidden = timeline.oldest > this.#first;
    } catch {
      // no network: the reader asks again by scrolling
    } finally {
      this.#paging = false;
    }
  }

  /** @param {import("./outbox.js").Unsent} unsent @returns {boolean} whether it is on its way */
  say(unsent) {
    if (!this.#ready) return false;
    const { room, say_id, text, reply_to } = unsent;
    const ref = this.wire.send({ t: "say", room, say_id, text, ...(reply_to ? { reply_to } : {}) });
    if (ref) this.#says.set(ref, say_id);
    return ref > 0;
  }

  /** @param {import("./wire.js").Frame} frame */
  #answered(frame) {
    const sayId = this.#says.get(frame.ref), outbox = this.element.outbox;
    if (!sayId) {
      if (frame.code === "not_a_member" && this.element.dataset.silent !== frame.code) this.composer?.wait();
      this.#aside();
      return;
    }
    this.#says.delete(frame.ref);
    if (frame.t === "done") outbox?.drop(sayId);
    else if (frame.code === "held") this.held.keep(sayId);
    else if (frame.code === "not_joined") this.wire.rejoin(this.room);
    else if (PASSING.has(frame.code)) {
      if (frame.code === "slow") toast(this.words("slow"));
      setTimeout(() => outbox?.again(), (frame.retry_after ?? 2) * 1000);
    } else {
      if (SILENCING.has(frame.code)) this.composer?.close(frame.code);
      outbox?.fail(sayId, frame.code);
    }
  }

  #moved() {
    if (this.log.pinned) {
      this.#unseen = 0;
      if (this.log.timeline !== this.#timeline) return this.log.show(this.#timeline);
    }
    this.#pill();
    this.#mark();
  }

  #pill() {
    const pill = this.element.piece("pill");
    const behind = this.log.timeline !== this.#timeline;
    pill.hidden = this.log.pinned || (!this.#unseen && !behind);
    if (!pill.hidden) pill.textContent = this.words(behind ? "newer" : "new", { n: this.#unseen });
  }

  #mark() {
    const isShown = this.log.timeline === this.#timeline && this.#timeline.rows.length > 0;
    if (isShown && this.log.pinned && document.visibilityState === "visible") this.#reading.saw(this.#timeline.cursor);
  }

  #look() {
    this.#line.look({ ready: this.#ready, ended: this.wire.state === "ended" });
  }

  /** @param {Event} event */
  clicked(event) {
    const target = /** @type {Element} */ (event.target);
    const seq = Number(this.element.entryOf(target)?.dataset.seq);
    if (target.closest("[data-pill]")) {
      this.log.toEnd();
      this.element.piece("say").focus();
    } else if (target.closest(".entry__to")) {
      event.preventDefault();
      this.log.reveal(Number(target.getAttribute("href")?.slice(2)));
    } else if (target.closest(".entry__more")) this.wish("open", seq);
    else if (target.closest(".entry__marks .mark"))
      this.react(seq, /** @type {HTMLElement} */ (target.closest(".mark")).dataset.mark ?? "");
  }

  /** @param {"open" | "leave" | "second"} wish @param {number} [seq] of the entry that it is about */
  async wish(wish, seq = 0) {
    const actions = await this.#actions();
    if (actions) actions[wish](this, seq);
    else toast(this.words("not_done"));
  }

  /** The other rooms, where there is width for them; nothing that one reads or writes by waits for their script. */
  async #aside() {
    if (!(this.#ready || this.element.hasAttribute("data-over")) || !this.#wide.matches || this.#beside) return;
    const { Beside } = await import(this.element.dataset.beside ?? "").catch(() => ({}));
    if (Beside) this.#beside ??= new Beside(this.room);
  }

  /** Put a mark on an entry, or take it off. @param {number} seq @param {string} mark */
  react(seq, mark) {
    const on = !this.row(seq)?.marks.get(mark)?.has(this.me);
    return this.wire.ask({ t: "react", room: this.room, seq, mark, on });
  }
}
