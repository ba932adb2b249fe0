// @ts-check
/** <hearth-unsent> in the list of rooms marks each room that words wait for here, unsent, until it is opened again. */
import { storedShelf } from "./outbox.js";

class UnsentMarks extends HTMLElement {
  async connectedCallback() {
    const mark = /** @type {HTMLTemplateElement} */ (this.querySelector("template"));
    const left = await storedShelf().all().catch(() => []);
    const mine = left.filter((one) => one.person === Number(this.dataset.person));
    for (const room of new Set(mine.map((one) => one.room)))
      document.querySelector(`a[href="/rooms/${room}"] .chips`)?.append(mark.content.cloneNode(true));
  }
}

customElements.define("hearth-unsent", UnsentMarks);
