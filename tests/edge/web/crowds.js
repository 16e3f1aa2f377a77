// Crowds of many sizes, drawn into a layer; what overlaps, what has no label, and how many have only a number.
(async () => {
  const { drawBoxes } = await import("./boxes.js");
  let seed = 1;
  const random = () => (seed = seed * 16807 % 2147483647) / 2147483647;
  const wrong = [];
  const layer = document.createElement("div");
  layer.className = "boxes";
  layer.style.cssText = "position:fixed;inset:auto;left:0;top:0;width:WIDEpx;height:HIGHpx";
  document.body.append(layer);
  const before = (a, b) => a < b - .1; // letters end at fractions of a pixel
  const meet = (a, b) => before(a.left, b.right) && before(b.left, a.right) && before(a.top, b.bottom) && before(b.top, a.bottom);
  const out = (a, whole) => before(a.left, whole.left) || before(whole.right, a.right) || before(a.top, whole.top) || before(whole.bottom, a.bottom);
  const numbers = [];
  for (const [many, columns] of CROWD) {
    const cell = 640 / columns, rows = Math.ceil(many / columns), down = 480 / rows;
    const faces = [...Array(many).keys()].map(n => {
      const side = Math.min(cell, down) * (.45 + .25 * random()), left = n % columns * cell + random() * (cell - side);
      const top = Math.floor(n / columns) * down + random() * (down - side);
      const emotion = ["happy", "surprise", null][n % 3];
      const box = [left, top, left + side * .8, top + side], probabilities = emotion && { [emotion]: .87 };
      return { box, emotion, probabilities, reason: "too-small", worn: n % 4 === 0, mask_state: "worn" };
    });
    layer.replaceChildren();
    numbers.push(drawBoxes(layer, faces, 640, 480, (_, n) => n).size);
    const labels = [...layer.querySelectorAll("span")], whole = layer.getBoundingClientRect();
    if (labels.length !== many || labels.some(label => !label.textContent)) wrong.push([many, "no label"]);
    const places = labels.map(label => label.getBoundingClientRect());
    const eyes = [...layer.children].map(box => { const { left, right, top, height } = box.getBoundingClientRect();
      return { left, right, top: top + .22 * height, bottom: top + .53 * height }; });
    places.forEach((place, n) => {
      if (labels[n].scrollWidth > labels[n].clientWidth) wrong.push([many, n, "too wide for its plate"]);
      if (out(place, whole)) wrong.push([many, n, "outside"]);
      if (places.some((other, m) => m > n && meet(place, other))) wrong.push([many, n, "on another label"]);
      if (eyes.some(zone => meet(place, zone))) wrong.push([many, n, "on eyes"]);
    });
  }
  layer.remove();
  return [wrong, numbers];
})()
