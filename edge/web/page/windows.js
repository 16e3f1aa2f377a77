// The live view in several windows. All windows of a browser share six connections to the machine, and each view takes
// two of them: the view is open only in those that were used last, so that buttons and history have connections, too.
const MOST_WITH_PICTURE = 2, MOST_WITHOUT = 4;
const told = new BroadcastChannel("edge-emotion live");
const me = Math.random(), newer = new Set(); // the windows that were used after this one
let changed = () => {};

export const onChange = call => { changed = call; };

export function take() {
  newer.clear();
  told.postMessage({ from: me, shows: true });
}

export function leave() { told.postMessage({ from: me, shows: false }); }

export const hasPlace = withPicture => newer.size < (withPicture ? MOST_WITH_PICTURE : MOST_WITHOUT);

told.addEventListener("message", ({ data: { from, shows } }) => {
  if (shows) newer.add(from); else newer.delete(from);
  changed();
});
