// Live: the state by server-sent events, the picture as numbered JPEGs; boxes are those of the same number.
import { call, pictures, post, sentence } from "./api.js";
import { drawBoxes } from "./boxes.js";
import { faceTop, meter, showFace, showNumber } from "./card.js";
import { add, at, draw, setText } from "./dom.js";
import * as windows from "./windows.js";

const HELD = "The pause file on the machine keeps the camera off. Remove it there to resume.";
const DARK = "dark picture"; // what the health says then
const SILENT_MS = 12000; // the machine says something every 5 s, even where nothing changes
const MINUTE_S = 60, KEPT = 60;
const WORDS = { watching: "Watching", paused: "Paused", "no camera": "No camera", starting: "Starting", off: "No camera", lost: "Not connected", elsewhere: "In other windows" };

let wanted = false, events = null, stop = null, latest = null, shownNumber = -1, streaming = false, held = false, lost = false, silence = 0;
const states = new Map();
const cards = new Map();

export function open() {
  wanted = true;
  windows.take();
  start();
}

export function close() {
  if (wanted) windows.leave();
  wanted = false;
  end();
}

windows.onChange(() => {
  if (!wanted) return;
  if (windows.hasPlace(latest?.live ?? true)) return start();
  end();
  pill("elsewhere");
  empty();
  cover("Shown in other windows", "All windows of a browser share a few connections to this machine. Click here to see the live view in this window.");
});
for (const used of ["focus", "pointerdown"]) addEventListener(used, () => { if (wanted) open(); });

function start() {
  if (events || !windows.hasPlace(latest?.live ?? true)) return;
  events = new EventSource("api/events");
  events.addEventListener("state", event => { listen(); take(JSON.parse(event.data)); });
  events.onerror = () => {
    miss();
    if (events?.readyState === EventSource.CLOSED) again();
  };
  listen();
}

// A machine that was switched off closes no connection: nothing comes any more.
function listen() {
  clearTimeout(silence);
  silence = setTimeout(() => { miss(); again(); }, SILENT_MS);
}

function miss() {
  lost = true;
  pill("lost");
  empty();
  cover("Not connected", "The machine does not answer. Is it on, and is edge-emotion running? Trying again.");
}

function end() {
  clearTimeout(silence);
  events?.close();
  events = null;
  stop?.abort();
  stop = null;
  streaming = false;
}

async function again() {
  end();
  await new Promise(done => setTimeout(done, 3000));
  try { await call("api/status", { signal: AbortSignal.timeout(SILENT_MS) }); } catch { /* said on the page already */ }
  if (wanted) start();
}

function take(state) {
  latest = state;
  lost = false;
  states.set(state.number, state);
  for (const number of states.keys()) { if (states.size <= KEPT) break; states.delete(number); }
  pill(state.status);
  setText(at("version"), `edge-emotion ${state.version}`);
  setText(at("fps"), state.status === "watching" ? state.fps.toFixed(1) : "-");
  setText(at("health"), state.status !== "watching" ? "-" : state.health || "good");
  at("pause").disabled = state.status === "off";
  setText(at("pause"), state.paused ? "Resume" : "Pause");
  if (state.status === "watching") {
    held = false;
    if (!state.live || shownNumber < 0) showFaces(state);
    if (state.live) stream(); else showWithoutPicture(state);
  } else {
    empty();
    if (state.status === "paused") cover("Paused", held ? HELD : "The camera is off. Resume turns it on again.");
    else if (state.status === "starting") cover("Starting", "Waiting for the first picture.");
    else cover("No camera", state.reason ? sentence(state.reason) : "Waiting for the camera.");
  }
}

function pill(status) {
  at("pill").dataset.status = status;
  setText(at("pill"), WORDS[status] ?? status);
}

function cover(title, text, through = false) {
  at("over").hidden = false;
  at("over").classList.toggle("see-through", through);
  setText(at("over-title"), title);
  setText(at("over-text"), text);
}

function size(width, height) {
  const view = at("view");
  if (view.width !== width || view.height !== height) Object.assign(view, { width, height });
  // No taller than the window, with the buttons below it: cameras may be mounted upright.
  at("stage").style.maxWidth = `calc(80vh * ${width / height})`;
}

function blank() {
  at("view").getContext("2d").clearRect(0, 0, at("view").width, at("view").height);
  shownNumber = -1;
}

// Neither picture nor faces, not even those that were missed for a moment only.
function empty() {
  for (const known of cards.values()) known.card.remove();
  cards.clear();
  showFaces({ faces: [] });
  at("boxes").replaceChildren();
  for (const fact of ["fps", "health"]) setText(at(fact), "-");
  blank();
}

function showWithoutPicture(state) {
  size(state.width, state.height);
  cover("", state.faces.length ? "" : "The live picture is off; set [web] live = true to show it.", true);
  boxes(state, state.width, state.height);
}

function boxes({ faces, style }, width, height) {
  const numbers = drawBoxes(at("boxes"), faces, width, height, face => face.track, style);
  for (const [track, known] of cards) showNumber(known, numbers.get(String(track)));
}

async function stream() {
  if (streaming) return;
  streaming = true;
  const mine = stop = new AbortController();
  try {
    for await (const { number, jpeg } of pictures("api/live", mine.signal)) {
      const picture = await createImageBitmap(jpeg);
      if (mine.signal.aborted) return;
      if (lost || latest.status !== "watching") { picture.close(); continue; }
      size(picture.width, picture.height);
      at("view").getContext("2d").drawImage(picture, 0, 0);
      const state = states.get(number) ?? latest;
      if (state.health?.split(", ").includes(DARK)) cover("Too dark", "Turn on a light.", true); else at("over").hidden = true;
      shownNumber = number;
      showFaces(state);
      boxes(state, picture.width, picture.height);
      picture.close();
    }
  } catch (error) {
    if (error.name !== "AbortError" && !lost && latest?.status === "watching") cover("No picture", error.message);
  } finally {
    if (stop === mine) setTimeout(() => { streaming = false; }, 1000);
  }
}

function showFaces(state) {
  const now = performance.now() / 1000, here = new Set();
  for (const face of state.faces) {
    here.add(face.track);
    let known = cards.get(face.track);
    if (!known) cards.set(face.track, known = makeCard(face.track));
    known.seen = now;
    showFace(known.card, known, face);
    if (face.intensity !== null && (!known.past.length || now - known.past.at(-1)[0] > 0.25)) {
      known.past.push([now, face.intensity]);
      while (known.past[0][0] < now - MINUTE_S) known.past.shift();
      spark(known, now);
    }
  }
  for (const [track, known] of cards) {
    // A face that was missed for a moment keeps its card.
    if (here.has(track) || now - known.seen < 1) continue;
    known.card.remove();
    cards.delete(track);
  }
  const wanted = [...cards.keys()].filter(track => here.has(track));
  at("nobody").hidden = cards.size > 0;
  setText(at("nobody"), state.width ? "Nobody in sight." : "No picture to look at.");
  setText(at("people"), cards.size ? `Faces in sight: ${wanted.length}` : "Faces");
}

function makeCard(track) {
  const card = add(at("cards"), "div", undefined, "card face");
  card.dataset.track = track;
  const parts = faceTop(card);
  const bar = meter(card), mask = add(card, "span", "", "mask");
  const svg = draw(card, "svg", { class: "spark", viewBox: "0 0 60 1", preserveAspectRatio: "none", "aria-hidden": "true" });
  draw(svg, "line", { x1: 0, x2: 60, y1: 1, y2: 1 });
  const path = draw(svg, "path", { d: "" });
  const label = add(card, "span", undefined, "spark-label");
  add(label, "span", "intensity, last minute");
  const value = add(label, "span", "");
  card.addEventListener("pointerenter", () => light(track, true));
  card.addEventListener("pointerleave", () => light(track, false));
  return { card, ...parts, bar, mask, path, value, past: [], seen: 0 };
}

function light(track, on) {
  for (const box of at("boxes").children) if (box.dataset.key === String(track)) box.classList.toggle("lit", on);
}

function spark(known, now) {
  const points = known.past.map(([time, value]) => `${(MINUTE_S - (now - time)).toFixed(2)},${(1 - value).toFixed(3)}`);
  known.path.setAttribute("d", `M${points.join("L")}`);
  setText(known.value, `${Math.round(known.past.at(-1)[1] * 100)} %`);
}

at("pause").addEventListener("click", async () => {
  if (at("pause").hasAttribute("aria-busy")) return; // a button that is disabled loses the focus
  at("pause").setAttribute("aria-busy", "true");
  try {
    const wanted = !latest?.paused;
    const { paused } = await post(wanted ? "api/pause" : "api/resume");
    setText(at("pause"), paused ? "Resume" : "Pause");
    held = paused && !wanted;
    if (held) cover("Paused", HELD);
  } catch (error) {
    cover("That did not work", error.message);
  } finally {
    at("pause").removeAttribute("aria-busy");
  }
});
