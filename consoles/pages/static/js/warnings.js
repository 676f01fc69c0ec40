// The live console: a stream wakes it, the server renders it; why-this-card opens beside it.

import { Stream, atMostEvery, showLink } from "./live.js";
import { fetchFragment, reconcile, replaceParts } from "./fragment.js";

const feed = document.querySelector("[data-part=feed]");
const board = document.querySelector("[data-stream]");
const speaker = document.querySelector("[data-speaker]");
const panel = document.querySelector("dialog.panel");
const panelBody = panel.querySelector(".panel-body");
const consoleUrl = location.pathname + location.search;
let first = true;

const refresh = atMostEvery(250, async () => {
  const incoming = await fetchFragment(consoleUrl, "live");
  const list = incoming.querySelector("[data-part=feed]");
  const arrived = reconcile(feed, list);
  list.remove();
  replaceParts(incoming);
  document.querySelector("[data-empty]").hidden = feed.children.length > 0;
  if (!first) announce(arrived);
  first = false;
});

function announce(arrived) {
  for (const card of arrived) {
    card.classList.add("is-new");
    setTimeout(() => card.classList.remove("is-new"), 4000);
  }
  if (arrived.length) {
    speaker.textContent = `${speaker.dataset.speaker} ${arrived[0].dataset.said}`;
  }
}

new Stream({
  url: board.dataset.stream,
  position: board.dataset.position,
  onLink: showLink,
  onEvent: (name) => {
    if (["connected", "card", "counters", "reset"].includes(name)) refresh();
  },
});
// Limits come nearer by time alone.
setInterval(() => document.hidden || refresh(), 10_000);

async function openPanel(url, { remember }) {
  panelBody.replaceChildren(await fetchFragment(url, "panel"));
  if (!panel.open) panel.showModal();
  panel.scrollTop = 0;
  if (remember) history.pushState({ panel: url }, "", url);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-why]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  openPanel(link.href, { remember: true }).catch(() => location.assign(link.href));
});
panel.addEventListener("close", () => {
  if (history.state?.panel) history.back();
});
panel.addEventListener("click", (event) => {
  if (event.target === panel || event.target.closest("[data-close]")) panel.close();
});
addEventListener("popstate", (event) => {
  if (event.state?.panel) openPanel(event.state.panel, { remember: false });
  else if (panel.open) panel.close();
});

document.addEventListener("keydown", (event) => {
  const step = { j: 1, k: -1 }[event.key.toLowerCase()];
  if (!step || panel.open || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, select, textarea")) return;
  const links = [...feed.querySelectorAll("a[data-why]")];
  const at = links.indexOf(document.activeElement);
  links[Math.max(0, Math.min(links.length - 1, at + step))]?.focus();
});

// Filters apply at once; the button remains for keyboards and for pages without scripts.
document.querySelector("form.filter").addEventListener("change", (event) => event.currentTarget.requestSubmit());
