// What every console page does: the hall's clock in the masthead (its time comes from the server and
// is never computed here), and raw records that open in place.

const clock = document.querySelector("[data-pulse]");

async function beat() {
  if (document.hidden) return;
  const answer = await fetch(clock.dataset.pulse, { cache: "no-store", signal: AbortSignal.timeout(4000) });
  if (!answer.ok) return;
  const pulse = await answer.json();
  for (const place of clock.querySelectorAll("[data-pulse-field]")) {
    place.textContent = pulse[place.dataset.pulseField];
  }
}

if (clock) {
  const quietly = () => beat().catch((error) => console.info("clock:", error.message));
  setInterval(quietly, 2000);
  document.addEventListener("visibilitychange", quietly);
}

document.addEventListener(
  "toggle",
  async (event) => {
    const details = event.target;
    if (!details.matches?.("details[data-raw]") || !details.open || details.dataset.loaded) return;
    const place = details.querySelector("pre");
    try {
      const answer = await fetch(details.dataset.raw);
      const text = await answer.text();
      place.textContent = answer.ok ? JSON.stringify(JSON.parse(text), null, 2) : text;
      details.dataset.loaded = "yes";
    } catch (error) {
      place.textContent = error.message;
    }
  },
  true,
);
