// A shared tablet that somebody left goes back to where the next one types a code.

import { KIOSK } from "./ending.js";
import { wipe } from "./kept.js";
import { make } from "./make.js";

const ASK = 4 * 60 * 1000;
const LEAVE = 5 * 60 * 1000;
const SIGNS = ["pointerdown", "keydown", "input", "scroll"];

/** Ask after four minutes without a touch, and leave a minute later; not while `isOver`, which leaves by itself. */
export function leaveWhenIdle(words, isOver) {
  let seen = Date.now();
  let asking = null;

  function stay() {
    seen = Date.now();
    asking?.remove();
    asking = null;
  }

  function look() {
    const idle = Date.now() - seen;
    if (isOver()) stay();
    else if (idle > LEAVE) {
      wipe();
      location.replace(KIOSK);
    } else if (idle > ASK && !asking) {
      asking = make("p", { class: "notice asking", role: "alert" }, words.idle);
      document.body.append(asking);
    }
  }

  for (const sign of SIGNS) addEventListener(sign, stay, { passive: true, capture: true });
  setInterval(look, 5000);
}
