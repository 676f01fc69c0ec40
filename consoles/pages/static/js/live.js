// One stream of server-sent events for all tabs of a browser, read with fetch: unlike EventSource it
// survives refusals, waits longer after each failure (with jitter, so that a restarted server is not
// stormed), and sends Last-Event-ID itself. A browser grants six connections to a server: the tab that
// holds the lock reads the stream and tells the others. Where the browser has no locks (plain HTTP on
// another machine), each tab reads its own and gives it back while hidden.

const SILENCE_MS = 25_000; // the server says something at least every 15 s

export class Stream {
  /**
   * @param {object} options
   * @param {string} options.url where the stream is
   * @param {string} [options.position] id of the last event the page already shows
   * @param {(name: string, data: string) => void} options.onEvent
   * @param {(state: "live" | "waiting" | "off") => void} options.onLink
   * @param {number} [options.longestWaitMs] upper bound between two attempts
   * @param {boolean} [options.restsInBackground] give the connection back while the tab is hidden
   */
  constructor({ url, position = "", onEvent, onLink, longestWaitMs = 15_000, restsInBackground = true }) {
    Object.assign(this, { url, position, onEvent, onLink, longestWaitMs });
    this.attempt = 0;
    this.state = "off";
    this.leads = false;
    if (navigator.locks && globalThis.BroadcastChannel) {
      this.channel = new BroadcastChannel(`hall:${url}`);
      this.channel.onmessage = ({ data }) => this.hear(data);
    }
    if (restsInBackground) {
      document.addEventListener("visibilitychange", () => {
        if (document.hidden) this.close();
        else this.open();
      });
    }
    addEventListener("pagehide", () => this.close());
    addEventListener("pageshow", (event) => event.persisted && this.open());
    this.open();
  }

  open() {
    if (this.running) return;
    this.running = new AbortController();
    const stopped = this.running.signal;
    if (!this.channel) {
      this.run(stopped);
      return;
    }
    const lead = () => {
      this.leads = true;
      return this.run(stopped);
    };
    navigator.locks
      .request(this.channel.name, { signal: stopped }, lead)
      .catch((error) => stopped.aborted || console.info("live:", error.message))
      .finally(() => {
        this.leads = false;
      });
    this.channel.postMessage({ asks: true });
  }

  close() {
    this.running?.abort();
    this.running = null;
    this.state = "off";
    this.onLink("off");
  }

  /** Passes on what this tab's own stream says, to this page and, if it leads, to the other tabs. */
  tell(name, data) {
    if (this.leads) this.channel.postMessage({ name, data, position: this.position });
    this.onEvent(name, data);
  }

  link(state) {
    this.state = state;
    if (this.leads) this.channel.postMessage({ link: state });
    this.onLink(state);
  }

  /** Takes what another tab says. */
  hear(said) {
    if (!this.running) return;
    if (said.asks) {
      if (this.leads) this.channel.postMessage({ link: this.state });
    } else if (this.leads) {
      return;
    } else if (said.link) {
      this.onLink(said.link);
      if (said.link === "live") this.onEvent("connected", "");
    } else {
      this.position = said.position;
      this.onEvent(said.name, said.data);
    }
  }

  async run(stopped) {
    while (!stopped.aborted) {
      try {
        await this.read(stopped);
      } catch (error) {
        if (stopped.aborted) return;
      }
      if (stopped.aborted) return;
      this.link("waiting");
      const longest = Math.min(this.longestWaitMs, 500 * 2 ** this.attempt++);
      await new Promise((resolve) => setTimeout(resolve, longest * (0.5 + Math.random() / 2)));
    }
  }

  async read(stopped) {
    const connection = new AbortController();
    const abort = () => connection.abort();
    stopped.addEventListener("abort", abort);
    let silence = setTimeout(abort, SILENCE_MS);
    try {
      const headers = { Accept: "text/event-stream" };
      if (this.position) headers["Last-Event-ID"] = this.position;
      const answer = await fetch(this.url, { headers, cache: "no-store", signal: connection.signal });
      if (!answer.ok) throw new Error(`stream answered ${answer.status}`);
      this.attempt = 0;
      this.link("live");
      this.tell("connected", "");
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        clearTimeout(silence);
        silence = setTimeout(abort, SILENCE_MS);
        const blocks = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
        rest = blocks.pop();
        blocks.forEach((block) => this.take(block));
      }
    } finally {
      clearTimeout(silence);
      stopped.removeEventListener("abort", abort);
    }
  }

  take(block) {
    let name = "message";
    const data = [];
    for (const line of block.split("\n")) {
      const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line);
      if (field === "event") name = value;
      else if (field === "data") data.push(value);
      else if (field === "id") this.position = value;
    }
    if (data.length || name !== "message") this.tell(name, data.join("\n"));
  }
}

/** Shows the state of the stream in the masthead, as text beside a light. */
export function showLink(state) {
  const light = document.querySelector("[data-link]");
  if (!light || light.dataset.link === state) return;
  light.dataset.link = state;
  light.textContent = light.dataset[`text${state[0].toUpperCase()}${state.slice(1)}`];
}

/** Returns a function that runs `work` at once when idle, and at most once per `pauseMs`. */
export function atMostEvery(pauseMs, work) {
  let again = false;
  let busy = false;
  return async function run() {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    do {
      again = false;
      await work().catch((error) => console.info("refresh will be tried again:", error.message));
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    } while (again);
    busy = false;
  };
}
