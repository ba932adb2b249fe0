import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Wire, pauseBefore } from "../../web/static/js/wire.js";

/** A socket of the test's own: what is sent is seen, what comes is said. The clock is the test's too. */
class Socket {
  readyState = 1;
  sent = [];
  closed = false;
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.closed = true;
  }
  say(frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }
}

function made(signedIn) {
  const sockets = [];
  const states = [];
  const wire = new Wire({
    open: () => sockets[sockets.push(new Socket()) - 1],
    told: (state) => states.push(state),
    random: () => 0.5,
    signedIn,
  });
  const welcome = () => sockets.at(-1).say({ t: "welcome", epoch: "e1", you: { person: 5, inbox: 99 } });
  return { wire, sockets, states, welcome };
}

function follower(room, position = { after: 7, epoch: "e1" }, jump = false) {
  const frames = [];
  return { room, frames, position: () => position, frame: (frame) => void frames.push(frame) ?? jump };
}

test("pauses grow from half a second to 30 s, and a sign-out is for good", () => {
  const pauses = Array.from({ length: 12 }, (_, tries) => pauseBefore(tries, 1006, 1));
  assert.equal(pauses[0], 500);
  assert.equal(pauses[1], 1000);
  assert.equal(pauses.at(-1), 30_000);
  assert.equal(pauseBefore(0, 1008, 1), -1);
  for (const random of [0, 0.5, 1]) {
    assert.ok(pauseBefore(3, 1012, random) >= 500 && pauseBefore(3, 1012, random) <= 5000);
    assert.ok(pauseBefore(0, 1013, random) >= 5000);
    assert.ok(pauseBefore(0, 1006, random) >= 250);
  }
});

test("rooms are joined from where the follower stands, after every welcome", () => {
  const { wire, sockets, welcome } = made();
  mock.timers.enable({ apis: ["setTimeout"] });
  wire.follow(follower(12));
  wire.connect();
  welcome();
  assert.deepEqual(sockets[0].sent, [{ t: "join", room: 12, after: 7, epoch: "e1", ref: 1 }]);
  sockets[0].onclose({ code: 1006 });
  mock.timers.tick(30_000);
  welcome();
  assert.equal(sockets.length, 2);
  assert.equal(sockets[1].sent[0].t, "join");
  mock.timers.reset();
});

test("a jump joins once more, and once only until it is answered", () => {
  const { wire, sockets, welcome } = made();
  mock.timers.enable({ apis: ["setTimeout"] });
  wire.follow(follower(12, { after: 7 }, true));
  wire.connect();
  welcome();
  sockets[0].say({ t: "joined", ref: 1, room: 12, first: 1, last: 9 });
  sockets[0].say({ t: "entries", room: 12, entries: [{ seq: 9 }] });
  sockets[0].say({ t: "entries", room: 12, entries: [{ seq: 10 }] });
  assert.deepEqual(sockets[0].sent.map((command) => command.t), ["join", "join"]);
  mock.timers.reset();
});

test("silence is asked after, and no answer is a loss", () => {
  const { wire, sockets, states, welcome } = made();
  mock.timers.enable({ apis: ["setTimeout"] });
  wire.connect();
  welcome();
  mock.timers.tick(20_000);
  assert.equal(sockets[0].sent.at(-1).t, "ping");
  sockets[0].say({ t: "done", ref: 1 });
  mock.timers.tick(20_000);
  assert.equal(sockets[0].sent.length, 2);
  mock.timers.tick(10_000);
  assert.equal(sockets[0].closed, true);
  assert.equal(states.at(-1), "waiting");
  mock.timers.reset();
});

test("who waited for an answer learns that nobody knows", async () => {
  const { wire, sockets, welcome } = made();
  mock.timers.enable({ apis: ["setTimeout"] });
  wire.connect();
  assert.equal(await wire.ask({ t: "leave", room: 12 }), undefined, "nothing was sent");
  welcome();
  const answer = wire.ask({ t: "leave", room: 12 });
  sockets[0].onclose({ code: 1006 });
  assert.equal(await answer, null);
  mock.timers.reset();
});

test("an answer finds the one who asked", async () => {
  const { wire, sockets, welcome } = made();
  mock.timers.enable({ apis: ["setTimeout"] });
  wire.connect();
  welcome();
  const first = wire.ask({ t: "leave", room: 12 });
  const second = wire.ask({ t: "report", room: 12 });
  sockets[0].say({ t: "refused", ref: 2, code: "gone" });
  sockets[0].say({ t: "done", ref: 1 });
  assert.equal((await first).t, "done");
  assert.equal((await second).code, "gone");
  mock.timers.reset();
});

test("signed out means do not come back", () => {
  const { wire, sockets, states, welcome } = made();
  mock.timers.enable({ apis: ["setTimeout"] });
  wire.connect();
  welcome();
  sockets[0].onclose({ code: 1008 });
  mock.timers.tick(600_000);
  assert.equal(sockets.length, 1);
  assert.equal(states.at(-1), "ended");
  mock.timers.reset();
});

test("back online, it is tried at once", () => {
  const { wire, sockets, welcome } = made();
  mock.timers.enable({ apis: ["setTimeout"] });
  wire.connect();
  for (let lost = 0; lost < 8; lost += 1) {
    sockets.at(-1).onclose({ code: 1006 });
    if (lost < 7) mock.timers.tick(30_000);
  }
  const before = sockets.length;
  wire.hurry();
  assert.equal(sockets.length, before + 1);
  welcome();
  assert.equal(wire.state, "live");
  mock.timers.reset();
});

test("refused before the welcome, it asks whether it is still signed in, and gives up when not", async () => {
  let still = true;
  const { wire, sockets, states, welcome } = made(async () => still);
  mock.timers.enable({ apis: ["setTimeout"] });
  wire.connect();
  sockets[0].onclose({ code: 1006 });
  await null;
  mock.timers.tick(30_000);
  assert.equal(sockets.length, 2);
  welcome();
  still = false;
  sockets[1].onclose({ code: 1006 });
  await null;
  mock.timers.tick(30_000);
  assert.equal(sockets.length, 3, "a connection that had worked is simply tried again");
  sockets[2].onclose({ code: 1006 });
  await null;
  await null;
  mock.timers.tick(600_000);
  assert.equal(sockets.length, 3);
  assert.equal(states.at(-1), "ended");
  mock.timers.reset();
});
