// @ts-check
/** Somebody's account was erased: the page keeps nothing of their name and words. */

/** @param {import("./live.js").Live} live @param {number} person @param {string} name as they were known here */
export function forget(live, person, name) {
  live.log.update(live.log.timeline.forget(person)); // it may be an older one than what comes goes into
  live.element.piece("announcer").textContent = "";
  for (const dialog of document.querySelectorAll(`dialog[data-author="${person}"]`))
    for (const part of dialog.querySelectorAll("[data-name], [data-quote]"))
      part.textContent = live.words(part.matches("[data-name]") ? "nobody" : "hidden_erased");
  const title = /** @type {HTMLElement | null} */ (document.querySelector("[data-two]"));
  const before = title?.dataset.two;
  if (!title || !before || !name) return;
  const two = before.split(" · ").map((one) => (one === name ? live.words("nobody") : one)).join(" · ");
  title.dataset.two = two;
  title.textContent = (title.textContent ?? "").replace(before, () => two);
  document.title = document.title.replace(before, () => two);
  const aside = live.element.piece("elsewhere"); // holds the title while it says that something waits elsewhere
  if (aside.dataset.title) aside.dataset.title = aside.dataset.title.replace(before, () => two);
}
