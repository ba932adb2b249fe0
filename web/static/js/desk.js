// @ts-check
/**
 * The peer's desk: what is offered, as it comes and goes. Accepting and declining are forms and need no script.
 *
 * @typedef {{offer: number, nickname: string, waited_s: number, shares: string[], wishes: string[], text: string,
 *   left_s?: number}} Offer
 */
import { LivePage, write } from "./page.js";
import { follow } from "./inbox.js";

const RETRY_MS = 5000;

class Desk extends LivePage {
  #timer = 0;

  begin() {
    const look = () => this.#look();
    const heard = (/** @type {import("./state.js").Entry} */ entry) => {
      if (entry.kind === "offered" || entry.kind === "closed") look();
      if (entry.kind === "notice" && entry.code === "away_unanswered") this.#missed();
    };
    follow(this.wire, undefined, heard, look);
  }

  async #look() {
    clearTimeout(this.#timer);
    try {
      const answer = await fetch("/desk/offers", { headers: { accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      this.#show(await answer.json());
    } catch {
      this.#timer = /** @type {any} */ (setTimeout(() => this.#look(), RETRY_MS));
    }
  }

  /** @param {Offer[]} offers */
  #show(offers) {
    const list = this.piece("offers");
    const wanted = new Set(offers.map((one) => String(one.offer)));
    const shown = /** @type {HTMLElement[]} */ ([...list.children]);
    for (const card of shown) if (!wanted.has(card.dataset.offer ?? "")) this.#gone(card);
    const fresh = offers.filter((one) => !shown.some((card) => card.dataset.offer === String(one.offer)));
    list.append(...fresh.map((one) => this.#card(one)));
    this.piece("count").textContent = offers.length ? this.words("waiting", { n: offers.length }) : this.words("nobody");
    this.piece("none").hidden = offers.length > 0;
    if (fresh.length) this.piece("told").textContent = this.words("offered", { name: fresh.at(-1)?.nickname ?? "" });
    const soonest = Math.min(...offers.map((one) => one.left_s ?? Infinity));
    if (soonest < Infinity) this.#timer = /** @type {any} */ (setTimeout(() => this.#look(), soonest * 1000 + 1000));
  }

  /** Somebody else is with them now: said, not just gone, when the hand may be on the button. @param {HTMLElement} card */
  #gone(card) {
    if (card.contains(document.activeElement)) this.piece("count").focus();
    card.remove();
    const told = this.piece("told"); // that they are away, and why, is not talked over
    if (told.textContent !== this.words("missed")) told.textContent = this.words("gone");
  }

  /** Two went unanswered: this peer is away now, and the page shows it at once. */
  #missed() {
    for (const name of ["none", "told"]) this.piece(name).textContent = this.words("missed");
    const away = /** @type {HTMLInputElement} */ (this.querySelector("input[name=state][value=away]"));
    away.checked = true;
  }

  /** @param {Offer} offer */
  #card(offer) {
    const card = this.copy("card");
    card.dataset.offer = String(offer.offer);
    write(card, "name", offer.nickname);
    write(card, "waited", this.words("waited", { n: Math.max(1, Math.round(offer.waited_s / 60)) }));
    write(card, "accept", this.words("accept", { name: offer.nickname }));
    const chip = (/** @type {string} */ text) => {
      const made = document.createElement("span");
      made.className = "chip";
      made.textContent = text;
      return made;
    };
    const shares = /** @type {HTMLElement} */ (card.querySelector("[data-shares]"));
    shares.append(...offer.shares.map(chip));
    shares.hidden = !offer.shares.length;
    write(card, "wishes", offer.wishes.join(" · ")).hidden = !offer.wishes.length;
    write(card, "text", offer.text ?? "").hidden = !offer.text;
    for (const form of card.querySelectorAll("form")) form.action = `/desk/offers/${offer.offer}/${form.dataset.act}`;
    return card;
  }
}

customElements.define("hearth-desk", Desk);
