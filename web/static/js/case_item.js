// @ts-check
/** One case in the queue, as a row: what it is about, whom, where, since when, and in whose hands. */
import { ago, write } from "./page.js";
import { found } from "./queue.js";

const RISKS = new Set(["imminent", "minors"]);

/** Whom a case is about; a call for a second is about nobody, and what waits is about a room. @param {import("./page.js").LivePage} page @param {import("./queue.js").Case} one */
export function nameOf(page, one) {
  return one.kind === "call" ? page.words("call_by", { name: one.caller_name ?? "" }) : one.subject?.person ? one.subject.nickname : one.room_name ?? "";
}

/** @param {import("./page.js").LivePage} page @param {import("./queue.js").Case} one @param {boolean} selected */
export function caseItem(page, one, selected) {
  const item = page.copy("item");
  item.id = `case-${one.case}`;
  item.dataset.case = String(one.case);
  item.dataset.state = one.state;
  item.setAttribute("aria-selected", String(selected));
  write(item, "level", page.words(`level_${one.level}`)).classList.toggle("chip--risk", RISKS.has(one.level));
  const name = nameOf(page, one);
  write(item, "name", name);
  write(item, "room", name === one.room_name ? "" : one.room_name ?? "");
  write(item, "found", found(one, page.words));
  write(item, "at", ago(Math.max(0, Date.now() - one.at) / 1000, page.lang));
  const mine = one.claimed_by === Number(page.dataset.me);
  const state = one.state === "claimed" ? (mine ? "state_mine" : "state_claimed") : `state_${one.state}`;
  const line = one.asked ? page.words(one.acknowledged ? "acknowledged_by" : "asked_of", { name: one.asked_name ?? "" }) : "";
  const valve = one.done ? page.words("valve") : "";
  const third = one.third ? page.words(`third_${one.third}`) : "";
  write(item, "state", [page.words(state, { name: one.claimed_name ?? "" }), line, valve, third].filter(Boolean).join(" · "));
  return item;
}

/** Whether one is in the chat that a case is about, or has asked to be. @param {import("./page.js").LivePage} page @param {import("./queue.js").Case} one */
export function showThird(page, one) {
  const told = one.third ? page.words(`third_${one.third}`) : "";
  const line = write(page, "third", told);
  line.hidden = !told;
  const chat = /** @type {HTMLAnchorElement} */ (page.piece("chat"));
  chat.href = `/rooms/${one.room}`;
  chat.hidden = one.third !== "in";
}
