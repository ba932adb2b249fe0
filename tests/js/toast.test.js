import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { toast } from "../../web/static/js/toast.js";

test("a sentence is shown for its whole time, whatever was shown before it", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const place = { textContent: "", dataset: {} };
  globalThis.document = { querySelector: () => place };
  toast("one");
  mock.timers.tick(7000);
  toast("two");
  mock.timers.tick(7000);
  assert.equal(place.textContent, "two");
  assert.ok("shown" in place.dataset);
  mock.timers.tick(1000);
  assert.ok(!("shown" in place.dataset));
  mock.timers.reset();
});
