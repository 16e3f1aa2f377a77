// Pages by the address's hash; the streams are open only while somebody looks.
import { get } from "./api.js";
import { at } from "./dom.js";
import * as history from "./history.js";
import * as live from "./live.js";
import * as picture from "./picture.js";

const PAGES = ["live", "picture", "history"];

function show() {
  let page = location.hash.slice(1);
  if (!PAGES.includes(page)) page = "live";
  for (const name of PAGES) {
    at(name).hidden = name !== page;
    const link = document.querySelector(`nav a[href="#${name}"]`);
    if (name === page) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  }
  at("pill").hidden = page !== "live";
  if (page === "live" && !document.hidden) live.open(); else live.close();
  if (page !== "picture") picture.close();
  if (page === "history") history.open();
}

// The address stays that of the page that is shown.
document.querySelector(".skip").addEventListener("click", event => { event.preventDefault(); at("main").focus(); });
addEventListener("hashchange", show);
document.addEventListener("visibilitychange", show);
if (!location.hash) {
  // Without a camera, the picture is the first thing to try.
  get("api/status").then(({ status }) => { if (status === "off" && !location.hash) location.replace("#picture"); }, () => null);
}
show();
