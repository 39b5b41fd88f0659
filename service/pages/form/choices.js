// Large choices: one of several, several of several, yes or no, a row of numbers.

import { make } from "./make.js";

const MOST_IN_LINE = 7; // on a phone

function option(name, type, one, checked) {
  const input = make("input", { type, name, checked });
  input.checked = checked;
  const label = make("label", { class: "choice" }, input, make("span", {}, one.text));
  return { input, label, value: one.value, alone: one.alone };
}

/** Return what an item is chosen from, which `clear` empties; `change` is told each new answer, null for none. */
export function choices(item, { name, labelId, words, answer, change }, clear) {
  const several = item.kind === "several";
  const listed =
    item.kind === "flag"
      ? [{ value: true, text: words.yes }, { value: false, text: words.no }]
      : item.options;
  const isChosen = (value) => (several ? (answer ?? []).includes(value) : answer === value);
  const made = listed.map((one) => option(name, several ? "checkbox" : "radio", one, isChosen(one.value)));

  function chosen() {
    const found = made.filter((one) => one.input.checked).map((one) => one.value);
    return several ? found : (found[0] ?? null);
  }

  function show() {
    const now = chosen();
    clear.classList.toggle("ready", !several && now !== null);
    change(several && now.length === 0 ? null : now);
  }

  for (const one of made) {
    one.input.addEventListener("change", () => {
      if (several && one.input.checked) {
        // One that stands alone goes with none of the others.
        for (const other of made) if (other !== one && (one.alone || other.alone)) other.input.checked = false;
      }
      show();
    });
  }
  clear.addEventListener("click", () => {
    for (const one of made) one.input.checked = false;
    show();
    made[0].input.focus();
  });
  clear.classList.toggle("ready", !several && chosen() !== null);

  const look = item.kind !== "row" ? "choices" : made.length > MOST_IN_LINE ? "row long" : "row";
  const group = make("div", { class: look }, ...made.map((one) => one.label));
  group.style.setProperty("--count", made.length);
  if (item.kind !== "row") return [group];
  const endsId = `${labelId}-ends`;
  for (const one of made) one.input.setAttribute("aria-describedby", endsId);
  const end = (which) => make("p", { class: `end ${which}` }, item[which]);
  return [group, make("div", { class: "ends", id: endsId }, end("lower"), end("upper"))];
}
