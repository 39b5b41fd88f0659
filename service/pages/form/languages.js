// The choice of another language: the page is loaded again in it, with what was answered.

import { make } from "./make.js";

/** Return what a language calls itself, as the browser knows it; else its tag. */
function ownName(tag) {
  try {
    const name = new Intl.DisplayNames([tag], { type: "language" }).of(tag);
    return name.charAt(0).toLocaleUpperCase(tag) + name.slice(1);
  } catch {
    return tag;
  }
}

function choose(tag) {
  // In the same place of the browser's history: the screens behind this one stay behind it.
  history.replaceState(history.state, "", `?language=${encodeURIComponent(tag)}`);
  location.reload();
}

/** Return the languages to choose from, null where there is no choice. */
export function languages({ languages: known, language, words }) {
  if (known.length < 2) return null;
  const chosen = make("select", { id: "language", "aria-label": words.language_label, autocomplete: "off" });
  for (const [tag, name] of known) {
    const option = make("option", { value: tag, lang: tag }, name ?? ownName(tag));
    option.selected = tag === language;
    chosen.append(option);
  }
  chosen.addEventListener("change", () => choose(chosen.value));
  return make("div", { class: "languages" }, chosen);
}
