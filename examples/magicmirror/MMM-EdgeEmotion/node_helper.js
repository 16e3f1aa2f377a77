/* MagicMirror's server reads the event stream of edge-emotion and passes each state on to the module in the browser,
 * which may not read another site's pages. It connects again, less and less often, for as long as it takes. */
const NodeHelper = require("node_helper");

const FIRST_S = 1;
const MOST_S = 30;
const SILENT_S = 12; // the machine says something every 5 s, even where nothing changes

/* The states in what has come so far of a stream of server-sent events, and the rest. */
function parse(text) {
  const parts = text.split("\n\n");
  const rest = parts.pop();
  const states = [];
  for (const part of parts) {
    const data = part.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trim());
    if (data.length) states.push(JSON.parse(data.join("\n")));
  }
  return { states, rest };
}

module.exports = NodeHelper.create({
  start() {
    this.aborts = new Map();
    this.last = new Map();
  },

  stop() {
    for (const abort of this.aborts.values()) abort.abort();
  },

  socketNotificationReceived(notification, config) {
    if (notification !== "EDGE_EMOTION_START") return;
    if (this.aborts.has(config.address)) {
      // The mirror's page was loaded again: it knows nothing yet.
      if (this.last.has(config.address)) this.pass(config, this.last.get(config.address));
      return;
    }
    this.aborts.set(config.address, new AbortController());
    this.follow(config, this.aborts.get(config.address).signal);
  },

  async follow(config, signal) {
    let wait = FIRST_S;
    while (!signal.aborted) {
      try {
        for await (const state of this.states(config, signal)) {
          wait = FIRST_S;
          this.pass(config, state);
        }
      } catch (error) {
        if (signal.aborted) return;
        this.pass(config, { error: `edge-emotion: ${error.message}`, faces: [] });
      }
      await new Promise((resolve) => setTimeout(resolve, wait * 1000));
      wait = Math.min(2 * wait, MOST_S);
    }
  },

  /* To every module of this kind on the mirror; each shows its own device. */
  pass(config, state) {
    this.last.set(config.address, state);
    this.sendSocketNotification("EDGE_EMOTION_STATE", { ...state, address: config.address });
  },

  async *states(config, signal) {
    const headers = config.token ? { Authorization: `Bearer ${config.token}` } : {};
    // A machine that was switched off closes no connection: nothing comes any more.
    const silence = new AbortController();
    let timer;
    const listen = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(new Error("the machine does not answer")), SILENT_S * 1000);
    };
    const stop = () => silence.abort();
    signal.addEventListener("abort", stop);
    try {
      listen();
      const answer = await fetch(`${config.address}/api/events`, { headers, signal: silence.signal });
      if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
      const decoder = new TextDecoder();
      let text = "";
      for await (const chunk of answer.body) {
        listen();
        const { states, rest } = parse(text + decoder.decode(chunk, { stream: true }));
        text = rest;
        yield* states;
      }
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    }
  },
});
