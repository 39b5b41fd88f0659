// What LHC-Forms makes of Questionnaires in a browser, and what a person who fills them gets.
//
//   node draw.cjs PLAYWRIGHT BROWSER PAGE < tasks.json > drawn.json
//
// PLAYWRIGHT is the folder of playwright-core, BROWSER a Chromium, PAGE the address of page.html. In: [{questionnaire,
// options, answers: [[linkId, text], ...], subject, screenshot}, ...]. Out, for each: {faults, items: {linkId: {text,
// help, hint, value, choices}}, response}. Items are those that can be seen once the answers are given.
"use strict";
const { readFileSync } = require("node:fs");

const [playwright, browserPath, address] = process.argv.slice(2);
const { chromium } = require(playwright);
const origin = new URL(address).origin;
const LIST = "#lhc-tools-searchResults li";

// Runs in the page.
function seenItems() {
  const words = (element) => (element ? element.innerText.trim() : null);
  const seen = (element) => element.checkVisibility() && element.getBoundingClientRect().height > 0;
  const found = [];
  for (const item of document.querySelectorAll("lhc-item")) {
    const id = item.id.replace(/^item-/, "");
    const part = (prefix) => document.getElementById(prefix + id);
    const field = part("");
    const question = part("label-")?.querySelector("span.question");
    if (!question || !seen(question)) continue;
    const choices = item.matches(".lhc-item-group")
      ? []
      : [...item.querySelectorAll(".ant-radio-wrapper, .ant-checkbox-wrapper")].filter(seen).map(words);
    const isField = field?.matches("input, textarea") && seen(field);
    found.push({
      id,
      linkId: id.split("/")[0],
      text: words(question),
      help: words(part("help-")),
      hint: isField ? field.placeholder : null,
      value: isField ? field.value : null,
      choices,
      isList: Boolean(isField && field.matches(".ansList")),
    });
  }
  return found;
}

const byId = (page, id) => page.locator(`[id="${id}"]`);

async function listOf(page, item) {
  await byId(page, item.id).click();
  const rows = page.locator(LIST);
  await rows.first().waitFor();
  const texts = await rows.evaluateAll((all) => all.map((row) => row.lastChild.textContent.trim()));
  await page.keyboard.press("Escape");
  return texts;
}

// As a person does: a click on a choice or into a field, then keys.
async function answer(page, linkId, text) {
  const item = (await page.evaluate(seenItems)).find((one) => one.linkId === linkId);
  if (!item) throw new Error(`${linkId} cannot be seen`);
  if (item.choices.length) {
    await byId(page, `item-${item.id}`).getByText(text, { exact: true }).click();
    return;
  }
  await byId(page, item.id).click();
  if (item.isList) await page.locator(LIST).filter({ hasText: text }).first().click();
  else await page.keyboard.type(text);
  await page.keyboard.press("Tab");
}

async function draw(page, task) {
  await page.evaluate(async ([questionnaire, options]) => {
    const form = LForms.Util.convertFHIRQuestionnaireToLForms(questionnaire, "R4");
    await LForms.Util.addFormToPage(form, "form", options);
  }, [task.questionnaire, task.options]);
  await page.locator("lhc-item").first().waitFor();
  for (const [linkId, text] of task.answers) await answer(page, linkId, text);
  // LHC-Forms computes scores a moment after the last key.
  await page.waitForTimeout(300);
  await page.screenshot({ path: task.screenshot, fullPage: true });
  const response = await page.evaluate(
    (subject) => LForms.Util.getFormFHIRData("QuestionnaireResponse", "R4", null, { subject }),
    task.subject,
  );
  const items = {};
  for (const item of await page.evaluate(seenItems)) {
    const choices = item.isList ? await listOf(page, item) : item.choices;
    items[item.linkId] = { text: item.text, help: item.help, hint: item.hint, value: item.value, choices };
  }
  return { items, response };
}

async function drawAll(tasks) {
  const browser = await chromium.launch({ executablePath: browserPath });
  try {
    const page = await browser.newPage({ viewport: { width: 1000, height: 400 } });
    let faults = [];
    page.on("console", (one) => ["error", "assert"].includes(one.type()) && faults.push(one.text()));
    page.on("pageerror", (error) => faults.push(String(error)));
    page.on("response", (one) => one.status() >= 400 && faults.push(`${one.status()} ${one.url()}`));
    await page.route((url) => url.origin !== origin && url.protocol !== "data:", (route) => {
      faults.push(`asked for ${route.request().url()}`);
      return route.abort();
    });
    await page.goto(address);
    const drawn = [];
    for (const task of tasks) {
      drawn.push({ ...(await draw(page, task)), faults });
      faults = [];
    }
    return drawn;
  } finally {
    await browser.close();
  }
}

drawAll(JSON.parse(readFileSync(0, "utf8"))).then(
  (drawn) => process.stdout.write(JSON.stringify(drawn)),
  (error) => {
    console.error(error);
    process.exitCode = 1;
  },
);
