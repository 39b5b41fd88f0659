// One question: its text, and what it is answered with.

import { choices } from "./choices.js";
import { line } from "./line.js";
import { make } from "./make.js";

const LONGEST_TEXT = 4000;

function ownWords(labelId, { words, answer, change }) {
  const hintId = `${labelId}-hint`;
  const field = make("textarea", {
    rows: "3",
    maxlength: LONGEST_TEXT,
    autocomplete: "off",
    "aria-labelledby": labelId,
    "aria-describedby": hintId,
  });
  field.value = answer ?? "";
  field.addEventListener("input", () => change(field.value.trim() ? field.value : null));
  return [make("p", { class: "soft small hint", id: hintId }, words.write), field];
}

/** Return the question's element; `change` is told each new answer, null for none. */
export function question(form, item, words, answer, change) {
  const name = `${form.id}.${item.id}`;
  const labelId = `q-${name}`.replaceAll(".", "-");
  const shared = { name, labelId, words, direction: form.direction, faces: form.faces, answer, change };
  const clear = make("button", { type: "button", class: "clear", "aria-describedby": labelId }, words.clear);
  // It has its place from the start: nothing moves under a finger when it appears.
  const heading = make("div", { class: "asked" }, make("h2", { id: labelId }, item.text), item.kind === "text" ? null : clear);
  if (item.kind === "line") return make("section", { class: "item" }, heading, ...line(item, shared, clear));
  if (item.kind === "text") return make("section", { class: "item" }, heading, ...ownWords(labelId, shared));
  const role = item.kind === "several" ? "group" : "radiogroup";
  return make("section", { class: "item", role, "aria-labelledby": labelId }, heading, ...choices(item, shared, clear));
}

/** Tell whether a question is open, given the answers to the others of its form. */
export function isOpen(item, answers) {
  if (!item.when) return true;
  const found = answers?.[item.when.item];
  return found === item.when.is || (Array.isArray(found) && found.includes(item.when.is));
}
