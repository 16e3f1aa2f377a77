/* MagicMirror²: what the faces in front of the mirror show. Put the folder MMM-EdgeEmotion into modules/, and into
 * config.js: {module: "MMM-EdgeEmotion", position: "bottom_bar", config: {address: "http://127.0.0.1:8095"}} */
/* global Module */

Module.register("MMM-EdgeEmotion", {
  defaults: {
    address: "http://127.0.0.1:8095", // the page of edge-emotion: [web] enabled = true
    token: "", // on another machine: the content of /var/lib/edge-emotion/web-token
    nobody: "",
  },

  start() {
    this.text = this.config.nobody;
    this.sendSocketNotification("EDGE_EMOTION_START", { address: this.config.address, token: this.config.token });
  },

  socketNotificationReceived(notification, state) {
    if (notification !== "EDGE_EMOTION_STATE" || state.address !== this.config.address) return;
    const text = this.describe(state);
    if (text !== this.text) {
      this.text = text;
      this.updateDom(300);
    }
  },

  describe(state) {
    if (state.error) return state.error;
    const shown = state.faces.filter((face) => face.emotion).map((face) => face.emotion);
    return shown.length ? shown.join(", ") : this.config.nobody;
  },

  getDom() {
    const wrapper = document.createElement("div");
    wrapper.className = "bright medium";
    wrapper.textContent = this.text; // never as HTML
    return wrapper;
  },
});
