// Boxes with labels over a picture: elements, so that letters are sharp at any size.
import { add, setText } from "./dom.js";
import { faceClass, faceLabel, maskWord } from "./words.js";

// Draws faces in a layer that lies over a picture of width x height; boxes are kept by their key.
export function drawBoxes(layer, faces, width, height, keyOf) {
  const kept = new Map([...layer.children].map(box => [box.dataset.key, box]));
  for (const [n, face] of faces.entries()) {
    if (!face.box) continue;
    const key = String(keyOf(face, n));
    const box = kept.get(key) ?? add(layer, "div");
    kept.delete(key);
    if (!box.firstChild) add(box, "span");
    box.dataset.key = key;
    const [left, top, right, bottom] = face.box;
    box.style.left = `${100 * left / width}%`;
    box.style.top = `${100 * top / height}%`;
    box.style.width = `${100 * (right - left) / width}%`;
    box.style.height = `${100 * (bottom - top) / height}%`;
    const states = ["box", faceClass(face)];
    if (top < 0.07 * height) states.push("low");
    if (left > 0.65 * width) states.push("late");
    if (face.worn) states.push("masked");
    if (box.classList.contains("lit")) states.push("lit");
    const cls = states.join(" ");
    if (box.className !== cls) box.className = cls;
    setText(box.firstChild, faceLabel(face) + (face.worn ? `, ${maskWord(face)}` : ""));
  }
  for (const gone of kept.values()) gone.remove();
}

// The picture with boxes and labels drawn into it, as a JPEG.
export async function annotated(image, faces, width, height) {
  const canvas = document.createElement("canvas");
  const scale = Math.max(1, Math.ceil(480 / Math.min(width, height)));
  canvas.width = width * scale;
  canvas.height = height * scale;
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  const letter = Math.max(14, Math.round(Math.min(canvas.width, canvas.height) / 34));
  const layer = document.createElement("div");
  layer.className = "boxes";
  layer.hidden = true;
  document.body.append(layer);
  drawBoxes(layer, faces, width, height, (_, n) => n);
  for (const box of layer.children) {
    const face = faces[Number(box.dataset.key)];
    const [left, top, right, bottom] = face.box.map(side => side * scale);
    pen.lineWidth = Math.max(2, letter / 6);
    pen.strokeStyle = getComputedStyle(box).getPropertyValue("--colour").trim() || "#fff";
    pen.strokeRect(left, top, right - left, bottom - top);
    pen.font = `600 ${letter}px system-ui, sans-serif`;
    const text = box.firstChild.textContent, wide = pen.measureText(text).width + letter;
    const x = Math.max(0, Math.min(left, canvas.width - wide));
    const y = top > 1.7 * letter ? top - 1.6 * letter : Math.min(bottom + 2, canvas.height - 1.5 * letter);
    pen.fillStyle = "rgba(14, 15, 18, .86)";
    pen.fillRect(x, y, wide, 1.5 * letter);
    pen.fillStyle = "#fff";
    pen.fillText(text, x + letter / 2, y + 1.1 * letter);
  }
  layer.remove();
  return new Promise(done => canvas.toBlob(done, "image/jpeg", 0.92));
}
