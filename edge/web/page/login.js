// Exchanges the token for a session cookie.
const at = id => document.getElementById(id);

// A link on another site brings no session along, even where there is one; asked for from here, the page has it.
const [visit] = performance.getEntriesByType("navigation");
const port = ["", "80", "443"].includes(location.port) ? "" : `_${location.port}`; // as in api.js, which needs the token
const hasSession = () => document.cookie.includes(`edge_emotion_csrf${port}=`);
if (visit?.type === "navigate" && hasSession()) location.reload();

at("form").addEventListener("submit", async event => {
  event.preventDefault();
  at("said").hidden = true;
  const answer = await fetch("api/login", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token: at("token").value.trim() }),
  }).catch(() => null);
  if (answer?.ok && hasSession()) return location.reload();
  const told = await answer?.json().catch(() => null);
  at("said").textContent = answer?.ok ? "The token is right, but this browser blocks cookies. Allow cookies for this page in its settings."
    : told?.error ?? "The machine does not answer. Is it on?";
  at("said").hidden = false;
  at("token").select();
});
