// @ts-check
/**
 * One entry on the page: a row of templates/entry.html, made from the page's own template and filled by textContent.
 *
 * @typedef {import("./state.js").Row} Row
 * @typedef {import("./words.js").Words} Words
 */

/** @type {Record<string, string>} */
export const GLYPHS = { heart: "❤️", hug: "🤗", strength: "💪", same: "🤝", thanks: "🙏", candle: "🕯️" };

/** @param {Element} li @param {string} part @returns {HTMLElement} */
const part = (li, part) => /** @type {HTMLElement} */ (li.querySelector(`.entry__${part}`));

/** Read back a row that the server has rendered. @param {HTMLElement} li @returns {import("./state.js").Entry} */
export function readEntry(li) {
  const data = li.dataset;
  const marks = [...li.querySelectorAll("[data-mark]")].map((mark) => {
    const { mark: name, who } = /** @type {HTMLElement} */ (mark).dataset;
    return [name, (who ?? "").split(",").filter(Boolean).map(Number)];
  });
  const said = data.kind === "said";
  return {
    seq: Number(data.seq), kind: data.kind ?? "", at: Number(data.at), author: Number(data.author ?? 0),
    name: data.name ?? "", target: Number(data.target ?? 0), edited: Number(data.edited ?? 0), hidden: data.hidden ?? "",
    code: data.code ?? "", text: said && !data.hidden ? part(li, "text").textContent ?? "" : "",
    marks: Object.fromEntries(marks),
  };
}

export class EntryMaker {
  /** @param {{template: HTMLTemplateElement, words: Words, clock: (at: number) => string, me: number}} given */
  constructor({ template, words, clock, me }) {
    this.template = template;
    this.words = words;
    this.clock = clock;
    this.me = me;
  }

  /** @param {Row} row @param {(seq: number) => Row | undefined} find @returns {HTMLElement} */
  make(row, find) {
    const li = /** @type {HTMLElement} */ (this.template.content.firstElementChild?.cloneNode(true));
    this.fill(li, row, find);
    return li;
  }

  /** Show `row` in `li`; find: looks up the row that this one answers. @param {HTMLElement} li @param {Row} row @param {(seq: number) => Row | undefined} find */
  fill(li, row, find) {
    li.id = `e${row.seq}`;
    Object.assign(li.dataset, { seq: row.seq, kind: row.kind, at: row.at, author: row.author, name: row.name });
    li.toggleAttribute("data-mine", row.kind === "said" && row.author === this.me);
    if (row.hidden) li.dataset.hidden = row.hidden;
    if (row.target) li.dataset.target = String(row.target);
    if (row.code) li.dataset.code = row.code;
    part(li, "name").textContent = row.name || this.words("nobody");
    this.stamp(li, row.at);
    part(li, "text").textContent = this.textOf(row);
    part(li, "edited").hidden = !row.edited || Boolean(row.hidden);
    const to = part(li, "to");
    to.hidden = !row.target || row.kind !== "said" || Boolean(row.hidden);
    if (!to.hidden) {
      to.setAttribute("href", `#e${row.target}`);
      const asked = find(row.target);
      to.textContent = asked?.name ? this.words("answer_to", { name: asked.name }) : this.words("answer_earlier");
    }
    part(li, "more").hidden = row.kind !== "said";
    part(li, "more").setAttribute("aria-label", this.words("more", { name: row.name || this.words("nobody") }));
    part(li, "marks").replaceChildren(...this.#marks(row));
  }

  /** Put the time as the reader's own clock has it. @param {Element} li @param {number} at */
  stamp(li, at) {
    const time = part(li, "at");
    time.setAttribute("datetime", new Date(at).toISOString());
    /** @type {Element} */ (time.firstElementChild).textContent = this.clock(at);
  }

  /** What is read of a row, by eye or by ear. @param {Row} row */
  textOf(row) {
    if (row.hidden) return this.words(`hidden_${row.hidden}`);
    if (row.kind === "said") return row.text;
    const name = row.name || this.words("nobody");
    return this.words(`${row.kind}_${row.code}`, { name }) || this.words(row.kind, { name });
  }

  /** What is read out of a row that has come. @param {Row} row */
  aloud(row) {
    const text = this.textOf(row);
    return row.kind === "said" ? `${row.name || this.words("nobody")}: ${text}` : text;
  }

  /** @param {Row} row */
  #marks(row) {
    const worn = row.hidden ? [] : [...row.marks].filter(([, who]) => who.size);
    return worn.map(([mark, who]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "mark";
      button.tabIndex = -1; // by keyboard marks are put in the dialog: a long log must not be a long row of stops
      button.dataset.mark = mark;
      button.setAttribute("aria-pressed", String(who.has(this.me)));
      button.setAttribute("aria-label", this.words(`mark_${mark}`) + ` ${who.size}`);
      button.textContent = `${GLYPHS[mark] ?? "·"} ${who.size}`;
      return button;
    });
  }
}

