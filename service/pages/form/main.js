// The form: screens of questions, answers kept on the device until they are sent, then thanks.

import { showEnding } from "./ending.js";
import { isOpen, question } from "./item.js";
import { keep, load, wipe } from "./kept.js";
import { filled, make, told } from "./make.js";
import { keepPage } from "./offline.js";
import { send } from "./sending.js";

const page = told();
const { words, forms } = page;
const kept = load(page.link);
const all = forms.flatMap((form) => form.items.map((item) => ({ form, item })));
const oneEach = page.layout === "one-each";
let ended = false;
let wiped = false;
let sendsBlanks = false;

const answersOf = (form) => (kept.answers[form.id] ??= {});
const answerTo = ({ form, item }) => answersOf(form)[item.id] ?? null;
const openQuestions = () => all.filter(({ form, item }) => isOpen(item, answersOf(form)));

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
  for (const one of document.querySelectorAll("[data-place]")) {
    const { form, item } = all[Number(one.dataset.place)];
    one.hidden = !isOpen(item, answersOf(form));
  }
  notice("");
}

function notice(text) {
  const shown = document.getElementById("notice");
  shown.hidden = !text;
  shown.textContent = text;
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
    make("header", {}, make("h1", {}, form.title), hint && make("p", { class: "soft", lang: page.language }, hint)),
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

function languages() {
  if (page.languages.length < 2) return null;
  const chosen = make("select", { id: "language", "aria-label": words.language_label, autocomplete: "off" });
  for (const [tag, name] of page.languages) {
    const option = make("option", { value: tag, lang: tag }, name);
    option.selected = tag === page.language;
    chosen.append(option);
  }
  chosen.addEventListener("change", () => location.replace(`?language=${encodeURIComponent(chosen.value)}`));
  return make("div", { class: "languages" }, chosen);
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
    languages(),
    oneEach && found.length > 1 ? progress(kept.screen + 1, found.length) : null,
    ...shown.map(([form, questions]) => shownForm(form, questions)),
    make("p", { class: "notice", id: "notice", role: "status", hidden: true }),
    make("div", { class: "turning" }, kept.screen > 0 ? back : null, onward),
  );
  document.querySelector("main").replaceWith(sheet);
  showOpen();
}

/** Go to a screen; the browser's own back leads to the one before. */
function turn(screen) {
  kept.screen = screen;
  keep(kept);
  history.pushState({ screen }, "");
  show();
  scrollTo(0, 0);
  document.querySelector("h2")?.closest("section").querySelector("[role=slider], input, textarea")?.focus({ preventScroll: true });
}

function finish() {
  if (ended) return;
  const open = openQuestions();
  const blanks = open.filter((one) => answerTo(one) === null && one.item.kind !== "text");
  if (open.every((one) => answerTo(one) === null)) return notice(words.all_blank);
  if (blanks.length && !sendsBlanks) {
    sendsBlanks = true;
    return notice(words.some_blank);
  }
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
  kept.screen = event.state?.screen ?? 0;
  show();
});
// A page that was put aside comes back with what is kept by now: maybe nothing.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
// Nothing stays longer than an hour, be the page open or not.
setInterval(() => {
  if (!ended && Date.now() > kept.until) {
    wipe();
    location.reload();
  }
}, 30_000);

if (kept.finished) conclude();
else {
  history.replaceState({ screen: 0 }, "");
  for (let screen = 1; screen <= kept.screen; screen += 1) history.pushState({ screen }, "");
  show();
}
keepPage(page.files, () => wiped);
