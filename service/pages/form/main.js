// The form: screens of questions, answers kept on the device until they are sent, then thanks.

import { listed } from "./blanks.js";
import { showEnding } from "./ending.js";
import { leaveWhenIdle } from "./idle.js";
import { isOpen, question } from "./item.js";
import { keep, load, wipe } from "./kept.js";
import { languages } from "./languages.js";
import { filled, make, told } from "./make.js";
import { keepPage } from "./offline.js";
import { send } from "./sending.js";

const page = told();
const { words, forms } = page;
const kept = load(page.link);
const all = forms.flatMap((form) => form.items.map((item) => ({ form, item })));
const oneEach = page.layout === "one-each";
const { lang, dir } = document.documentElement; // of the words around the forms
const address = location.href;
const DOUBLE_TAP = 600;
let ended = false;
let wiped = false;
let sendsBlanks = false;
let marksBlanks = false;

const answersOf = (form) => (kept.answers[form.id] ??= {});
const answerTo = ({ form, item }) => answersOf(form)[item.id] ?? null;
const openQuestions = () => all.filter(({ form, item }) => isOpen(item, answersOf(form)));
const isBlank = (one) => one.item.kind !== "text" && answerTo(one) === null;

/** Questions that others closed keep no answer. */
function dropClosed() {
  for (const { form, item } of all) if (!isOpen(item, answersOf(form))) delete answersOf(form)[item.id];
}

function answered({ form, item }, value) {
  if (value === null) delete answersOf(form)[item.id];
  else answersOf(form)[item.id] = value;
  sendsBlanks = false;
  dropClosed();
  keep(kept);
  showOpen();
}

/** Show and hide the questions that hang on an answer, without making the others anew. */
function showOpen() {
  for (const shown of document.querySelectorAll("[data-place]")) {
    const one = all[Number(shown.dataset.place)];
    shown.hidden = !isOpen(one.item, answersOf(one.form));
    const blank = shown.classList.toggle("blank", marksBlanks && isBlank(one));
    // Once it is there it keeps its place: nothing moves under a finger.
    if (blank && !shown.querySelector(".unanswered")) {
      shown.append(make("p", { class: "unanswered small", lang, dir }, words.all_blank));
    }
  }
  notice();
}

function notice(...said) {
  const shown = document.getElementById("notice");
  shown.replaceChildren(...said);
  shown.hidden = !said.length;
  document.getElementById("send")?.replaceChildren(sendsBlanks ? words.send_so : words.send);
}

function shownQuestion(one) {
  const made = question(one.form, one.item, words, answerTo(one), (value) => answered(one, value));
  made.dataset.place = all.indexOf(one);
  return made;
}

function shownForm(form, questions) {
  const kinds = new Set(questions.map(({ item }) => item.kind));
  const hint = kinds.has("line") ? words.mark : kinds.has("text") ? null : words.choose;
  const attributes = { class: "form", lang: form.language, dir: form.direction };
  return make(
    "section",
    attributes,
    make("header", {}, make("h1", {}, form.title), hint && make("p", { class: "soft", lang, dir }, hint)),
    ...questions.map(shownQuestion),
    make("p", { class: "copyright", dir: "auto" }, form.copyright),
  );
}

function screens() {
  return oneEach ? openQuestions().map((one) => [one]) : [all];
}

function progress(at, of) {
  const bar = make("progress", { max: of, value: at, "aria-hidden": "true" });
  return make("div", { class: "progress" }, make("p", { class: "soft small" }, filled(words.question_of, { at, of })), bar);
}

function show() {
  const found = screens();
  kept.screen = Math.min(Math.max(kept.screen, 0), found.length - 1);
  const last = kept.screen === found.length - 1;
  const groups = Map.groupBy
    ? Map.groupBy(found[kept.screen], ({ form }) => form)
    : new Map(forms.map((form) => [form, found[kept.screen].filter((one) => one.form === form)]));
  const shown = [...groups].filter(([, questions]) => questions.length);
  const back = make("button", { type: "button", onclick: () => history.back() }, words.back);
  const onward = last
    ? make("button", { type: "button", class: "main", id: "send", onclick: finish }, words.send)
    : make("button", { type: "button", class: "main", onclick: () => turn(kept.screen + 1) }, words.next);
  const sheet = make(
    "main",
    { class: oneEach ? "sheet one-each" : "sheet", id: "sheet" },
    languages(page),
    oneEach && found.length > 1 ? progress(kept.screen + 1, found.length) : null,
    ...shown.map(([form, questions]) => shownForm(form, questions)),
    make("p", { class: "notice", id: "notice", role: "status", hidden: true }),
    make("div", { class: "turning" }, kept.screen > 0 ? back : null, onward),
  );
  document.querySelector("main").replaceWith(sheet);
  showOpen();
}

/** Show another screen, with the focus where it is answered. */
function change(screen) {
  kept.screen = screen;
  show();
  scrollTo(0, 0);
  document.querySelector(".item")?.querySelector("input, textarea")?.focus({ preventScroll: true });
}

/** Go to a screen; the browser's own back leads to the one before. */
function turn(screen) {
  history.pushState({ screen }, "");
  change(screen);
  keep(kept);
}

/** Go to a question, on whichever screen it is. */
function goTo(one) {
  const screen = screens().findIndex((found) => found.includes(one));
  if (screen !== kept.screen) turn(screen);
  const shown = document.querySelector(`[data-place="${all.indexOf(one)}"]`);
  shown.scrollIntoView({ block: "center" });
  shown.querySelector("input").focus({ preventScroll: true });
}

/** Say which questions are blank, and send them so at the next touch. */
function askAbout(blanks) {
  sendsBlanks = marksBlanks = true;
  showOpen();
  notice(make("p", {}, words.some_blank), listed(blanks, goTo));
  document.querySelector(".turning").scrollIntoView({ block: "nearest" });
  document.querySelector(".blanks button").focus({ preventScroll: true });
  // The second half of a double tap is no yes.
  const button = document.getElementById("send");
  button.disabled = true;
  setTimeout(() => (button.disabled = ended), DOUBLE_TAP);
}

function finish() {
  if (ended) return;
  const open = openQuestions();
  const blanks = open.filter(isBlank);
  if (open.every((one) => answerTo(one) === null)) return notice(words.all_blank);
  if (blanks.length && !sendsBlanks) return askAbout(blanks);
  kept.finished = Date.now();
  keep(kept);
  conclude();
}

async function conclude() {
  ended = true;
  const button = document.getElementById("send");
  if (button) {
    button.disabled = true;
    button.textContent = words.sending;
  }
  const why = await send(kept, page.language, () => showEnding("waiting", words, page.kiosk));
  wiped = true;
  wipe();
  showEnding(why, words, page.kiosk);
}

addEventListener("popstate", (event) => {
  if (ended) return;
  // An entry from before another language was chosen: a reload there stays in the one that is shown.
  history.replaceState(event.state, "", address);
  change(event.state?.screen ?? 0);
});
// A page that was put aside comes back with what is kept by now: maybe nothing.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
// Nothing stays longer than an hour, be the page open or not.
setInterval(() => {
  if (!ended && kept.until && Date.now() > kept.until) {
    wipe();
    history.replaceState({ screen: 0 }, "");
    location.reload();
  }
}, 30_000);

if (kept.finished) conclude();
else {
  // After a reload the screens before this one are still behind it.
  if (history.state) kept.screen = history.state.screen;
  else {
    history.replaceState({ screen: 0 }, "");
    for (let screen = 1; screen <= kept.screen; screen += 1) history.pushState({ screen }, "");
  }
  show();
}
if (page.kiosk) leaveWhenIdle(words, () => ended);
keepPage(page.files, () => wiped);
