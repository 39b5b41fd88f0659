// The questions that are still blank, each a way to it.

import { make } from "./make.js";

const MOST_LISTED = 4; // the way to send it as it is stays in sight on a phone

/** Return the first blank questions as a list; `goTo` is told which one was chosen. */
export function listed(blanks, goTo) {
  const way = (one) => {
    const attributes = { type: "button", class: "way", lang: one.form.language, dir: one.form.direction };
    return make("li", {}, make("button", { ...attributes, onclick: () => goTo(one) }, one.item.text));
  };
  return make("ul", { class: "blanks" }, ...blanks.slice(0, MOST_LISTED).map(way));
}
