// @ts-check
/** The acts that stand in a case, by the valve or by one of us: they stay, or whoever looks takes them back. */
import { write } from "./page.js";
import { showPart, showRows } from "./rows.js";
import { clockOf } from "./words.js";

/** @typedef {{act: number, kind: string, until: number, name?: string, made_name?: string, at?: number}} Standing */

/**
 * @param {import("./page.js").LivePage} page
 * @param {string} part of the pane, with a list of the same name
 * @param {Standing[]} acts
 * @param {((act: number) => void) | null} back takes one back; null: whoever looks may not
 */
export function showStanding(page, part, acts, back) {
  const clock = clockOf(page.lang);
  showRows(page.piece(`${part}-acts`), acts, (one) => one.act, ({ act }) => {
    const row = page.copy("act-of");
    const button = /** @type {HTMLElement} */ (row.querySelector("button"));
    write(row, "act-what", "").id = `act-${act}`;
    button.setAttribute("aria-describedby", `act-${act}`);
    button.addEventListener("click", () => back?.(act));
    return row;
  }, (row, { kind, until, name, made_name, at }) => {
    /** @type {HTMLElement} */ (row.querySelector("button")).hidden = !back;
    const what = name ? `${name}: ${page.words(`act_${kind}`)}` : page.words(`act_${kind}`);
    const when = until ? page.words("act_until", { when: clock(until) }) : "";
    const by = at ? page.words("act_by", { name: made_name ?? "", when: clock(at) }) : "";
    write(row, "act-what", [what, when, by].filter(Boolean).join(" "));
  });
  showPart(page.piece(part), acts.length > 0, page.piece("who"));
}
