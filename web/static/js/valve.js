// @ts-check
/** What came by itself about a case while nobody was on duty: it stays, or whoever looks takes it back. */
import { write } from "./page.js";
import { clockOf } from "./words.js";

/** @typedef {{act: number, kind: string, until: number}} ByValve */

/** @param {import("./page.js").LivePage} page @param {ByValve[]} acts @param {(act: number) => Promise<boolean>} back */
export function showValve(page, acts, back) {
  page.piece("valve").hidden = !acts.length;
  page.piece("valve-acts").replaceChildren(...acts.map(({ act, kind, until }) => {
    const line = page.copy("valve-of");
    const when = until ? page.words("act_until", { when: clockOf(page.lang)(until) }) : "";
    const what = write(line, "valve-what", [page.words(`act_${kind}`), when].filter(Boolean).join(" "));
    const button = /** @type {HTMLElement} */ (line.querySelector("button"));
    what.id = `valve-${act}`;
    button.setAttribute("aria-describedby", what.id);
    button.addEventListener("click", async () => {
      if (!(await back(act))) return;
      line.remove();
      page.piece("valve").hidden = !page.piece("valve-acts").children.length;
      page.piece("queue").focus();
    });
    return line;
  }));
}
