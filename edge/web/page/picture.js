// Try a picture: chosen, dropped, pasted, taken with the browser's camera, or the sample.
import { call, get } from "./api.js";
import { annotated, drawBoxes } from "./boxes.js";
import { allBars, faceTop, meter, showFace, showNumber } from "./card.js";
import { add, at, save, say } from "./dom.js";
import { count } from "./words.js";

const MOST = 16e6;
let turn = 0, shown = null, video = null, style = "box", label = () => {};

export function close() { cameraOff(); }

async function look(blob, name) {
  const mine = ++turn;
  at("result").hidden = true;
  if (shown) URL.revokeObjectURL(shown.url);
  shown = null;
  at("photo").removeAttribute("src");
  if (blob.size > MOST) return say(at("said"), "The picture is too large; choose one of at most 16 MB.", true);
  say(at("said"), "Looking...");
  try {
    const form = new FormData();
    form.append("image", blob, name);
    const told = await (await call("api/image", { method: "POST", body: form })).json();
    ({ style } = await get("api/status"));
    if (mine !== turn) return;
    shown = { told, name, url: URL.createObjectURL(blob) };
    at("photo").src = shown.url;
    await at("photo").decode().catch(() => null);
    if (mine !== turn) return;
    show(told);
    say(at("said"), told.faces.length ? "" : "No face found. Try a picture in which faces are larger or less turned away.");
  } catch (error) {
    if (mine === turn) say(at("said"), error.message, true);
  }
}

function show({ faces, width, height }) {
  at("result").hidden = false;
  at("shown").style.maxWidth = `calc(${window.innerWidth < 800 ? 42 : 75}vh * ${width / height})`;
  at("found").textContent = faces.length ? count(faces.length, "face") + (faces.length > 1 ? ", from left to right" : "") : "";
  at("faces").replaceChildren();
  at("photo-boxes").replaceChildren();
  const cards = [];
  for (const [n, face] of faces.entries()) {
    const card = add(at("faces"), "details");
    const summary = add(card, "summary");
    const parts = faceTop(summary);
    const bar = meter(summary), mask = add(summary, "span", "", "mask");
    showFace(card, { ...parts, bar, mask }, face);
    cards.push(parts);
    allBars(card, face);
    card.open = faces.length === 1;
    for (const [on, off] of [["pointerenter", "pointerleave"], ["focusin", "focusout"]]) {
      card.addEventListener(on, () => light(n, true));
      card.addEventListener(off, () => light(n, false));
    }
  }
  label = () => {
    const numbers = drawBoxes(at("photo-boxes"), faces, width, height, (_, n) => n, style);
    cards.forEach((parts, n) => showNumber(parts, numbers.get(String(n))));
  };
  label();
  for (const box of at("photo-boxes").children) {
    const n = Number(box.dataset.key);
    box.addEventListener("pointerenter", () => light(n, true));
    box.addEventListener("pointerleave", () => light(n, false));
    box.addEventListener("click", () => { at("faces").children[n].open = true; at("faces").children[n].scrollIntoView({ block: "nearest" }); });
  }
}

function light(n, on) {
  at("faces").children[n]?.classList.toggle("lit", on);
  for (const box of at("photo-boxes").children) if (box.dataset.key === String(n)) box.classList.toggle("lit", on);
}

async function cameraOn() {
  if (!navigator.mediaDevices?.getUserMedia) {
    return say(at("said"), "Browsers allow the camera only on https pages or on this same machine. Choose a picture instead; phones also offer their camera then.", true);
  }
  try {
    video = await navigator.mediaDevices.getUserMedia({ video: { width: 1280, facingMode: "user" } });
  } catch (error) {
    const none = error.name === "NotFoundError";
    return say(at("said"), none ? "This device has no camera." : "The browser blocks the camera; allow it for this page in the browser's settings.", true);
  }
  say(at("said"), "");
  at("video").srcObject = video;
  at("camera-box").hidden = false;
  at("shoot").focus();
}

function cameraOff() {
  video?.getTracks().forEach(track => track.stop());
  video = null;
  at("video").srcObject = null;
  at("camera-box").hidden = true;
}

function shoot() {
  const from = at("video"), canvas = document.createElement("canvas");
  if (!from.videoWidth) return;
  Object.assign(canvas, { width: from.videoWidth, height: from.videoHeight });
  canvas.getContext("2d").drawImage(from, 0, 0);
  cameraOff();
  canvas.toBlob(blob => look(blob, "camera.jpg"), "image/jpeg", 0.92);
}

at("file").addEventListener("change", () => { const [file] = at("file").files; if (file) look(file, file.name); at("file").value = ""; });
at("sample").addEventListener("click", async () => {
  try { look(await (await call("sample.jpg")).blob(), "sample.jpg"); } catch (error) { say(at("said"), error.message, true); }
});
at("camera").addEventListener("click", cameraOn);
at("camera-off").addEventListener("click", cameraOff);
at("shoot").addEventListener("click", shoot);
at("download").addEventListener("click", async () => {
  if (!shown) return;
  const { faces, width, height } = shown.told;
  save(shown.name.replace(/\.[^.]*$/, "") + "-annotated.jpg", await annotated(at("photo"), faces, width, height, style));
});
addEventListener("resize", () => { if (!at("picture").hidden && !at("result").hidden) label(); });
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, event => {
    if (at("picture").hidden) return;
    event.preventDefault();
    at("drop").classList.toggle("over-it", kind === "dragover");
    const file = kind === "drop" && event.dataTransfer.files[0];
    if (file) look(file, file.name);
  });
}
document.addEventListener("paste", event => {
  const file = event.clipboardData?.files[0];
  if (file && !at("picture").hidden) look(file, file.name);
});
