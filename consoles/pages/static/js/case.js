// Two sliders over the moments of a case: what had happened by then, and what was known by then.

import { fetchFragment, replaceParts } from "./fragment.js";

const form = document.querySelector("form.sliders");
const ranges = [...form.querySelectorAll("input[type=range]")];
let asked = 0;

function momentOf(range) {
  return JSON.parse(range.dataset.moments)[Number(range.value)];
}

function address() {
  const url = new URL(location.href);
  for (const range of ranges) {
    const moment = momentOf(range);
    if (moment.at) url.searchParams.set(range.name, moment.at);
    else url.searchParams.delete(range.name);
  }
  return url;
}

async function show() {
  const mine = ++asked;
  const url = address();
  const incoming = await fetchFragment(url, "replay");
  if (mine !== asked) return;
  replaceParts(incoming);
  history.replaceState(null, "", url);
}

for (const range of ranges) {
  const output = form.querySelector(`output[for="${range.id}"]`);
  range.addEventListener("input", () => {
    output.textContent = momentOf(range).text;
    range.setAttribute("aria-valuetext", momentOf(range).text);
    show().catch((error) => console.info("replay:", error.message));
  });
}

form.querySelector("[data-reset]").addEventListener("click", (event) => {
  event.preventDefault();
  for (const range of ranges) {
    range.value = range.max;
    range.dispatchEvent(new Event("input"));
  }
});
