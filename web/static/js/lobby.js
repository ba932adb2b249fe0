// @ts-check
/** The lobby of a guarded room: the page is shown afresh when one is let in, or may come in by oneself again. */

const AGAIN_MS = 10_000;

class Lobby extends HTMLElement {
  connectedCallback() {
    setInterval(() => this.#look(), AGAIN_MS);
    document.addEventListener("visibilitychange", () => this.#look());
  }

  async #look() {
    if (document.visibilityState !== "visible") return;
    const answer = await fetch(location.pathname, { headers: { accept: "application/json" } }).catch(() => null);
    if (answer?.ok && (await answer.json()).code !== "lobby") location.reload();
  }
}

customElements.define("hearth-lobby", Lobby);
