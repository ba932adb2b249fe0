// @ts-check
/**
 * Rows of a list that is asked for again and again.
 *
 * The one idea: a row that stays is the same element, so whatever has the focus in it keeps it. Where a row goes that had
 * it, the list gets it, and never the button of another row: Enter would do to one what was meant for another.
 */

/**
 * Show items as the rows of a list.
 *
 * @template T
 * @param {HTMLElement} list that can have the focus
 * @param {T[]} items
 * @param {(one: T) => number | string} keyOf what an item is known by from one time to the next
 * @param {(one: T) => HTMLElement} make a row, with what it does; it lives on while its item is there
 * @param {(row: HTMLElement, one: T) => void} fill what is read in it now
 */
export function showRows(list, items, keyOf, make, fill) {
  const had = list.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement) : null;
  const before = new Map(/** @type {HTMLElement[]} */ ([...list.children]).map((row) => [row.dataset.row, row]));
  const rows = items.map((one) => {
    const key = String(keyOf(one));
    const row = before.get(key) ?? make(one);
    row.dataset.row = key;
    fill(row, one);
    return row;
  });
  for (const row of [...list.children]) if (!rows.includes(/** @type {HTMLElement} */ (row))) row.remove();
  for (const [at, row] of rows.entries()) if (list.children[at] !== row) list.insertBefore(row, list.children[at] ?? null);
  if (had && document.activeElement !== had) (list.contains(had) ? had : list).focus({ preventScroll: true });
}

/** Show a part of the page, or hide it; where it had the focus, `instead` gets that. @param {HTMLElement} part @param {boolean} shown @param {HTMLElement} instead */
export function showPart(part, shown, instead) {
  if (!shown && !part.hidden && part.contains(document.activeElement)) instead.focus({ preventScroll: true });
  part.hidden = !shown;
}
