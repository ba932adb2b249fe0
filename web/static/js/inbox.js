// @ts-check
/** Following a room from now on, without showing it: one's inbox (offers, notices, openings), the moderators' desk. */

/**
 * Hear of every entry that comes into a room from now on, each once and in order.
 *
 * @param {import("./wire.js").Wire} wire
 * @param {number | undefined} room without it: one's own inbox
 * @param {(entry: import("./state.js").Entry) => void} heard
 * @param {(frame: import("./wire.js").Frame) => void} [joined] told at first and after every loss, so that the page can
 *   ask for the present state of things once more
 */
export function follow(wire, room, heard, joined) {
  /** @type {number | undefined} */
  let after;
  /** @type {string | undefined} */
  let epoch;
  /** @param {import("./wire.js").Frame} frame @returns {boolean | void} */
  const frame = (frame) => {
    if (frame.t === "joined" || frame.t === "expired") {
      epoch = wire.welcome?.epoch;
      if (after === undefined || frame.t === "expired") after = frame.last;
      joined?.(frame);
    } else if (frame.t === "gap") after = frame.before - 1;
    for (const entry of frame.t === "entries" ? frame.entries : []) {
      if (entry.seq <= (after ?? 0)) continue;
      if (entry.seq !== (after ?? 0) + 1) return true;
      after = entry.seq;
      heard(entry);
    }
  };
  const position = () => (after === undefined ? {} : { after, epoch });
  wire.onWelcome(() => wire.follow({ room: room ?? wire.welcome?.you.inbox, position, frame }));
}
