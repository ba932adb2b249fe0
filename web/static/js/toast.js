// @ts-check
/** A sentence about what has just happened, shown for a while at the foot of a room. */

const SHOWN_MS = 8000;

/** @param {string} told */
export function toast(told) {
  const place = /** @type {HTMLElement} */ (document.querySelector("[data-toast]"));
  place.textContent = told;
  place.toggleAttribute("data-shown", true);
  setTimeout(() => place.toggleAttribute("data-shown", false), SHOWN_MS);
}
