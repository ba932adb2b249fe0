// @ts-check
/**
 * What is offered about the case that is open: as it stands now, and to who looks. What would always be refused is not.
 *
 * @typedef {import("./queue.js").Case} Case
 * @typedef {import("./judging.js").Opened} Opened
 */

/** The message that was reported, where there is one to hide. @param {Opened} opened */
export const reported = ({ entries }) => entries.find((entry) => entry.reported && entry.kind === "said")?.seq;

/**
 * @param {Opened} opened
 * @param {Case | undefined} now its row in the queue; undefined: it has left it
 * @param {{me: number, may: Set<string>}} who may: "handle" cases, "act" on people and rooms, "decide" appeals, "answer"
 *   when somebody is asked
 * @returns {Set<string>} acts
 */
export function offered(opened, now, { me, may }) {
  if (!now || now.state === "closed") return new Set();
  const appeal = Boolean(opened.appeal);
  const mine = now.claimed_by === me;
  const asked = Boolean(now.asked) && !now.acknowledged;
  const mineToWork = !appeal && (mine || may.has("handle"));
  const acts = mineToWork && may.has("act");
  const person = Boolean(opened.subject.person);
  return new Set(Object.entries({
    claim: !mine && !(asked && now.asked === me) && may.has(appeal ? "decide" : "handle"),
    release: mine,
    decide: appeal && may.has("decide"),
    escalate: !appeal && !now.asked && may.has("handle"),
    acknowledge: asked && (now.asked === me || may.has("answer")),
    "ask-in": now.third === "may",
    grade: !appeal && may.has("handle"),
    mute: acts && person,
    hide: acts && reported(opened) !== undefined,
    more: acts && (person || opened.place === "group"),
    "let-through": acts && opened.code === "held",
    decline: acts && opened.code === "held",
    close: mineToWork,
    nothing: mineToWork,
  }).filter(([, is]) => is).map(([act]) => act));
}
