// A shared tablet: a code is typed, its form opens. Whatever was kept of the one before is removed first.

import { wipe } from "./kept.js";
import { make, told } from "./make.js";

const { words } = told();
const LETTERS = 8;
wipe();

const code = make("input", {
  id: "code",
  autocomplete: "off",
  autocapitalize: "characters",
  spellcheck: "false",
  maxlength: "12",
  inputmode: "text",
  dir: "ltr",
  "aria-describedby": "about notice",
});
const notice = make("p", { class: "notice", id: "notice", role: "alert", hidden: true });
const open = make("button", { class: "main", type: "submit" }, words.kiosk_open);
const form = make(
  "form",
  { class: "kiosk" },
  make("h1", {}, make("label", { for: "code" }, words.kiosk_title)),
  make("p", { class: "soft", id: "about" }, words.kiosk_text),
  code,
  notice,
  open,
);

function tell(text) {
  notice.hidden = false;
  notice.textContent = text;
  open.disabled = false;
  code.select();
}

code.addEventListener("input", () => {
  const typed = code.value.toUpperCase().replace(/[^A-Z0-9]/g, "").slice(0, LETTERS);
  code.value = typed.length > 4 ? `${typed.slice(0, 4)}-${typed.slice(4)}` : typed;
});
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!code.value || open.disabled) return;
  open.disabled = true;
  try {
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ code: code.value });
    const answer = await fetch("/form/kiosk", { method: "POST", headers, body, cache: "no-store" });
    if (answer.ok) location.replace((await answer.json()).form);
    else if (answer.status === 429) tell(words.busy_text);
    else tell(answer.status >= 500 ? words.kiosk_offline : words.kiosk_wrong);
  } catch {
    tell(words.kiosk_offline);
  }
});

document.querySelector("main").replaceWith(make("main", { class: "sheet ending" }, form));
code.focus();
