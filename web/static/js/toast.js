// @ts-check
/** A sentence about what has just happened, shown for a while at the foot of a room. */

const SHOWN_MS = 8000;

/** @param {string} told */
export function toast(told) {
  const place = /** @type {HTMLElement} */ (document.querySelector("[data-toast]"));
  const since = String(performance.now());
  place.textContent = told;
  place.dataset.shown = since;
  setTimeout(() => {
    if (place.dataset.shown === since) delete place.dataset.shown; // a later sentence has its own time
  }, SHOWN_MS);
}
