// There is no form (any more). Answers of this very link that still wait are sent; all else is removed.

import { showEnding } from "./ending.js";
import { load, wipe } from "./kept.js";
import { told } from "./make.js";
import { send } from "./sending.js";

const page = told();
const kept = page.link ? load(page.link) : null;

if (kept?.finished && page.why === "over") {
  const why = await send(kept, document.documentElement.lang, () => {});
  wipe();
  showEnding(why, page.words);
} else if (!["busy", "later"].includes(page.why)) wipe();
