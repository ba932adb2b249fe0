// @ts-check
/**
 * The rooms beside this one, on wide screens: names, and which hold something new. Loaded once the room is live.
 *
 * The page holds <nav data-beside hidden> with [data-rooms] and a template of a row: an <a> with [data-name] and
 * [data-new]. A row that is there stays the same element, so that nobody loses their place by keyboard.
 *
 * @typedef {{id: number, name: string, new: boolean}} RoomTold
 */

const LOOK_MS = 60_000;
const ASK_MS = 10_000;

export class Beside {
  /** @type {Map<number, HTMLElement>} */
  #rows = new Map();
  #nav = /** @type {HTMLElement} */ (document.querySelector("nav[data-beside]"));
  #list = /** @type {HTMLElement} */ (this.#nav.querySelector("[data-rooms]"));
  #template = /** @type {HTMLTemplateElement} */ (this.#nav.querySelector("template"));

  /** @param {number} here the room that is open: what is new in it is seen */
  constructor(here) {
    this.here = here;
    document.addEventListener("visibilitychange", () => this.look());
    setInterval(() => this.look(), LOOK_MS);
    this.look();
  }

  /** Ask how the rooms stand now; not while nobody looks at the page. */
  async look() {
    if (document.visibilityState !== "visible") return;
    const asked = { headers: { accept: "application/json" }, signal: AbortSignal.timeout(ASK_MS) };
    const answer = await fetch("/rooms", asked).catch(() => undefined);
    if (!answer?.ok || !answer.headers.get("content-type")?.includes("json")) return;
    this.#show(await answer.json().catch(() => []));
  }

  /** @param {RoomTold[]} rooms */
  #show(rooms) {
    const rows = rooms.map((room) => this.#fill(this.#rows.get(room.id) ?? this.#make(room.id), room));
    this.#rows = new Map(rooms.map((room, at) => [room.id, rows[at]]));
    if (rows.length !== this.#list.children.length || rows.some((row, at) => row !== this.#list.children[at])) {
      const focused = document.activeElement;
      this.#list.replaceChildren(...rows);
      if (focused instanceof HTMLElement && this.#list.contains(focused)) focused.focus();
    }
    this.#nav.hidden = !rows.length;
  }

  /** @param {number} room */
  #make(room) {
    const row = /** @type {HTMLElement} */ (this.#template.content.firstElementChild?.cloneNode(true));
    const link = /** @type {HTMLAnchorElement} */ (row.querySelector("a"));
    link.href = `/rooms/${room}`;
    if (room === this.here) link.setAttribute("aria-current", "page");
    return row;
  }

  /** @param {HTMLElement} row @param {RoomTold} room */
  #fill(row, room) {
    const name = /** @type {HTMLElement} */ (row.querySelector("[data-name]"));
    if (name.textContent !== room.name) name.textContent = room.name;
    /** @type {HTMLElement} */ (row.querySelector("[data-new]")).hidden = !room.new || room.id === this.here;
    return row;
  }
}
