// @ts-check
/**
 * What stands in a room's box and is not sent: kept as a draft of this room in this tab, so that a reload, or a look at
 * another page, loses nothing.
 */
import { Draft, ofTab } from "./draft.js";

/** @param {import("./room.js").Room} room */
export function keepUnsaid(room) {
  const { composer, outbox } = room;
  const box = /** @type {HTMLTextAreaElement} */ (room.piece("say"));
  const draft = new Draft(ofTab(), `/rooms/${room.room}`, String(room.me));
  const keep = () => {
    if (composer?.editing) return;  // what was being written before stays kept
    if (box.value && !outbox?.ended) draft.keep([["say", box.value]]);
    else draft.drop();
  };
  /** Put words before what stands there. @param {string} text */
  const put = (text) => {
    composer?.clear();
    box.value = [text, box.value].filter(Boolean).join("\n");
    keep();
  };
  put(draft.found()?.[0]?.[1] ?? "");
  box.addEventListener("input", keep);
}
