// @ts-check
/**
 * The outbox: what a person wrote and the server has not kept yet.
 *
 * The one idea: a say gets its `say_id` before the first try and is stored before it is sent, so trying again, after a
 * reload or a week, is harmless. Sent in order, one in flight a room; dropped when its own entry comes back, and on
 * signing out, with the drafts of this tab. Nothing but unsent text is ever stored here.
 *
 * @typedef {{say_id: string, person: number, room: number, text: string, reply_to: number, at: number,
 *   failed?: string}} Unsent
 * @typedef {{all(): Promise<Unsent[]>, put(unsent: Unsent): Promise<void>, drop(say_id: string): Promise<void>,
 *   clear(): Promise<void>}} Shelf
 */

/** The page asks before it sends anything older: the room has moved on. */
export const STALE_MS = 14 * 86_400_000;
const DATABASE = "hearthside";

/** @returns {string} 128 random bits, in letters a say_id may have */
export function newSayId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Keep in memory alone: where there is no IndexedDB, or none is allowed. @returns {Shelf} */
export function memoryShelf() {
  /** @type {Map<string, Unsent>} */
  const kept = new Map();
  return {
    all: async () => [...kept.values()],
    put: async (unsent) => void kept.set(unsent.say_id, { ...unsent }),
    drop: async (sayId) => void kept.delete(sayId),
    clear: async () => kept.clear(),
  };
}

/** Keep in IndexedDB, which opens while the person writes already. @returns {Shelf} */
export function storedShelf() {
  const opening = openShelf();
  return {
    all: async () => (await opening).all(),
    put: async (unsent) => (await opening).put(unsent),
    drop: async (sayId) => (await opening).drop(sayId),
    clear: async () => {
      sessionStorage.clear(); // the drafts
      await (await opening).clear();
    },
  };
}

/** @returns {Promise<Shelf>} memory alone, if the browser refuses */
async function openShelf() {
  /** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
  const settled = (request) =>
    new Promise((done, failed) => {
      request.onsuccess = () => done(request.result);
      request.onerror = () => failed(request.error);
    });
  try {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("unsent", { keyPath: "say_id" });
    const database = await settled(opening);
    database.onversionchange = () => database.close();
    const unsent = (/** @type {IDBTransactionMode} */ mode = "readwrite") =>
      database.transaction("unsent", mode).objectStore("unsent");
    return {
      all: () => settled(unsent("readonly").getAll()),
      put: async (one) => void (await settled(unsent().put(one))),
      drop: async (sayId) => void (await settled(unsent().delete(sayId))),
      clear: async () => void (await settled(unsent().clear())),
    };
  } catch {
    return memoryShelf();
  }
}

export class Outbox {
  /** @type {Unsent[]} in the order they were written */
  #waiting = [];
  #flying = "";
  #shelf;
  #person;
  #room;
  #send;
  #changed;
  #now;
  #held = false;
  #ended = false;
  /** @type {Set<string>} say_ids that are done with: a shelf that is being read may still hold them */
  #gone = new Set();
  /** @type {Set<string>} say_ids that are on the shelf, as far as this page has put or found them there */
  #stored = new Set();

  /**
   * @param {{shelf: Shelf, person: number, room: number, send: (unsent: Unsent) => boolean, changed: () => void,
   *   now?: () => number}} given send: hands one to the connection, false when there is none
   */
  constructor({ shelf, person, room, send, changed, now = Date.now }) {
    this.#shelf = shelf;
    this.#person = person;
    this.#room = room;
    this.#send = send;
    this.#changed = changed;
    this.#now = now;
  }

  get waiting() {
    return this.#waiting;
  }

  /** Whether the oldest one is so old that the person must be asked first. */
  get asks() {
    return Boolean(this.#waiting[0] && this.#isStale(this.#waiting[0]));
  }

  /** Whether nothing is sent for now (see `hold`). */
  get held() {
    return this.#held;
  }

  /** Whether the person is signed out here: nothing is taken any more. */
  get ended() {
    return this.#ended;
  }

  /**
   * Take up what an earlier page, or another one that is open, left, and let go of what was sent or thrown away there;
   * another person's is forgotten.
   */
  async open() {
    const stored = new Set(this.#stored);
    const left = await this.#shelf.all().catch(() => undefined);
    if (this.#ended) return;
    if (!left) return this.next();
    for (const one of left) if (one.person !== this.#person) await this.#shelf.drop(one.say_id);
    const still = new Set(left.map((one) => one.say_id));
    this.#waiting = this.#waiting.filter((one) => still.has(one.say_id) || !stored.has(one.say_id));
    if (!this.#waiting.some((one) => one.say_id === this.#flying)) this.#flying = "";
    const known = new Set([...this.#gone, ...this.#waiting.map((one) => one.say_id)]);
    const mine = left.filter((one) => one.person === this.#person && one.room === this.#room && !known.has(one.say_id));
    for (const one of mine) this.#stored.add(one.say_id);
    this.#waiting = this.#waiting.concat(mine).sort((a, b) => a.at - b.at);
    this.#changed();
    this.next();
  }

  /** @param {string} text @param {number} [replyTo] @returns {Promise<string>} its say_id, once it is stored; "": not taken */
  async add(text, replyTo = 0) {
    if (this.#ended) return "";
    const last = this.#waiting.at(-1)?.at ?? 0;
    const one = {
      say_id: newSayId(), person: this.#person, room: this.#room, text, reply_to: replyTo,
      at: Math.max(this.#now(), last + 1),
    };
    this.#waiting.push(one);
    this.#changed();
    await this.#shelf.put(one).then(() => this.#stored.add(one.say_id), () => {}); // a full disk must not keep anybody from speaking
    this.next();
    return one.say_id;
  }

  /** Send the oldest, unless one is in flight, it failed, or the person must be asked. */
  next() {
    const one = this.#waiting.find((each) => !each.failed);
    if (!one || this.#flying || this.#held || this.#isStale(one)) return;
    this.#flying = one.say_id;
    if (!this.#send(one)) this.#flying = "";
  }

  /** The connection is gone, or back: what was in flight is sent again, and what other pages left. */
  again() {
    this.#flying = "";
    return this.open();
  }

  /** Send nothing while `held` (the room is closed, the person is muted). @param {boolean} held */
  hold(held) {
    this.#held = held;
    this.#changed();
    if (!held) return this.open();
  }

  /** It is kept for good (or not wanted any more). @param {string} sayId @returns {Promise<boolean>} whether it waited here */
  async drop(sayId) {
    const index = this.#waiting.findIndex((one) => one.say_id === sayId);
    if (index < 0) return false;
    this.#waiting.splice(index, 1);
    this.#gone.add(sayId);
    if (this.#flying === sayId) this.#flying = "";
    this.#changed();
    await this.#shelf.drop(sayId).catch(() => {});
    this.next();
    return true;
  }

  /** Signed out: nothing unsent stays on this device, and nothing more is taken. */
  async forget() {
    this.#ended = true;
    this.#waiting = [];
    this.#changed();
    await this.#shelf.clear().catch(() => {});
  }

  /** The server turned it down for good: it stays, and is not sent again by itself. @param {string} sayId @param {string} code */
  fail(sayId, code) {
    const one = this.#waiting.find((each) => each.say_id === sayId);
    if (!one) return;
    one.failed = code;
    if (this.#flying === sayId) this.#flying = "";
    this.#changed();
    const stored = this.#shelf.put(one).catch(() => {}); // the next page must not send it by itself either
    this.next();
    return stored;
  }

  /** The person says: send it after all. @param {string} sayId */
  async retry(sayId) {
    const one = this.#waiting.find((each) => each.say_id === sayId);
    if (!one) return;
    delete one.failed;
    one.at = Math.max(one.at, this.#now() - 1);
    await this.#shelf.put(one).catch(() => {});
    this.#changed();
    this.next();
  }

  /** @param {Unsent} one */
  #isStale(one) {
    return this.#now() - one.at > STALE_MS;
  }
}
