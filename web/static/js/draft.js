// @ts-check
/**
 * A draft: what somebody typed into a form (or where one writes in a room) and has not sent, so that a reload, or a look
 * at another page, loses nothing.
 *
 * The one idea: a draft belongs to one state of what is kept (`of`: whose it is, and which version). Once something was
 * saved the page names another state, and the draft is dropped unread, whether or not the answer had come back.
 *
 * @typedef {[name: string, value: string][]} Fields as in FormData; of a box or a button that is chosen, its value
 */

const PREFIX = "draft ";

export class Draft {
  #storage;
  #key;
  #of;

  /** @param {Storage | undefined} storage @param {string} form @param {string} of */
  constructor(storage, form, of) {
    this.#storage = storage;
    this.#key = PREFIX + form;
    this.#of = of;
  }

  /** Keep what the form holds now; a storage that is full or closed keeps nothing. @param {Fields} fields */
  keep(fields) {
    try {
      this.#storage?.setItem(this.#key, JSON.stringify({ of: this.#of, fields }));
    } catch {
      this.drop();
    }
  }

  /** What was typed, if it belongs to this state of what is kept. @returns {Fields | undefined} */
  found() {
    try {
      const kept = JSON.parse(this.#storage?.getItem(this.#key) ?? "{}");
      if (kept.of === this.#of && Array.isArray(kept.fields)) return kept.fields;
    } catch {
      // not ours, or the storage is closed
    }
    this.drop();
  }

  drop() {
    try {
      this.#storage?.removeItem(this.#key);
    } catch {
      // a closed storage holds nothing
    }
  }
}

/** Drop every draft of this tab: at the sign-out and at the erasure. @param {Storage | undefined} storage */
export function dropDrafts(storage) {
  for (const key of Object.keys(storage ?? {})) if (key.startsWith(PREFIX)) storage?.removeItem(key);
}

/** @returns {Storage | undefined} nothing where the browser denies it: then nothing is kept */
export function ofTab() {
  try {
    return sessionStorage;
  } catch {
    return undefined;
  }
}
