// A line as on paper: a mark where it is touched. No number is shown, and there is no mark before a touch.
//
// What keys and screen readers move is the browser's own slider, unseen on top of what is drawn: of an element that
// only says it is one, VoiceOver and TalkBack may pass no movement on (WAI-ARIA Authoring Practices, slider). It
// counts in steps and says no step of its own, so that their swipes move it by a twentieth, not by a millimetre.

import { filled, make } from "./make.js";

const FACES = {
  lower: "M9 21.5c1.8-3.3 4.2-4.5 7-4.5s5.2 1.2 7 4.5",
  upper: "M9 18.5c1.8 3.3 4.2 4.5 7 4.5s5.2-1.2 7-4.5",
};
const SVG = "http://www.w3.org/2000/svg";

function face(end) {
  const drawn = document.createElementNS(SVG, "svg");
  drawn.setAttribute("viewBox", "0 0 32 32");
  drawn.setAttribute("class", "face");
  drawn.setAttribute("aria-hidden", "true");
  const shapes = [
    ["circle", { cx: 16, cy: 16, r: 14, class: "head" }],
    ["circle", { cx: 11.3, cy: 12.5, r: 1.7, class: "eye" }],
    ["circle", { cx: 20.7, cy: 12.5, r: 1.7, class: "eye" }],
    ["path", { d: FACES[end], class: "mouth" }],
  ];
  for (const [name, attributes] of shapes) {
    const shape = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
    drawn.append(shape);
  }
  return drawn;
}

/** Return the line of an item, which `clear` empties; `change` is told each new answer, null for no mark. */
export function line(item, { labelId, words, direction, faces, answer, change }, clear) {
  const { minimum, maximum, step } = item;
  const places = String(step).split(".")[1]?.length ?? 0;
  const steps = Math.round((maximum - minimum) / step);
  const mark = make("span", { class: "mark" });
  const slider = make("input", {
    type: "range",
    class: "slider",
    min: 0,
    max: steps,
    autocomplete: "off",
    "aria-labelledby": labelId,
  });
  const track = make("div", { class: "line" }, make("span", { class: "stroke" }, mark), slider);
  let value = answer ?? null;

  const share = (number) => (number - minimum) / (maximum - minimum);
  const rounded = (number) => {
    const nearest = Math.round((number - minimum) / step);
    return Number(Math.min(maximum, Math.max(minimum, minimum + nearest * step)).toFixed(places));
  };

  function show() {
    const marked = value !== null;
    track.classList.toggle("marked", marked);
    clear.classList.toggle("ready", marked);
    const shown = marked ? share(value) : 0.5;
    mark.style.setProperty("--at", `${shown * 100}%`);
    slider.value = Math.round(shown * steps);
    const ends = { percent: Math.round(shown * 100), lower: item.lower, upper: item.upper };
    slider.setAttribute("aria-valuetext", marked ? filled(words.marked, ends) : words.unmarked);
  }

  function set(number) {
    value = number === null ? null : rounded(number);
    show();
    change(value);
  }

  function touched(event) {
    const { left, width } = track.firstChild.getBoundingClientRect();
    const along = (event.clientX - left) / width;
    set(minimum + (direction === "rtl" ? 1 - along : along) * (maximum - minimum));
  }

  let held = false;
  let before = null; // what a touch that turns out to be a scroll gives back
  track.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    held = true;
    before = value;
    track.setPointerCapture(event.pointerId);
    touched(event);
  });
  // The slider may take the pointer for itself; what it is told passes here all the same.
  track.addEventListener("pointermove", (event) => held && touched(event));
  track.addEventListener("pointercancel", () => set(before));
  // Under a finger the slider moves by itself as well, to a place of its own: there it is put back to the mark.
  // After a tap the browser plays a mouse to it.
  track.addEventListener("mousedown", (event) => (held = event.button === 0));
  for (const up of ["pointerup", "pointercancel", "mouseup"]) track.addEventListener(up, () => (held = false));
  slider.addEventListener("input", () => {
    if (held) show();
    else set(value === null ? (minimum + maximum) / 2 : minimum + Number(slider.value) * step);
  });

  const onward = direction === "rtl" ? -1 : 1;
  const moves = { ArrowUp: 1, ArrowDown: -1, ArrowRight: onward, ArrowLeft: -onward, PageUp: 10, PageDown: -10 };
  slider.addEventListener("keydown", (event) => {
    const middle = (minimum + maximum) / 2;
    if (event.key === "Home") set(minimum);
    else if (event.key === "End") set(maximum);
    else if (event.key in moves) set(value === null ? middle : value + moves[event.key] * step);
    else if (event.key === " " || event.key === "Enter") set(value ?? middle);
    else if (event.key === "Delete" || event.key === "Backspace") set(null);
    else return;
    event.preventDefault();
  });
  clear.addEventListener("click", () => {
    set(null);
    slider.focus();
  });

  show();
  const end = (name) => make("p", { class: `end ${name}` }, faces ? face(name) : null, item[name]);
  const drawn = make("div", { class: faces ? "drawn with-faces" : "drawn" }, track);
  return [drawn, make("div", { class: "ends" }, end("lower"), end("upper"))];
}
