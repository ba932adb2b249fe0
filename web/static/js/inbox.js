// @ts-check
/** Following one's own inbox: offers, notices, openings, as they come. */

/**
 * Hear of every entry that comes into the inbox from now on, each once.
 *
 * @param {import("./wire.js").Wire} wire
 * @param {(entry: import("./state.js").Entry) => void} heard
 * @param {() => void} [joined] told at first and after every loss: what was missed longer ago is on the page's server
 */
export function followInbox(wire, heard, joined) {
  /** @type {number | undefined} */
  let after;
  /** @type {string | undefined} */
  let epoch;
  const follow = () => {
    const inbox = wire.welcome?.you.inbox;
    wire.follow({
      room: inbox,
      position: () => (after === undefined ? {} : { after, epoch }),
      frame: (frame) => {
        if (frame.t === "joined" || frame.t === "expired") {
          epoch = wire.welcome?.epoch;
          if (after === undefined || frame.t === "expired") after = frame.last;
          joined?.();
        } else if (frame.t === "gap") after = frame.before - 1;
        else if (frame.t === "entries")
          for (const entry of frame.entries) {
            if (entry.seq <= (after ?? 0)) continue;
            if (entry.seq !== (after ?? 0) + 1) return true;
            after = entry.seq;
            heard(entry);
          }
      },
    });
  };
  wire.onWelcome(follow);
}
