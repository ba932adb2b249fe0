import assert from "node:assert/strict";
import { test } from "node:test";
import { Outbox, STALE_MS, memoryShelf, newSayId } from "../../web/static/js/outbox.js";

/** An outbox over its own or a given shelf; `sent` is what it handed to the connection. */
function made({ shelf = memoryShelf(), person = 5, room = 12, now = () => 1_000, up = true } = {}) {
  const sent = [];
  const line = { up };
  const outbox = new Outbox({
    shelf, person, room, now, changed: () => {},
    send: (one) => line.up && sent.push(one.text) > 0,
  });
  return { outbox, sent, shelf, line };
}

test("a say_id is of the form the protocol takes, and never twice the same", () => {
  const made = new Set(Array.from({ length: 1000 }, newSayId));
  assert.equal(made.size, 1000);
  for (const one of made) assert.match(one, /^[A-Za-z0-9_-]{8,36}$/);
});

test("one is in flight, the next goes when it is kept, in the order written", async () => {
  const { outbox, sent } = made();
  const first = await outbox.add("one");
  await outbox.add("two");
  await outbox.add("three");
  assert.deepEqual(sent, ["one"]);
  await outbox.drop(first);
  assert.deepEqual(sent, ["one", "two"]);
});

test("what is written without a connection is stored before, and sent in order once there is one", async () => {
  const { outbox, sent, shelf, line } = made({ up: false });
  await outbox.add("one");
  await outbox.add("two");
  assert.equal((await shelf.all()).length, 2);
  assert.deepEqual(sent, []);
  line.up = true;
  await outbox.again();
  assert.deepEqual(sent, ["one"]);
});

test("after a loss the one in flight is sent again under the same say_id", async () => {
  const shelf = memoryShelf();
  const { outbox, sent } = made({ shelf });
  const sayId = await outbox.add("one");
  await outbox.again();
  assert.deepEqual(sent, ["one", "one"]);
  assert.deepEqual((await shelf.all()).map((one) => one.say_id), [sayId]);
});

test("a later page takes up what an earlier one left", async () => {
  const shelf = memoryShelf();
  await made({ shelf, up: false }).outbox.add("left behind");
  const { outbox, sent } = made({ shelf });
  await outbox.open();
  assert.deepEqual(sent, ["left behind"]);
});

test("what a page left that has closed since is taken up by one that was open all the time, once it has a line", async () => {
  const shelf = memoryShelf();
  const { outbox, sent, line } = made({ shelf, up: false, now: () => 2_000 });
  await outbox.open();
  await outbox.add("written here, later");
  await made({ shelf, up: false }).outbox.add("left behind");
  line.up = true;
  await outbox.again();
  assert.deepEqual(outbox.waiting.map((one) => one.text), ["left behind", "written here, later"]);
  for (const one of [...outbox.waiting]) await outbox.drop(one.say_id);
  assert.deepEqual(sent, ["left behind", "written here, later"]);
});

test("what is thrown away while the shelf is being read is not taken up again", async () => {
  const { outbox, sent } = made({ up: false });
  const sayId = await outbox.add("one");
  const reading = outbox.open();
  outbox.drop(sayId);
  await reading;
  assert.deepEqual(outbox.waiting, []);
  assert.deepEqual(sent, []);
});

test("what another person left on this device is forgotten, and never sent", async () => {
  const shelf = memoryShelf();
  await made({ shelf, person: 9, up: false }).outbox.add("not mine");
  const { outbox, sent } = made({ shelf });
  await outbox.open();
  assert.deepEqual(sent, []);
  assert.deepEqual(await shelf.all(), []);
});

test("another room's words wait for their own room", async () => {
  const shelf = memoryShelf();
  await made({ shelf, room: 13, up: false }).outbox.add("elsewhere");
  const { outbox, sent } = made({ shelf });
  await outbox.open();
  assert.deepEqual(sent, []);
  assert.equal((await shelf.all()).length, 1);
});

test("nothing older than 14 days is sent without asking", async () => {
  const shelf = memoryShelf();
  await made({ shelf, up: false, now: () => 0 }).outbox.add("long ago");
  const { outbox, sent } = made({ shelf, now: () => STALE_MS + 10 });
  await outbox.open();
  assert.equal(outbox.asks, true);
  assert.deepEqual(sent, []);
  await outbox.retry(outbox.waiting[0].say_id);
  assert.deepEqual(sent, ["long ago"]);
});

test("what is refused stays to be read and holds nothing else up", async () => {
  const { outbox, sent, shelf } = made();
  const first = await outbox.add("one");
  await outbox.add("two");
  await outbox.fail(first, "not_words");
  assert.deepEqual(sent, ["one", "two"]);
  assert.equal(outbox.waiting[0].failed, "not_words");
  assert.equal((await shelf.all()).length, 2);
});

test("what was refused is not sent by a later page either, until the person says so", async () => {
  const shelf = memoryShelf();
  const before = made({ shelf });
  await before.outbox.fail(await before.outbox.add("one"), "room_locked");
  const { outbox, sent } = made({ shelf });
  await outbox.open();
  assert.equal(outbox.waiting[0].failed, "room_locked");
  assert.deepEqual(sent, []);
  await outbox.retry(outbox.waiting[0].say_id);
  assert.deepEqual(sent, ["one"]);
  const last = made({ shelf });
  await last.outbox.open();
  assert.deepEqual(last.sent, ["one"], "the person's word holds for a later page as well");
});

test("nothing is sent while the person is muted", async () => {
  const { outbox, sent } = made();
  outbox.hold(true);
  await outbox.add("one");
  assert.deepEqual(sent, []);
  await outbox.hold(false);
  assert.deepEqual(sent, ["one"]);
});

test("kept words leave nothing behind", async () => {
  const { outbox, shelf } = made();
  await outbox.drop(await outbox.add("one"));
  assert.deepEqual(await shelf.all(), []);
  assert.deepEqual(outbox.waiting, []);
});

test("a shelf that is full does not keep anybody from speaking", async () => {
  const full = { ...memoryShelf(), put: () => Promise.reject(new Error("full")) };
  const { outbox, sent } = made({ shelf: full });
  await outbox.add("one");
  assert.deepEqual(sent, ["one"]);
});

test("signed out, nothing unsent stays on the device", async () => {
  const { outbox, shelf } = made({ up: false });
  await outbox.add("one");
  const reading = outbox.open();
  await outbox.forget();
  await outbox.add("written before the page had heard of it");
  await reading;
  assert.deepEqual(await shelf.all(), []);
  assert.deepEqual(outbox.waiting, []);
});

test("what another page has thrown away or sent is let go of, and not sent here", async () => {
  const shelf = memoryShelf();
  const here = made({ shelf, up: false });
  await here.outbox.add("sent from the other");
  const away = await here.outbox.add("thrown away there");
  const there = made({ shelf, up: false });
  await there.outbox.open();
  assert.equal(there.outbox.waiting.length, 2);
  there.outbox.hold(true);
  await here.outbox.drop(away);
  await here.outbox.drop(here.outbox.waiting[0].say_id);
  there.line.up = true;
  await there.outbox.hold(false);
  assert.deepEqual(there.sent, []);
  assert.equal(there.outbox.waiting.length, 0);
});
