// @ts-check
/**
 * <hearth-draft data-of="STATE"> in a form keeps what is typed into it in this tab; [data-undrafted] is left out.
 * <hearth-drafts-end> drops all drafts when the page signs somebody out or erases them; with `data-of="ACTION"` that of
 * this form at once.
 */
import { Draft, dropDrafts, ofTab } from "./draft.js";

const LEAVING = /\/(sign-out|me\/erase)$/;

/** @param {HTMLFormElement} form */
function controls(form) {
  const all = /** @type {HTMLInputElement[]} */ ([...form.elements]);
  return all.filter((one) => one.name && one.type !== "hidden" && one.dataset.undrafted === undefined);
}

/** @param {HTMLInputElement} one */
const isTicked = (one) => one.type === "radio" || one.type === "checkbox";

class FormDraft extends HTMLElement {
  connectedCallback() {
    const form = this.closest("form");
    if (!form) return;
    const draft = new Draft(ofTab(), form.getAttribute("action") ?? "", this.dataset.of ?? "");
    const found = draft.found();
    for (const one of found ? controls(form) : []) {
      const values = (found ?? []).filter(([name]) => name === one.name).map(([, value]) => value);
      if (isTicked(one)) one.checked = values.includes(one.value);
      else one.value = values[0] ?? one.value;
    }
    form.addEventListener("input", () => {
      const chosen = controls(form).filter((one) => !isTicked(one) || one.checked);
      draft.keep(chosen.map((one) => [one.name, one.value]));
    });
  }
}

class DraftsEnd extends HTMLElement {
  connectedCallback() {
    const storage = ofTab();
    if (this.dataset.of) new Draft(storage, this.dataset.of, "").drop();
    document.addEventListener("submit", (event) => {
      const form = /** @type {HTMLFormElement} */ (event.target);
      if (LEAVING.test(form.action)) dropDrafts(storage);
    });
  }
}

customElements.define("hearth-draft", FormDraft);
customElements.define("hearth-drafts-end", DraftsEnd);
