// The unattended hall screen. It asks for a fresh frame all the time, and loses its colour within
// seconds when none comes: the server is gone, or its data no longer move.

import { Stream, atMostEvery, showLink } from "./live.js";
import { fetchFragment, replaceParts } from "./fragment.js";

const root = document.documentElement;
const board = document.querySelector("[data-stream]");
const STALE_MS = 30_000; // of wall time without a newer as-of
const BEAT_MS = 2_000;
let asOf = board.dataset.asOf;
let movedAt = performance.now();
let failures = 0;

function judge() {
  const broken = failures >= 2 || performance.now() - movedAt > STALE_MS;
  root.classList.toggle("is-broken", broken);
  document.querySelector(".broken-sign").setAttribute("aria-hidden", String(!broken));
}

function takeFrame(incoming) {
  const fresh = incoming.querySelector("[data-as-of]");
  if (fresh.dataset.asOf !== asOf) {
    asOf = fresh.dataset.asOf;
    movedAt = performance.now();
    document.querySelector("[data-broken-since]").textContent = fresh.dataset.asOfText;
  }
  const shown = new Set([...document.querySelectorAll(".rolling li")].map((line) => line.dataset.key));
  replaceParts(incoming);
  for (const line of document.querySelectorAll(".rolling li[data-key]")) {
    if (!shown.has(line.dataset.key)) line.classList.add("is-new");
  }
}

const refresh = atMostEvery(400, async () => {
  try {
    takeFrame(await fetchFragment(location.href, "frame", { timeoutMs: 3000 }));
    failures = 0;
  } catch (error) {
    failures += 1;
    throw error;
  } finally {
    judge();
  }
});

new Stream({
  url: board.dataset.stream,
  position: board.dataset.position,
  longestWaitMs: 4000,
  restsInBackground: false,
  onLink: (state) => {
    showLink(state);
    if (state !== "live") refresh(); // a broken stream is checked at once, not at the next beat
  },
  onEvent: () => refresh(),
});
setInterval(refresh, BEAT_MS);
setInterval(judge, 1000);

async function stayAwake() {
  try {
    await navigator.wakeLock?.request("screen");
  } catch (error) {
    console.info("the display may sleep:", error.message);
  }
}
if (root.classList.contains("kiosk")) {
  stayAwake();
  document.addEventListener("visibilitychange", () => document.hidden || stayAwake());
}

// Browsers that run for months grow: start afresh each night, if the server is there to answer.
const night = new Date();
night.setHours(27, 30, 0, 0);
setInterval(() => {
  if (Date.now() > night.getTime() && failures === 0) location.reload();
}, 60_000);
