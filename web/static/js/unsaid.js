// @ts-check
/**
 * What stands in a room's box and is not sent: kept as a draft of this room in this tab, so that a reload, or a look at
 * another page, loses nothing. What was not taken comes back there, to be changed.
 */
import { Draft, ofTab } from "./draft.js";

/** @param {import("./room.js").Room} room */
export function keepUnsaid(room) {
  const { composer, outbox } = room;
  const box = /** @type {HTMLTextAreaElement} */ (room.piece("say"));
  const list = room.piece("pending");
  const draft = new Draft(ofTab(), `/rooms/${room.room}`, String(room.me));
  const keep = () => {
    if (composer?.editing) return;  // what was being written before stays kept
    if (box.value && !outbox?.ended) draft.keep([["say", box.value]]);
    else draft.drop();
  };
  composer?.before(draft.found()?.[0]?.[1] ?? "");
  keep();
  box.addEventListener("input", keep);
  list.addEventListener("click", (event) => {
    const item = /** @type {Element} */ (event.target).closest("[data-change]")?.closest("li");
    const one = item && outbox?.waiting[[...list.children].indexOf(item)];
    if (!one) return;
    composer?.clear();
    composer?.before(one.text);
    keep();
    const answered = one.reply_to ? room.live?.row(one.reply_to) : undefined;
    if (answered) composer?.reply(answered);
    outbox.drop(one.say_id);
    box.focus();
  });
}
