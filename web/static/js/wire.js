// @ts-check
/**
 * The connection: WebSocket subprotocol hearthside.1 (chat/protocol.py), kept up.
 *
 * The one idea: a connection may be lost at any moment and nothing is lost with it. After every welcome each followed
 * room is joined again from where its follower stands; a jump joins it again; silence is asked after.
 *
 * @typedef {Record<string, any> & {t: string}} Frame
 * @typedef {{room: number, position(): {after?: number, epoch?: string}, frame(frame: Frame): boolean | void,
 *   lost?(code: number): void}} Follower frame: joined, expired, entries, gap, signal, refused (its join was turned down); true
 *   when it saw a jump
 * @typedef {"connecting" | "live" | "waiting" | "ended"} State ended: signed out; do not come back
 */
import { keepHelp } from "./offline.js";

const SUBPROTOCOL = "hearthside.1";
const BACKOFF_MS = 500;
const BACKOFF_MOST_MS = 30_000;
const SILENCE_MS = 20_000;
const ANSWER_MS = 10_000;
const HURRY_MS = 4_000;
const WELCOME_MS = 15_000;

/**
 * How long to wait before coming back.
 *
 * @param {number} tries since the last time it worked
 * @param {number} code of the close
 * @param {number} random 0 … 1
 * @returns {number} milliseconds; -1: never
 */
export function pauseBefore(tries, code, random) {
  if (code === 1008) return -1;
  if (code === 1012) return 500 + random * 4_500;
  const most = Math.min(BACKOFF_MOST_MS, BACKOFF_MS * 2 ** tries);
  const pause = most / 2 + (random * most) / 2;
  return code === 1013 ? Math.max(5_000, pause) + random * 5_000 : pause;
}

export class Wire {
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {Map<number, Follower>} */
  #followers = new Map();
  /** @type {Map<number, (answer: Frame | null) => void>} */
  #asked = new Map();
  /** @type {Map<number, number>} ref of a join -> its room */
  #joins = new Map();
  /** @type {State} */
  #state = "connecting";
  #ref = 0;
  #tries = 0;
  #timer = 0;
  #watch = 0;
  #open;
  #random;
  #told;
  /** @type {(() => void)[]} */
  #welcomed = [];
  #greeted = false;
  #signedIn;
  /** @type {Frame | null} */
  welcome = null;

  /**
   * @param {{open: (protocol: string) => WebSocket, told: (state: State) => void, signedIn?: () => Promise<boolean>,
   *   random?: () => number}} given open: makes a socket; told: hears of every change of state; signedIn: asked when a
   *   connection ended before its welcome, because a browser does not tell a page why it was refused
   */
  constructor({ open, told, signedIn, random = Math.random }) {
    this.#open = open;
    this.#told = told;
    this.#random = random;
    this.#signedIn = signedIn;
  }

  get state() {
    return this.#state;
  }

  /** Connect, and keep connected for as long as the page lives. */
  start() {
    addEventListener("online", () => this.hurry());
    addEventListener("offline", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.hurry());
    this.connect();
  }

  /** Do this once, as soon as the first welcome has told who this is. @param {() => void} then */
  onWelcome(then) {
    if (this.welcome) then();
    else this.#welcomed.push(then);
  }

  /** Follow a room, now and after every loss. @param {Follower} follower */
  follow(follower) {
    this.#followers.set(follower.room, follower);
    if (this.#state === "live") this.#join(follower);
  }

  /** Join again from where the follower stands. @param {number} room */
  rejoin(room) {
    const follower = this.#followers.get(room);
    if (follower && this.#state === "live" && ![...this.#joins.values()].includes(room)) this.#join(follower);
  }

  /** @param {Record<string, unknown> & {t: string}} command @returns {number} its ref; 0: there is no connection */
  send(command) {
    if (this.#state !== "live" || this.#socket?.readyState !== 1) return 0;
    this.#ref = (this.#ref % 0x7ffffffe) + 1;
    this.#socket.send(JSON.stringify({ ...command, ref: this.#ref }));
    return this.#ref;
  }

  /**
   * Send and wait for the answer.
   *
   * @param {Record<string, unknown> & {t: string}} command
   * @returns {Promise<Frame | null | undefined>} done or refused; null: the connection was lost, and nobody knows;
   *   undefined: there was none, and nothing was sent
   */
  ask(command) {
    const ref = this.send(command);
    return ref ? new Promise((answer) => this.#asked.set(ref, answer)) : Promise.resolve(undefined);
  }

  /** It may work now (back online, page visible again): try at once, or ask whether the other end is there. */
  hurry() {
    if (this.#state === "waiting") {
      this.#tries = 0;
      this.connect();
    } else if (this.#state === "live") this.#ping(HURRY_MS);
  }

  connect() {
    clearTimeout(this.#timer);
    this.#to("connecting");
    this.#greeted = false;
    const socket = this.#open(SUBPROTOCOL);
    this.#socket = socket;
    socket.onmessage = (message) => this.#heard(JSON.parse(message.data));
    socket.onclose = (close) => this.#lost(close.code);
    this.#await(WELCOME_MS);
  }

  /** @param {Frame} frame */
  #heard(frame) {
    this.#watchSilence();
    const room = this.#joins.get(frame.ref) ?? frame.room;
    if (frame.t === "welcome") {
      this.welcome = frame;
      this.#greeted = true;
      this.#to("live");
      for (const follower of this.#followers.values()) this.#join(follower);
      for (const then of this.#welcomed.splice(0)) then();
    } else if (this.#joins.delete(frame.ref)) {
      if (frame.t !== "refused") this.#tries = 0;
      else if (frame.retry_after) setTimeout(() => this.rejoin(room), frame.retry_after * 1000);
      this.#followers.get(room)?.frame(frame);
    } else if (frame.ref && (frame.t === "done" || frame.t === "refused")) {
      const answer = this.#asked.get(frame.ref);
      this.#asked.delete(frame.ref);
      if (answer) answer(frame);
      else for (const follower of this.#followers.values()) follower.frame(frame);
    } else if (this.#followers.get(room)?.frame(frame)) this.rejoin(room);
  }

  /** @param {Follower} follower */
  #join(follower) {
    const ref = this.send({ t: "join", room: follower.room, ...follower.position() });
    if (ref) this.#joins.set(ref, follower.room);
  }

  #watchSilence() {
    clearTimeout(this.#watch);
    this.#watch = /** @type {any} */ (setTimeout(() => this.#ping(ANSWER_MS), SILENCE_MS));
  }

  /** @param {number} within milliseconds to answer in */
  #ping(within) {
    this.send({ t: "ping" });
    this.#await(within);
  }

  /** Give the connection up unless something is heard. @param {number} within */
  #await(within) {
    clearTimeout(this.#watch);
    this.#watch = /** @type {any} */ (setTimeout(() => this.#lost(1006), within));
  }

  /** @param {number} code */
  #lost(code) {
    clearTimeout(this.#watch);
    clearTimeout(this.#timer);
    if (this.#socket) {
      this.#socket.onmessage = this.#socket.onclose = null; // a dead socket may take minutes to tell that it closed
      this.#socket.close();
      this.#socket = null;
    }
    this.#joins.clear();
    const pause = pauseBefore(this.#tries, code, this.#random());
    this.#tries += 1;
    this.#to(pause < 0 ? "ended" : "waiting");
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const answer of asked) answer(null);
    for (const follower of this.#followers.values()) follower.lost?.(code);
    if (pause < 0) return;
    this.#timer = /** @type {any} */ (setTimeout(() => this.connect(), pause));
    if (!this.#greeted) this.#signedIn?.().then((still) => still || this.#lost(1008));
  }

  /** @param {State} state */
  #to(state) {
    if (this.#state === state) return;
    this.#state = state;
    this.#told(state);
  }
}

/** A connection of this page, to where the page came from. @param {(state: State) => void} told */
export function pageWire(told) {
  const address = new URL("/socket", location.href.replace(/^http/, "ws"));
  const signedIn = async () => {
    const asked = { method: "HEAD", headers: { accept: "application/json" } };
    const answer = await fetch("/rooms", asked).catch(() => null);
    return answer?.status !== 401;
  };
  const hears = (/** @type {State} */ state) => {
    if (state === "live") keepHelp();
    told(state);
  };
  return new Wire({ open: (protocol) => new WebSocket(address, protocol), told: hears, signedIn });
}
