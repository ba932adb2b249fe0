// @ts-check
/** What a moderator may do about a case: the dialog that asks how and why, and the command that comes of it. */

/**
 * Show a dialog and hear what was chosen in it. When it is closed, the focus is where it was before, by itself and
 * without scrolling there.
 *
 * @param {string} name its id
 * @param {string} about whom it is about, or which room or case
 * @returns {Promise<{chosen: string, form: Record<string, string>}>} the button's value, "" for not now; the fields
 */
export function ask(name, about) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById(name));
  const form = /** @type {HTMLFormElement} */ (dialog.querySelector("form"));
  form.reset();
  for (const each of dialog.querySelectorAll("[data-nickname]")) each.textContent = about;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((done) => dialog.addEventListener("close", () => {
    const fields = /** @type {Record<string, string>} */ (Object.fromEntries(new FormData(form)));
    done({ chosen: dialog.returnValue, form: fields });
  }, { once: true }));
}

/**
 * @param {string} act
 * @param {Record<string, string>} form
 * @param {{case: number, room: number, subject: {person: number}}} about
 * @param {number} [seq] of the reported message
 * @returns {Record<string, unknown> & {t: string}}
 */
export function commandOf(act, form, about, seq) {
  const person = about.subject.person;
  const room = about.room;
  const because = { rule: form.rule, reason: form.reason, case: about.case };
  const many = (/** @type {string} */ field) => (form[field] ? { [field]: Number(form[field]) } : {});
  switch (act) {
    case "mute":
      return { t: "mute", person, ...many("minutes"), ...(form.where === "here" ? { room } : {}), ...because };
    case "hide":
      return { t: "remove", room, seq, ...because };
    case "warn":
      return { t: "warn", person, ...because };
    case "ban":
      return { t: "ban", person, ...many("days"), ...because };
    case "clear":
    case "expel":
      return { t: act, person, room, ...many("minutes"), ...because };
    case "slow":
      return { t: "slow", room, ...many("seconds"), ...because };
    case "guard":
      return { t: "guard", room, ...many("minutes"), ...because };
    case "hold":
      return { t: "hold", room, ...(form.when === "night" ? { hours: `${form.from}-${form.to}` } : {}), ...because };
    case "lock":
      return { t: "lock", room, ...because };
    case "unhold":
      return { t: "unhold", room, reason: form.reason };
    default:
      return { t: "unlock", room, reason: form.reason };
  }
}
