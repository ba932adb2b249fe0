// @ts-check
/**
 * The log: about 200 rows of a timeline in a scroller.
 *
 * The one idea: scrolling never moves by itself. The log is pinned to its end only while the reader is there, and only
 * the reader's own hand (wheel, touch, pointer, key in the last second) unpins it; everything else puts it back.
 */
import { Slice } from "./window.js";

const RENDER_MS = 100;
const HAND_MS = 1000;
const END_PX = 32;
const NEAR_PX = 600;

export class Log {
  /** @type {import("./state.js").Timeline} */
  #timeline;
  #slice = new Slice();
  #changed = new Set();
  #timer = 0;
  #hand = -HAND_MS;
  #box;
  #list;
  #entries;
  #older;
  #moved;
  pinned = true;

  /**
   * @param {{box: HTMLElement, list: HTMLElement, entries: import("./entry.js").EntryMaker,
   *   timeline: import("./state.js").Timeline, older: () => void, moved: () => void}} given box scrolls, list holds
   *   the rows; older: the reader comes near the first row held; moved: the reader left the end or came back
   */
  constructor({ box, list, entries, timeline, older, moved }) {
    this.#box = box;
    this.#list = list;
    this.#entries = entries;
    this.#timeline = timeline;
    this.#older = older;
    this.#moved = moved;
    this.#slice.toEnd(timeline.rows.length);
    for (const kind of ["wheel", "touchstart", "touchmove", "pointerdown", "pointermove", "keydown"])
      box.addEventListener(kind, () => (this.#hand = performance.now()), { passive: true });
    box.addEventListener("keydown", (event) => this.#key(event));
    list.addEventListener("focusin", () => this.#rove());
    box.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    const sizes = new ResizeObserver(() => this.pinned && this.#end());
    for (const part of [box, ...box.children]) sizes.observe(part);
    this.#end();
    this.#rove();
  }

  get timeline() {
    return this.#timeline;
  }

  /** Show another timeline, from its end. @param {import("./state.js").Timeline} timeline */
  show(timeline) {
    this.#timeline = timeline;
    this.#list.replaceChildren();
    this.toEnd();
  }

  /** Rows were added or look different; painted within 100 ms. @param {Iterable<number>} [seqs] */
  update(seqs = []) {
    for (const seq of seqs) this.#changed.add(seq);
    this.#timer ||= /** @type {any} */ (setTimeout(() => requestAnimationFrame(() => this.#render()), RENDER_MS));
  }

  /** `n` rows of history were put before the others. @param {number} n */
  prepended(n) {
    this.#slice.shift(n);
    if (this.pinned) this.update();
    else if (this.#slice.up()) this.#render();
  }

  toEnd() {
    this.pinned = true;
    this.#slice.toEnd(this.#timeline.rows.length);
    this.#render();
    this.#moved();
  }

  /** Bring a row into view, if it is held. @param {number} seq @returns {HTMLElement | null} */
  reveal(seq) {
    const index = this.#timeline.rows.findIndex((row) => row.seq === seq);
    if (index < 0) return null;
    this.pinned = false;
    this.#slice.around(index, this.#timeline.rows.length);
    this.#render();
    const li = /** @type {HTMLElement | null} */ (this.#list.querySelector(`#e${seq}`));
    li?.scrollIntoView({ block: "center" });
    this.#moved();
    return li;
  }

  #render() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const timeline = this.#timeline;
    if (this.pinned) {
      this.#slice.shift(-timeline.trim());
      this.#slice.toEnd(timeline.rows.length);
    } else this.#slice.grow(timeline.rows.length);
    const rows = timeline.rows.slice(this.#slice.start, this.#slice.end);
    const list = this.#list;
    const seqOf = (/** @type {Element | null} */ li) => Number(/** @type {HTMLElement} */ (li)?.dataset.seq);
    const from = rows[0]?.seq ?? Infinity;
    const to = rows.at(-1)?.seq ?? 0;
    const topOf = (/** @type {Element} */ one) => one.getBoundingClientRect().top;
    const stays = this.pinned ? undefined : this.#inView().find((li) => seqOf(li) >= from && seqOf(li) <= to);
    const top = stays ? topOf(stays) : 0;
    while (list.firstElementChild && seqOf(list.firstElementChild) < from) list.firstElementChild.remove();
    while (list.lastElementChild && seqOf(list.lastElementChild) > to) list.lastElementChild.remove();
    const first = list.firstElementChild;
    const held = [seqOf(first), seqOf(list.lastElementChild)];
    const find = (/** @type {number} */ seq) => timeline.row(seq);
    const make = (/** @type {import("./state.js").Row} */ row) => this.#entries.make(row, find);
    if (!first) list.append(...rows.map(make));
    else {
      first.before(...rows.filter((row) => row.seq < held[0]).map(make));
      list.append(...rows.filter((row) => row.seq > held[1]).map(make));
    }
    for (const seq of this.#changed) {
      const row = timeline.row(seq);
      const li = row && /** @type {HTMLElement | null} */ (list.querySelector(`#e${seq}`));
      if (row && li) this.#entries.fill(li, row, find);
    }
    this.#changed.clear();
    this.#rove();
    if (this.pinned) this.#end();
    else if (stays) this.#box.scrollTop += topOf(stays) - top;
  }

  /** The rows from the first one in view on: what the reader looks at is what must not move. */
  #inView() {
    const edge = this.#box.getBoundingClientRect().top;
    const rows = [...this.#list.children];
    return rows.slice(Math.max(0, rows.findIndex((li) => li.getBoundingClientRect().bottom > edge)));
  }

  /** One button of the log is in the tab order: the newest row's, or the one that has the focus. */
  #rove() {
    const focused = document.activeElement;
    const button = this.#list.contains(focused) ? focused : [...this.#list.querySelectorAll(".entry__more:not([hidden])")].at(-1);
    for (const each of this.#list.querySelectorAll('.entry__more[tabindex="0"]')) each.setAttribute("tabindex", "-1");
    button?.setAttribute("tabindex", "0");
  }

  /** Up and down go from message to message inside the log. @param {KeyboardEvent} event */
  #key(event) {
    const step = event.key === "ArrowUp" ? "previousElementSibling" : event.key === "ArrowDown" ? "nextElementSibling" : "";
    const at = document.activeElement?.closest(".entry");
    if (!step || !at || event.altKey || event.ctrlKey || event.metaKey) return;
    let next = at[step];
    while (next?.querySelector(".entry__more[hidden]")) next = next[step];
    if (!next) return;
    event.preventDefault();
    const button = /** @type {HTMLElement} */ (next.querySelector(".entry__more"));
    button.focus();
    next.scrollIntoView({ block: "nearest" });
  }

  #end() {
    this.#box.scrollTop = this.#box.scrollHeight;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#box;
    const below = scrollHeight - clientHeight - scrollTop;
    const was = this.pinned;
    if (below > END_PX) this.pinned &&= performance.now() - this.#hand >= HAND_MS;
    else if (this.#slice.atEnd(this.#timeline.rows.length)) this.pinned = true; // rows not painted yet unpin nobody
    if (this.pinned !== was) this.#moved();
    if (this.pinned) return;
    if (scrollTop < NEAR_PX) {
      if (this.#slice.up()) this.#render();
      else this.#older();
    } else if (below < NEAR_PX && this.#slice.down(this.#timeline.rows.length)) this.#render();
  }
}
