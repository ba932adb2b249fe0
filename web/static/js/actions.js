// @ts-check
/** What one may do with an entry (answer, mark, edit, take back, report), and leaving. Loaded on the first wish. */
import { toast, unanswered } from "./toast.js";

const ANSWER_MS = 10_000;

/** @param {string} id @returns {HTMLDialogElement} */
const dialog = (id) => /** @type {HTMLDialogElement} */ (document.getElementById(id));

/** @param {Element} within @param {string} name @returns {HTMLElement} */
const part = (within, name) => /** @type {HTMLElement} */ (within.querySelector(`[data-${name}]`));

/**
 * Show a dialog and hear which button was pressed.
 *
 * @param {HTMLDialogElement} shown
 * @returns {Promise<string>} the button's value; empty when it was dismissed
 */
function choice(shown) {
  shown.returnValue = "";
  shown.showModal();
  return new Promise((chosen) => shown.addEventListener("close", () => chosen(shown.returnValue), { once: true }));
}

/** Show what a dialog is about, and whose words they are. @param {HTMLDialogElement} shown @param {import("./live.js").Live} live @param {import("./state.js").Row} row */
function quote(shown, live, row) {
  shown.dataset.author = String(row.author);
  part(shown, "quote").textContent = live.entries.textOf(row);
}

/** @param {import("./live.js").Live} live @param {string} key @param {Record<string, string>} [values] */
function tell(live, key, values) {
  toast(live.words(key, values) || live.words("refused") || "");
}

/** @param {import("./live.js").Live} live @param {import("./wire.js").Frame | null | undefined} answer @param {string} [kept] */
function tellAnswer(live, answer, kept) {
  if (!answer) tell(live, unanswered(answer));
  else if (answer.t === "refused") tell(live, `refused_${answer.code}`);
  else if (kept) tell(live, kept);
}

/** What may be done with the entry `seq`. @param {import("./live.js").Live} live @param {number} seq */
export async function open(live, seq) {
  const row = live.row(seq);
  if (!row) return;
  const shown = dialog("actions");
  const mine = row.author === live.me;
  part(shown, "name").textContent = row.name;
  quote(shown, live, row);
  part(shown, "own").hidden = !mine || Boolean(row.hidden);
  part(shown, "others").hidden = mine;
  part(shown, "open").hidden = Boolean(row.hidden) || Boolean(live.composer?.silent);
  part(shown, "edit").hidden = !mine;
  part(shown, "to").hidden = Boolean(row.hidden) || !live.row(row.target);
  for (const each of shown.querySelectorAll("[data-react]")) {
    const button = /** @type {HTMLButtonElement} */ (each);
    const on = row.marks.get(button.value.slice(5))?.has(live.me) ?? false;
    button.setAttribute("aria-pressed", String(on));
  }
  const chosen = await choice(shown);
  if (chosen === "reply") live.composer?.reply(row);
  else if (chosen === "edit") live.composer?.edit(row);
  else if (chosen === "to") goTo(live, row.target);
  else if (chosen === "retract") await retract(live, row);
  else if (chosen === "report") await report(live, row);
  else if (chosen === "block") await block(live, row.author);
  else if (chosen.startsWith("mark-")) tellAnswer(live, await live.react(seq, chosen.slice(5)));
}

/** Links in the log are no stops of Tab: this is the way to an answered message by keyboard. @param {import("./live.js").Live} live @param {number} seq */
function goTo(live, seq) {
  /** @type {HTMLElement | null | undefined} */ (live.log.reveal(seq)?.querySelector(".entry__more"))?.focus();
}

/** @param {import("./live.js").Live} live @param {import("./state.js").Row} row */
async function retract(live, row) {
  const answer = await live.wire.ask({ t: "retract", room: live.room, seq: row.seq });
  tellAnswer(live, answer);
}

/** @param {import("./live.js").Live} live @param {import("./state.js").Row} row */
async function report(live, row) {
  const shown = dialog("report");
  const form = /** @type {HTMLFormElement} */ (shown.querySelector("form"));
  if (form.dataset.about !== String(row.seq)) form.reset();
  form.dataset.about = String(row.seq); // what was written about it stands there again until it has arrived
  quote(shown, live, row);
  const chosen = await choice(shown);
  if (chosen === "leave") return leave(live);
  if (chosen !== "send") return;
  const { level, reason, window, shown: may } = Object.fromEntries(new FormData(form));
  const answer = await live.wire.ask({
    t: "report", room: live.room, seq: row.seq, level, reason: String(reason).trim(), window: Number(window),
    shown: may === "yes",
  });
  if (answer?.t === "done") form.reset();
  tellAnswer(live, answer, "reported");
}

/** "I need a second": call a moderator beside oneself. @param {import("./live.js").Live} live */
export async function second(live) {
  const level = await choice(dialog("second"));
  if (level) tellAnswer(live, await live.wire.ask({ t: "call", room: live.room, level }), "called");
}

/**
 * Never be matched with somebody again; a one-to-one ends with it.
 *
 * @param {import("./live.js").Live} live @param {number} [person] without it: the other of a one-to-one
 */
async function block(live, person) {
  const shown = dialog("block");
  const form = /** @type {HTMLFormElement} */ (shown.querySelector("form"));
  const isThird = Boolean(person) && person === Number(live.element.dataset.third);
  for (const each of /** @type {NodeListOf<HTMLElement>} */ (shown.querySelectorAll("[data-of]")))
    each.hidden = (each.dataset.of === "third") !== isThird;
  /** @type {HTMLInputElement} */ (form.elements.namedItem("person")).value = String(person || "");
  if ((await choice(shown)) !== "block") return;
  const body = new URLSearchParams([...new FormData(form)].map(([name, value]) => [name, String(value)]));
  const headers = { accept: "application/json" };
  const answer = await fetch(form.dataset.action ?? "", {
    method: "POST", body, headers, signal: AbortSignal.timeout(ANSWER_MS),
  }).catch(() => undefined);
  if (!answer?.ok) tell(live, answer ? "refused" : "no_answer");
  else if (live.element.kind === "one_to_one" && !isThird) location.assign("/rooms?blocked=yes");
  else tell(live, "blocked");
}

/** @param {import("./live.js").Live} live */
export async function leave(live) {
  const chosen = await choice(dialog("leave"));
  if (chosen === "block") return block(live);
  if (chosen !== "leave") return;
  const answer = await live.wire.ask({ t: "leave", room: live.room });
  if (answer?.t === "done" || answer?.code === "not_a_member") location.assign("/rooms");
  else tellAnswer(live, answer);
}
