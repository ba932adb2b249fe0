// @ts-check
/** The console's keys: what each does while the queue has the focus. Letters can be switched off (WCAG 2.1.4). */

const STEPS = /** @type {Record<string, number>} */ ({ ArrowDown: 1, ArrowUp: -1 });
const LETTER_STEPS = /** @type {Record<string, number>} */ ({ j: 1, k: -1 });
const LETTER_ACTS = /** @type {Record<string, string>} */ ({
  c: "claim", m: "mute", h: "hide", o: "more", x: "nothing", n: "fresh", z: "undo", e: "escalate", a: "acknowledge",
  r: "release", d: "decide", t: "let-through", l: "decline",
});

/**
 * @param {KeyboardEvent} event
 * @param {boolean} letters whether letters count
 * @returns {{step: number, act: string}} so many cases down the queue, or what to do; 0 and "": the key does nothing here
 */
export function keyed(event, letters) {
  const { key } = event;
  if (event.altKey || event.ctrlKey || event.metaKey) return { step: 0, act: "" };
  const step = STEPS[key] ?? (letters ? LETTER_STEPS[key] : undefined) ?? 0;
  return { step, act: key === "Enter" ? "open" : (letters ? LETTER_ACTS[key] : undefined) ?? "" };
}
