import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Announcer } from "../../web/static/js/announce.js";
import { Queue, found } from "../../web/static/js/queue.js";
import { Reading } from "../../web/static/js/reading.js";
import { toast } from "../../web/static/js/toast.js";
import { ROWS, Slice } from "../../web/static/js/window.js";
import { wordsOf } from "../../web/static/js/words.js";

test("two messages are read out, more are counted", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const told = [];
  const announcer = new Announcer((text) => told.push(text), (n) => `${n} new messages`);
  let hello = "Moss: hello";
  announcer.add([() => hello, () => "Linnet: hi"]);
  hello = "Moss: Taken back";
  mock.timers.tick(2000);
  for (let second = 0; second < 6; second += 1) {
    announcer.add(Array.from({ length: 50 }, () => () => "Moss: again"));
    mock.timers.tick(1000);
  }
  assert.deepEqual(told, ["Moss: Taken back. Linnet: hi", "100 new messages", "100 new messages", "100 new messages"]);
  mock.timers.reset();
});

test("what was in view is marked read, and nothing that came after", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const read = [];
  const reading = new Reading((seq) => read.push(seq));
  reading.saw(3);
  mock.timers.tick(3000);
  reading.saw(5);
  mock.timers.tick(20_000);
  reading.saw(6);
  mock.timers.tick(5000);
  assert.deepEqual(read, [5, 6]);
  mock.timers.reset();
});

test("what is told stays as long as it should, whatever was told before it", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const place = { dataset: {}, textContent: "", removeAttribute: () => delete place.dataset.shown };
  globalThis.document = { querySelector: () => place };
  toast("one");
  mock.timers.tick(6000);
  toast("two");
  mock.timers.tick(6000);
  assert.ok(place.dataset.shown && place.textContent === "two");
  mock.timers.tick(2000);
  assert.equal(place.dataset.shown, undefined);
  delete globalThis.document;
  mock.timers.reset();
});

test("the slice is never longer than its bound, wherever the reader goes", () => {
  const slice = new Slice();
  let count = 500;
  slice.toEnd(count);
  for (let step = 0; step < 2000; step += 1) {
    if (step % 7 === 0) count += 3;
    if (step % 11 === 0) slice.grow(count);
    if (step % 13 === 0) {
      count += 60;
      slice.shift(60);
    };
    if (step % 3) slice.up();
    else slice.down(count);
    assert.ok(slice.end - slice.start <= ROWS && slice.start >= 0 && slice.end <= count);
    assert.ok(slice.end > slice.start);
  }
});

test("words are chosen by the language's own plural rules", () => {
  const words = { "new.one": "{n} new", "new.other": "{n} new ones", "new.few": "{n} nowe", hello: "Hello {name}" };
  assert.equal(wordsOf(words, "en")("new", { n: 1 }), "1 new");
  assert.equal(wordsOf(words, "en")("new", { n: 3 }), "3 new ones");
  assert.equal(wordsOf(words, "pl")("new", { n: 3 }), "3 nowe");
  assert.equal(wordsOf(words, "en")("hello", { name: "{n} $& <b>" }), "Hello {n} $& <b>");
  assert.equal(wordsOf(words, "en")("unknown"), "");
});

const filed = (id, level, at = id, more = {}) => ({ case: id, level, at, state: "open", subject: { nickname: "Moss" }, ...more });

test("a case that arrives is held until it is asked for", () => {
  const queue = new Queue();
  queue.take([filed(1, "other"), filed(2, "imminent")]);
  assert.deepEqual(queue.shown.map((one) => one.case), [2, 1]);
  queue.take([filed(1, "other"), filed(2, "imminent"), filed(3, "imminent", 0)]);
  assert.deepEqual(queue.shown.map((one) => one.case), [2, 1]);
  assert.equal(queue.held, 1);
  queue.refresh();
  assert.deepEqual(queue.shown.map((one) => one.case), [3, 2, 1]);
});

test("a case that ends elsewhere stays under the hand until then", () => {
  const queue = new Queue();
  queue.take([filed(1, "other"), filed(2, "imminent")]);
  queue.move(1);
  queue.take([filed(2, "imminent", 2, { state: "claimed" })]);
  assert.deepEqual(queue.shown.map((one) => one.state), ["claimed", "closed"]);
  assert.equal(queue.selected, 1);
  queue.refresh();
  assert.equal(queue.selected, 2);
});

test("what is settled here does not come back with the next list, unless it is undone", () => {
  const queue = new Queue();
  queue.take([filed(1, "other"), filed(2, "imminent")]);
  queue.settle(2, true);
  queue.take([filed(1, "other"), filed(2, "imminent")]);
  assert.deepEqual(queue.shown.map((one) => one.state), ["closed", "open"]);
  queue.refresh();
  assert.deepEqual(queue.shown.map((one) => one.case), [1]);
  queue.settle(2, false);
  queue.refresh();
  assert.deepEqual(queue.shown.map((one) => one.case), [2, 1]);
});

test("a case says what a detector found, and how often; a report says nothing of the kind", () => {
  const words = wordsOf({ found_flood: "Many at once", "often.one": "", "often.other": "{n} times" }, "en");
  assert.equal(found({ ...filed(1, "spam"), code: "flood", times: 1 }, words), "Many at once");
  assert.equal(found({ ...filed(1, "spam"), code: "flood", times: 3 }, words), "Many at once 3 times");
  assert.equal(found({ ...filed(1, "spam"), code: "own_1", times: 3, found: "Pills" }, words), "Pills 3 times");
  assert.equal(found({ ...filed(1, "other"), code: "held", times: 3 }, wordsOf({ found_held: "Waits" }, "en")), "Waits");
  assert.equal(found({ ...filed(1, "spam"), code: "", times: 1 }, words), "");
});
