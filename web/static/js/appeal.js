// @ts-check
/** An appeal in the console: the act it is against, what may be done about it, and deciding. */
import { write } from "./page.js";
import { clockOf } from "./words.js";

/**
 * @typedef {{kind: string, rule: string, made_name: string, at: number, until: number, stands: boolean, reason: string}} Against
 */

/** Show of an open case what fits its kind. @param {import("./page.js").LivePage} page @param {{appeal?: Against | null, place: string, shown: boolean}} opened */
export function showAppeal(page, { appeal, place, shown }) {
  const pane = page.piece("pane");
  for (const one of /** @type {NodeListOf<HTMLElement>} */ (pane.querySelectorAll("[data-of-reports]"))) one.hidden = Boolean(appeal);
  for (const one of /** @type {NodeListOf<HTMLElement>} */ (pane.querySelectorAll("[data-of-appeals]"))) one.hidden = !appeal;
  /** @type {HTMLElement} */ (document.querySelector("#hide [data-reveals]")).hidden = place !== "one_to_one" || shown;
  if (!appeal) return;
  const clock = clockOf(page.lang);
  const when = appeal.until ? page.words("act_until", { when: clock(appeal.until) }) : "";
  const over = appeal.stands ? "" : page.words("act_over");
  write(pane, "against", [page.words(`act_${appeal.kind}`), when, over].filter(Boolean).join(" "));
  write(pane, "act-rule", appeal.rule);
  write(pane, "act-by", page.words("act_by", { name: appeal.made_name, when: clock(appeal.at) }));
  write(pane, "act-reason", appeal.reason || page.words("act_no_reason"));
}

/** Decide an appeal. @param {import("./handing.js").Hands} hands @param {import("./queue.js").Case} one */
export async function decide(hands, one) {
  const form = await hands.form("decide", hands.name(one));
  if (!form || !(await hands.claim(one))) return;
  await hands.ask({ t: "decide", case: one.case, outcome: form.outcome, reason: form.reason }, `decided_${form.outcome}`);
}
