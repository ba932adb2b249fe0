// @ts-check
/** What was said around a reported message, a line each. */
import { write } from "./page.js";

/** @typedef {{seq: number, kind: string, name: string, at: number, text: string, reported: boolean}} Around */

/** @param {import("./page.js").LivePage} page @param {Around} one */
export function around(page, one) {
  const line = page.copy("line-of");
  line.toggleAttribute("data-reported", one.reported);
  write(line, "author", one.name);
  write(line, "words-of", one.text || page.words(`kind_${one.kind}`) || "…");
  return line;
}
