// @ts-check
/**
 * The waiting page: tells how the search stands and when the chat is open, and goes there when the person says so.
 *
 * The page holds <hearth-waiting data-words='{"lost": …, "ended": …, "opened": …, "note": …}'> around: [data-line]
 * (hidden, role status), [data-waiting] (what is shown while one waits), [data-opened] (hidden) with [data-told
 * role=status] and an <a data-enter>, and [data-notice] (hidden): words and a link for a request that has ended. While one waits,
 * if they are there: the sentences of SENTENCES, each in a piece of its name; [data-question] with [data-ask],
 * [data-choices] and a template [data-choice]; buttons [data-breadth]; [data-call] (hidden) and [data-called].
 *
 * @typedef {{name: string, ask: string, choices: [string, string][]}} Question
 * @typedef {{state: string, room?: number, breadth?: number, question?: Question} & Record<string, string>} Told
 */
import { LivePage, write } from "./page.js";
import { follow } from "./inbox.js";

const SOON_MS = 500;
const GENTLY_MS = 15_000;
const SLOWER = 1.3;
const SENTENCES = ["now", "waited", "hours", "kept", "circle"];

class Waiting extends LivePage {
  #pause = SOON_MS;
  #timer = 0;

  begin() {
    follow(this.wire, undefined, (entry) => {
      if (entry.kind === "opened" && entry.ref) this.#opened(entry.ref);
      else if (entry.kind === "notice" && entry.code?.startsWith("request_")) this.#ended();
    }, () => this.#look());
    document.addEventListener("visibilitychange", () => this.#look());
    this.#offerToCall();
    this.#later();
  }

  /** Look again: soon at first and after every change, then more and more seldom; not while nobody looks. */
  #later() {
    clearTimeout(this.#timer);
    this.#timer = /** @type {any} */ (setTimeout(() => this.#look(), this.#pause));
    this.#pause = Math.min(this.#pause * SLOWER, GENTLY_MS);
  }

  /** How does it stand? Only a chat that opens is told by an entry; the search itself tells nobody anything. */
  async #look() {
    if (this.piece("waiting").hidden || document.visibilityState !== "visible") return;
    this.#later();
    try {
      const answer = await fetch("/waiting", { headers: { accept: "application/json" }, signal: AbortSignal.timeout(GENTLY_MS) });
      if (!answer.ok || !answer.headers.get("content-type")?.includes("json")) return;
      const told = await answer.json();
      if (told.state === "accepted" && told.room) this.#opened(told.room);
      else if (told.state === "waiting") this.#show(told);
      else this.#ended();
    } catch {
      // no network: asked again
    }
  }

  /** @param {Told} told */
  #show(told) {
    for (const name of SENTENCES) {
      const piece = this.piece(name);
      if (!piece) continue;
      const words = told[name] ?? "";
      piece.hidden = !words;
      if (piece.textContent === words) continue;
      piece.textContent = words;
      if (name === "now") this.#pause = SOON_MS;
    }
    for (const one of this.querySelectorAll("[data-breadth]"))
      one.setAttribute("aria-pressed", String(one.getAttribute("value") === String(told.breadth ?? 0)));
    if (this.piece("question")) this.#ask(told.question);
  }

  /** What is asked stays as it is while the focus is on it; then another question takes its place. @param {Question | undefined} question */
  #ask(question) {
    const card = this.piece("question");
    if (card.dataset.name === (question?.name ?? "") || card.contains(document.activeElement)) return;
    card.dataset.name = question?.name ?? "";
    card.hidden = !question;
    if (!question) return;
    write(card, "ask", question.ask);
    /** @type {HTMLInputElement} */ (card.querySelector("[name=name]")).value = question.name;
    this.piece("choices").replaceChildren(...question.choices.map(([value, words]) => {
      const choice = /** @type {HTMLButtonElement} */ (this.copy("choice"));
      choice.value = value;
      choice.textContent = words;
      return choice;
    }));
  }

  /** A note of the device, without names or words; the browser asks whether it may, and only when the person says so. */
  #offerToCall() {
    const call = this.piece("call");
    if (!call || !("Notification" in window)) return;
    const tell = () => {
      const called = this.piece("called");
      call.hidden = Notification.permission !== "default";
      called.hidden = !call.hidden;
      called.textContent = this.words(Notification.permission === "granted" ? "called" : "uncalled");
    };
    if (Notification.permission === "denied") return;
    tell();
    call.addEventListener("click", async () => {
      await Notification.requestPermission();
      tell();
    });
  }

  #call() {
    document.title = this.words("note");
    if (!("Notification" in window) || Notification.permission !== "granted" || document.visibilityState === "visible") return;
    try {
      new Notification(this.words("note"), { tag: "note" });
    } catch {
      // a browser whose notes need more than a page: the title tells, and the rooms
    }
  }

  /** @param {number} room */
  #opened(room) {
    const opened = this.piece("opened");
    if (!opened.hidden) return;
    this.piece("waiting").hidden = true;
    opened.hidden = false;
    const enter = this.piece("enter");
    enter.setAttribute("href", `/rooms/${room}`);
    this.piece("told").textContent = this.words("opened");
    this.#call();
    this.#lead(enter);
  }

  #ended() {
    if (!this.piece("opened").hidden) return;
    const notice = this.piece("notice");
    if (!notice.hidden) return;
    this.piece("waiting").hidden = true;
    notice.hidden = false;
    this.#lead(notice.querySelector("a"));
  }

  /** Bring the focus to where one goes on; who is writing stays there. @param {HTMLElement | null} link */
  #lead(link) {
    if (!document.activeElement?.matches("textarea")) link?.focus();
  }
}

customElements.define("hearth-waiting", Waiting);
