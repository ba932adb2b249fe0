// @ts-check
/**
 * What a page holds of one room: the rows to show, and the cursor.
 *
 * The one idea: entries come in order, each the one after the cursor. A repeat is dropped, a jump is told and never
 * advanced over. Edits, retractions, removals and marks are entries too; they change the row they are about.
 *
 * @typedef {{seq: number, kind: string, at: number, author?: number, name?: string, say_id?: string, target?: number,
 *   ref?: number, code?: string, text?: string, edited?: number, hidden?: string,
 *   marks?: Record<string, number[]>}} Entry as in chat/protocol.py
 * @typedef {{seq: number, kind: string, at: number, author: number, name: string, say_id: string, target: number,
 *   code: string, text: string, edited: number, hidden: string, marks: Map<string, Set<number>>}} Row
 */

/** Kinds that have a row of their own; the others only change one. */
const SHOWN = new Set(["said", "joined", "left", "muted", "notice", "opened", "closed"]);

/** So many rows are kept in memory while the reader is at the end; older ones are paged again when wanted. */
export const KEPT = 1000;

/** @param {Entry} entry @returns {Row} */
export function rowOf(entry) {
  const marks = new Map(Object.entries(entry.marks ?? {}).map(([mark, who]) => [mark, new Set(who)]));
  return {
    seq: entry.seq, kind: entry.kind, at: entry.at, author: entry.author ?? 0, name: entry.name ?? "",
    say_id: entry.say_id ?? "", target: entry.target ?? 0, code: entry.code ?? "", text: entry.text ?? "",
    edited: entry.edited ?? 0, hidden: entry.hidden ?? "", marks,
  };
}

const ERASED = { name: "", text: "", hidden: "erased" };

export class Timeline {
  /** @type {Row[]} ascending by seq */
  #rows = [];
  /** @type {Map<number, Row>} */
  #bySeq = new Map();
  /** @type {Set<number>} whose account was erased: a page of history that was asked for before may still name them */
  #erased = new Set();
  #cursor;
  #oldest;

  /**
   * @param {number} last the seq up to which nothing is missing
   * @param {Entry[]} [entries] the page that ends there; ascending
   * @param {number} [oldest] the seq from which on nothing is missing; without it, that of the first entry
   */
  constructor(last, entries = [], oldest) {
    this.#cursor = last;
    this.#oldest = oldest ?? entries[0]?.seq ?? last + 1;
    for (const entry of entries) this.#keep(entry, this.#rows);
  }

  get rows() {
    return this.#rows;
  }

  /** The last seq held without a hole: what to join with. */
  get cursor() {
    return this.#cursor;
  }

  /** The oldest seq held: page with `before` this. */
  get oldest() {
    return this.#oldest;
  }

  /** @param {number} seq */
  row(seq) {
    return this.#bySeq.get(seq);
  }

  /**
   * Take entries as they come over the socket.
   *
   * @param {Entry[]} entries
   * @returns {{added: Row[], changed: Set<number>, jump: boolean}} new rows in order; seqs of rows that look different
   *   now; whether an entry was missing (what came after it was not taken: join again from the cursor)
   */
  take(entries) {
    /** @type {Row[]} */
    const added = [];
    const changed = new Set();
    for (const entry of entries) {
      if (entry.seq <= this.#cursor) continue;
      if (entry.seq !== this.#cursor + 1) return { added, changed, jump: true };
      this.#cursor = entry.seq;
      this.#keep(entry, this.#rows, added);
      const touched = this.#apply(entry);
      if (touched) changed.add(touched);
      if (entry.kind === "left" && entry.code === "erased") this.forget(entry.author ?? 0).forEach((seq) => changed.add(seq));
    }
    return { added, changed, jump: false };
  }

  /**
   * Put a page of history before what is held. Its words are as they are to be shown now.
   *
   * @param {Entry[]} entries ascending, ending right before `oldest`; what overlaps is dropped
   * @returns {number} how many rows it added
   */
  prepend(entries) {
    const older = entries.filter((entry) => entry.seq < this.#oldest);
    if (!older.length) return 0;
    /** @type {Row[]} */
    const rows = [];
    for (const entry of older) this.#keep(entry, rows);
    this.#oldest = older[0].seq;
    this.#rows = rows.concat(this.#rows);
    return rows.length;
  }

  /** Take entries as they are to be shown now. @param {Entry[]} entries @returns {Set<number>} seqs of rows that look different */
  refresh(entries) {
    const changed = new Set();
    for (const entry of entries) {
      const row = this.#bySeq.get(entry.seq);
      if (!row || !row.hidden === !entry.hidden) continue;
      Object.assign(row, this.#rowOf(entry));
      changed.add(row.seq);
    }
    return changed;
  }

  /** @param {Entry} entry @returns {Row} */
  #rowOf(entry) {
    return this.#erased.has(entry.author ?? 0) ? { ...rowOf(entry), ...ERASED } : rowOf(entry);
  }

  /** Somebody's account was erased: no row keeps their name or words. @param {number} person @returns {Set<number>} seqs of rows that look different */
  forget(person) {
    const changed = new Set();
    if (person) this.#erased.add(person);
    for (const row of person ? this.#rows : []) {
      if (row.author === person) Object.assign(row, ERASED);
      else if (this.#bySeq.get(row.target)?.author !== person) continue; // an answer names whom it answers
      changed.add(row.seq);
    }
    return changed;
  }

  /** Forget the oldest rows beyond `KEPT`. @returns {number} how many */
  trim() {
    const spare = this.#rows.length - KEPT;
    if (spare <= 0) return 0;
    for (const row of this.#rows.splice(0, spare)) this.#bySeq.delete(row.seq);
    this.#oldest = this.#rows[0].seq;
    return spare;
  }

  /** @param {Entry} entry @param {Row[]} rows @param {Row[]} [added] */
  #keep(entry, rows, added) {
    if (!SHOWN.has(entry.kind) || entry.code === "lobby") return;  // so many would be sent out at once
    const row = this.#rowOf(entry);
    rows.push(row);
    this.#bySeq.set(row.seq, row);
    added?.push(row);
  }

  /** @param {Entry} entry @returns {number} the seq of the row it changed, or 0 */
  #apply(entry) {
    const row = this.#bySeq.get(entry.target ?? 0);
    if (!row || row.seq === entry.seq || row.kind !== "said") return 0;
    if (entry.kind === "edited") {
      if (entry.hidden || row.hidden || entry.seq <= row.edited) return 0;
      row.text = entry.text ?? "";
      row.edited = entry.seq;
    } else if (entry.kind === "retracted" || entry.kind === "removed") {
      row.text = "";
      row.hidden = entry.kind;
    } else if (entry.kind === "reacted") {
      const who = row.marks.get(entry.code ?? "") ?? new Set();
      if (entry.ref) who.add(entry.author ?? 0);
      else who.delete(entry.author ?? 0);
      row.marks.set(entry.code ?? "", who);
    } else return 0;
    return row.seq;
  }
}
