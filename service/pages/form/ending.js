// The last screen: thanks, or why not. Nothing of the answers, and never a score.

import { make } from "./make.js";

export const KIOSK = "/form/kiosk";
const KIOSK_SECONDS = 30;

/** Show how it ended, as `why`, in place of the form. */
export function showEnding(why, words, kiosk = false) {
  const text = why === "thanks" && kiosk ? words.thanks_kiosk : words[`${why}_text`];
  const title = make("h1", { tabindex: "-1" }, words[`${why}_title`]);
  const sheet = make("main", { class: "sheet ending" }, title, make("p", {}, text));
  if (kiosk && why !== "waiting") {
    const again = () => location.replace(KIOSK);
    sheet.append(make("button", { type: "button", onclick: again }, words.kiosk_again));
    setTimeout(again, KIOSK_SECONDS * 1000);
  }
  document.querySelector("main").replaceWith(sheet);
  title.focus();
}
