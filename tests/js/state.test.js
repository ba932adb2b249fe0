import assert from "node:assert/strict";
import { test } from "node:test";
import { KEPT, Timeline } from "../../web/static/js/state.js";

const said = (seq, more = {}) => ({ seq, kind: "said", at: seq, author: 7, name: "Linnet", text: `words ${seq}`, ...more });
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, n) => said(from + n));
const seqs = (timeline) => timeline.rows.map((row) => row.seq);

/** A small repeatable random generator (mulberry32), so a failure can be run again. */
function dice(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

test("entries in order are all taken", () => {
  const timeline = new Timeline(0);
  assert.equal(timeline.take(range(1, 5)).jump, false);
  assert.deepEqual(seqs(timeline), [1, 2, 3, 4, 5]);
  assert.equal(timeline.cursor, 5);
});

test("a repeat changes nothing", () => {
  const timeline = new Timeline(0);
  timeline.take(range(1, 5));
  const { added } = timeline.take(range(2, 6));
  assert.deepEqual(added.map((row) => row.seq), [6]);
  assert.deepEqual(seqs(timeline), [1, 2, 3, 4, 5, 6]);
});

test("a jump is told and never advanced over", () => {
  const timeline = new Timeline(0);
  timeline.take(range(1, 3));
  const { jump } = timeline.take([said(5), said(6)]);
  assert.equal(jump, true);
  assert.equal(timeline.cursor, 3);
  assert.deepEqual(seqs(timeline), [1, 2, 3]);
});

test("whatever comes, repeated, cut or out of order, each entry is held once and in order", () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const random = dice(seed);
    const timeline = new Timeline(0);
    let top = 0;
    for (let turn = 0; turn < 60; turn += 1) {
      const from = 1 + Math.floor(random() * 40);
      const frame = range(from, from + Math.floor(random() * 8));
      const { jump } = timeline.take(frame);
      if (jump) assert.ok(frame[0].seq > top + 1, `seed ${seed}`);
      if (!jump) top = Math.max(top, frame.at(-1).seq);
      assert.equal(timeline.cursor, top, `seed ${seed}`);
      assert.deepEqual(seqs(timeline), Array.from({ length: top }, (_, n) => n + 1), `seed ${seed}`);
    }
  }
});

test("the newest edit is shown, and an older one that comes again does not undo it", () => {
  const timeline = new Timeline(1, [said(1, { edited: 3, text: "third" })]);
  timeline.take([
    { seq: 2, kind: "edited", at: 2, author: 7, target: 1, text: "second" },
    { seq: 3, kind: "edited", at: 3, author: 7, target: 1, text: "third" },
  ]);
  assert.equal(timeline.row(1).text, "third");
  const { changed } = timeline.take([{ seq: 4, kind: "edited", at: 4, author: 7, target: 1, text: "fourth" }]);
  assert.deepEqual([...changed], [1]);
  assert.equal(timeline.row(1).text, "fourth");
});

test("who was erased is on no row any more, nor in what others answered", () => {
  const timeline = new Timeline(0);
  timeline.take([
    { seq: 1, kind: "opened", at: 1 }, { seq: 2, kind: "joined", at: 2, author: 7, name: "Linnet" }, said(3),
    said(4, { author: 8, name: "Moss" }), said(5, { author: 8, name: "Moss", target: 3 }),
  ]);
  const left = { seq: 6, kind: "left", at: 6, author: 7, code: "erased", hidden: "erased" };
  assert.deepEqual([...timeline.take([left]).changed], [2, 3, 5, 6]);
  for (const { name, text, hidden } of [2, 3, 6].map((seq) => timeline.row(seq)))
    assert.deepEqual([name, text, hidden], ["", "", "erased"]);
  assert.deepEqual([1, 4, 5].map((seq) => timeline.row(seq).hidden), ["", "", ""]);
  assert.equal(timeline.row(4).text, "words 4");
});

test("what was taken back or hidden shows no words, whatever edits come", () => {
  for (const kind of ["retracted", "removed"]) {
    const timeline = new Timeline(0);
    timeline.take([said(1), { seq: 2, kind, at: 2, target: 1 }, { seq: 3, kind: "edited", at: 3, target: 1, text: "x" }]);
    assert.equal(timeline.row(1).hidden, kind);
    assert.equal(timeline.row(1).text, "");
  }
});

test("an edit whose words are hidden blanks nothing", () => {
  const timeline = new Timeline(0);
  timeline.take([said(1, { edited: 3, text: "now" }), { seq: 2, kind: "edited", at: 2, target: 1, hidden: "edited" }]);
  assert.equal(timeline.row(1).text, "now");
});

test("a mark counts once for each person, also on top of a page that holds it", () => {
  const timeline = new Timeline(4, [said(1, { marks: { heart: [5] } })]);
  const react = (seq, author, on) => ({ seq, kind: "reacted", at: seq, author, target: 1, code: "heart", ref: on });
  timeline.take([react(5, 5, 1), react(6, 6, 1)]);
  assert.deepEqual([...timeline.row(1).marks.get("heart")], [5, 6]);
  timeline.take([react(7, 5, 0)]);
  assert.deepEqual([...timeline.row(1).marks.get("heart")], [6]);
});

test("marks, edits and desk entries have no row of their own", () => {
  const timeline = new Timeline(0);
  timeline.take([said(1), { seq: 2, kind: "reacted", at: 2, target: 1, code: "heart", ref: 1 }, { seq: 3, kind: "reported", at: 3 }]);
  assert.deepEqual(seqs(timeline), [1]);
  assert.equal(timeline.cursor, 3);
});

test("history is put before what is held, and what overlaps is dropped", () => {
  const timeline = new Timeline(20, range(11, 20));
  assert.equal(timeline.oldest, 11);
  assert.equal(timeline.prepend(range(5, 12)), 6);
  assert.deepEqual(seqs(timeline), range(5, 20).map((entry) => entry.seq));
  assert.equal(timeline.oldest, 5);
  assert.equal(timeline.prepend(range(5, 8)), 0);
});

test("memory is bounded, and what was dropped can be paged again", () => {
  const timeline = new Timeline(0);
  timeline.take(range(1, KEPT + 50));
  assert.equal(timeline.trim(), 50);
  assert.equal(timeline.rows.length, KEPT);
  assert.equal(timeline.oldest, 51);
  assert.equal(timeline.row(50), undefined);
  assert.equal(timeline.prepend(range(1, 50)), 50);
});

test("what was hidden is shown again as a page of history tells it, and nothing else changes", () => {
  const timeline = new Timeline(0);
  timeline.take([said(1), said(2), { seq: 3, kind: "removed", at: 3, target: 1 }, { seq: 4, kind: "restored", at: 4, target: 1 }]);
  assert.equal(timeline.row(1).hidden, "removed");
  const changed = timeline.refresh([said(1, { text: "newest", edited: 2 }), said(2), said(99)]);
  assert.deepEqual([...changed], [1]);
  assert.deepEqual([timeline.row(1).text, timeline.row(1).hidden, timeline.row(1).edited], ["newest", "", 2]);
});

test("a page of history that was asked for before an erasure brings nobody back", () => {
  const timeline = new Timeline(6, range(5, 6));
  timeline.take([{ seq: 7, kind: "left", at: 7, author: 7, code: "erased" }]);
  timeline.prepend(range(1, 4));
  timeline.refresh(range(5, 6));
  const told = timeline.rows.filter((row) => row.kind === "said");
  assert.equal(told.length, 6);
  for (const row of told) assert.deepEqual([row.name, row.text, row.hidden], ["", "", "erased"]);
});
