import assert from "node:assert/strict";
import { test } from "node:test";
import { commandOf } from "../../web/static/js/acts.js";

const about = { case: 3, room: 5, subject: { person: 7 } };
const because = { rule: "kindness", reason: "a reason", case: 3 };
const form = { rule: "kindness", reason: "a reason" };

for (const [act, fields, wanted] of [
  ["warn", {}, { t: "warn", person: 7 }],
  ["mute", { minutes: "15", where: "all" }, { t: "mute", person: 7, minutes: 15 }],
  ["mute", { minutes: "15", where: "here" }, { t: "mute", person: 7, minutes: 15, room: 5 }],
  ["hide", {}, { t: "remove", room: 5, seq: 9 }],
  ["clear", { minutes: "5" }, { t: "clear", person: 7, room: 5, minutes: 5 }],
  ["expel", { minutes: "60" }, { t: "expel", person: 7, room: 5, minutes: 60 }],
  ["expel", { minutes: "" }, { t: "expel", person: 7, room: 5 }],
  ["ban", { days: "14" }, { t: "ban", person: 7, days: 14 }],
  ["ban", { days: "" }, { t: "ban", person: 7 }],
  ["lock", {}, { t: "lock", room: 5 }],
  ["hold", { when: "now", from: "22:00", to: "07:00" }, { t: "hold", room: 5 }],
  ["hold", { when: "night", from: "22:00", to: "07:00" }, { t: "hold", room: 5, hours: "22:00-07:00" }],
  ["guard", { minutes: "30" }, { t: "guard", room: 5, minutes: 30 }],
  ["slow", { seconds: "0" }, { t: "slow", room: 5, seconds: 0 }],
])
  test(`${act} with ${JSON.stringify(fields)} is one command with its rule, reason and case`, () => {
    assert.deepEqual(commandOf(act, { ...form, ...fields }, about, 9), { ...wanted, ...because });
  });

test("a room is opened again with a reason, and no rule", () => {
  assert.deepEqual(commandOf("unhold", { reason: "calm again" }, about), { t: "unhold", room: 5, reason: "calm again" });
  assert.deepEqual(commandOf("unlock", { reason: "calm again" }, about), { t: "unlock", room: 5, reason: "calm again" });
});
