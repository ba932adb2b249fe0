import assert from "node:assert/strict";
import { test } from "node:test";
import { offered } from "../../web/static/js/offered.js";
import { Queue } from "../../web/static/js/queue.js";
import { whyNot } from "../../web/static/js/told.js";

const ME = 1;
const ROLES = {
  moderator: ["handle", "act", "decide"], professional: ["answer"], organiser: ["act", "decide", "answer"],
};
const said = { seq: 5, kind: "said", reported: true };
const opened = (more = {}) => ({ case: 3, place: "group", code: "", subject: { person: 7 }, entries: [said], appeal: null, ...more });
const card = (more = {}) => ({ case: 3, state: "open", level: "other", at: 1, claimed_by: 0, asked: 0, acknowledged: false, ...more });
const offers = (role, one, now) => [...offered(one, now, { me: ME, may: new Set(ROLES[role]) })].sort();

test("a moderator is offered what one may do about a report, and of it what there is to do it to", () => {
  const all = ["claim", "close", "escalate", "grade", "hide", "more", "mute", "nothing"];
  assert.deepEqual(offers("moderator", opened(), card()), all);
  const erased = opened({ subject: { person: 0 }, place: "one_to_one", entries: [] });
  assert.deepEqual(offers("moderator", erased, card()), ["claim", "close", "escalate", "grade", "nothing"]);
  assert.ok(offers("moderator", opened({ code: "held" }), card()).includes("let-through"));
  assert.deepEqual(offers("moderator", opened({ appeal: {} }), card()), ["claim", "decide"]);
});

test("who is asked about a case is offered no act that their role would be refused", () => {
  const asked = card({ asked: ME });
  assert.deepEqual(offers("professional", opened(), asked), ["acknowledge"]);
  assert.deepEqual(offers("organiser", opened(), asked), ["acknowledge"]);
  const mine = card({ state: "claimed", claimed_by: ME, asked: ME, acknowledged: true });
  assert.deepEqual(offers("professional", opened({ code: "held" }), mine), ["close", "nothing", "release"]);
  assert.deepEqual(offers("organiser", opened(), mine), ["close", "hide", "more", "mute", "nothing", "release"]);
  assert.deepEqual(offers("moderator", opened(), card({ asked: 9 })).filter((act) => act === "acknowledge"), []);
});

test("nothing is offered about a case that has left the queue", () => {
  assert.deepEqual(offers("moderator", opened(), undefined), []);
  assert.deepEqual(offers("moderator", opened(), card({ state: "closed" })), []);
});

test("a case stands as it does whether it is shown or not, until it is over", () => {
  const queue = new Queue();
  queue.take([card(), card({ case: 4, level: "hate" })]);
  queue.filter("other", false);
  assert.equal(queue.selected, 4);
  assert.equal(queue.find(3)?.case, 3);
  queue.select(3);
  assert.equal(queue.selected, 4, "what is not shown is not selected");
  queue.take([card({ case: 4, level: "hate" })]);
  assert.equal(queue.find(3), undefined);
  queue.settle(4, true);
  assert.equal(queue.find(4), undefined);
});

test("where the answer was lost nobody is told that nothing was changed", () => {
  const words = (key) => ({ refused_gone: "Somebody else", undo_gone: "No longer kept" })[key] ?? "";
  assert.equal(whyNot("mute", null, "live", words), "unknown");
  assert.equal(whyNot("mute", undefined, "waiting", words), "not_done");
  assert.equal(whyNot("mute", undefined, "ended", words), "ended");
  assert.equal(whyNot("claim", { t: "refused", code: "gone" }, "live", words), "refused_gone");
  assert.equal(whyNot("undo", { t: "refused", code: "gone" }, "live", words), "undo_gone");
  assert.equal(whyNot("undo", { t: "refused", code: "new" }, "live", words), "refused");
});
