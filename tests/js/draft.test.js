import assert from "node:assert/strict";
import { test } from "node:test";
import { Draft, dropDrafts } from "../../web/static/js/draft.js";

/** What sessionStorage does, with its keys as properties of its own. */
class Shelf {
  getItem = (key) => this[key] ?? null;
  setItem = (key, value) => void (this[key] = value);
  removeItem = (key) => void delete this[key];
}

const FIELDS = [["text", "my words"], ["topic", "work"], ["topic", "family"]];

test("what was typed is found after a reload", () => {
  const shelf = new Shelf();
  new Draft(shelf, "/ask", "7 0").keep(FIELDS);
  assert.deepEqual(new Draft(shelf, "/ask", "7 0").found(), FIELDS);
  assert.equal(new Draft(shelf, "/profile", "7 0").found(), undefined, "a draft a form");
});

test("a draft is dropped once something was saved, and nobody else finds it", () => {
  for (const of of ["7 1", "8 0"]) {
    const shelf = new Shelf();
    new Draft(shelf, "/ask", "7 0").keep(FIELDS);
    assert.equal(new Draft(shelf, "/ask", of).found(), undefined);
    assert.equal(shelf["draft /ask"], undefined, "not only unread, but gone");
  }
});

test("what one form has sent ends its own draft and no other", () => {
  const shelf = new Shelf();
  for (const form of ["/ask", "/profile"]) new Draft(shelf, form, "7 0").keep(FIELDS);
  new Draft(shelf, "/ask", "").drop();
  assert.equal(shelf["draft /ask"], undefined);
  assert.deepEqual(new Draft(shelf, "/profile", "7 0").found(), FIELDS);
});

test("at the end every draft is gone, and what is not a draft stays", () => {
  const shelf = new Shelf();
  shelf.setItem("other", "stays");
  for (const form of ["/ask", "/profile"]) new Draft(shelf, form, "7 0").keep(FIELDS);
  dropDrafts(shelf);
  assert.deepEqual(Object.keys(shelf).filter((key) => typeof shelf[key] === "string"), ["other"]);
});

test("a storage that is full, closed or holds what is not ours is no fault of the person", () => {
  const closed = () => {
    throw new Error("denied");
  };
  const draft = new Draft({ getItem: closed, setItem: closed, removeItem: closed }, "/ask", "7 0");
  draft.keep(FIELDS);
  assert.equal(draft.found(), undefined);
  const shelf = new Shelf();
  for (const strange of ["{", "null", "3", '{"of":"7 0"}', '{"of":"7 0","fields":"x"}']) {
    shelf.setItem("draft /ask", strange);
    assert.equal(new Draft(shelf, "/ask", "7 0").found(), undefined, strange);
  }
});
