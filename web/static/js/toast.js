// @ts-check
/** A sentence about what has just happened, shown for a while at the foot of a room. */

const SHOWN_MS = 8000;

/** @param {string} told */
export function toast(told) {
  const place = /** @type {HTMLElement} */ (document.querySelector("[data-toast]"));
  const since = String(performance.now()); // on the element: each script of the page has a copy of this module
  place.textContent = told;
  place.dataset.shown = since;
  setTimeout(() => {
    if (place.dataset.shown === since) delete place.dataset.shown;
  }, SHOWN_MS);
}

/** The words for a command without an answer. @param {null | undefined} answer as `Wire.ask` gives it */
export const unanswered = (answer) => (answer === null ? "no_answer" : "not_done");
