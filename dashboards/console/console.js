/* What must not wait for the server: the stop, the keys, and noticing that the console itself is away. */
(() => {
  const body = document.body;
  const AWAY_MS = 2500;
  let beat = performance.now();
  let pulse = null;
  let stops = 0;

  async function stop() {
    const mine = ++stops;
    body.dataset.stop = "sending";
    setTimeout(() => { if (mine === stops && body.dataset.stop === "sending") body.dataset.stop = "waiting"; }, 1200);
    let ok = false, words = window.xinyiWords.unreached;
    for (let attempt = 0; attempt < 3 && !ok; attempt++) {
      try {
        const answer = await fetch(`/stop?lang=${document.documentElement.lang.slice(0, 2)}`, {
          method: "POST", headers: { "X-Xinyi": "stop" }, keepalive: true, cache: "no-store",
        });
        ({ ok, words } = await answer.json());
        break;
      } catch { await new Promise((later) => setTimeout(later, 150)); }
    }
    if (mine !== stops) return;
    document.querySelectorAll("[data-stop-words]").forEach((element) => { element.textContent = words; });
    body.dataset.stop = ok ? "done" : "failed";
    if (ok) setTimeout(() => { if (mine === stops) delete body.dataset.stop; }, 6000);
  }

  const typing = (element) => element?.matches?.("input, textarea, select") ?? false;

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-press=stop]")) stop();
  }, true);

  /* After a click with the pointer the space key must mark a moment, not press that button again. */
  document.addEventListener("pointerup", (event) => event.target.closest?.("button")?.blur());

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Escape") {
      if (typing(event.target)) event.target.blur();
      else if (!event.repeat) stop();
      event.preventDefault();
    } else if (event.key === " " && !typing(event.target) && !document.activeElement?.matches("button:focus-visible")) {
      event.preventDefault();
      if (!event.repeat) document.querySelector("[data-press=mark]:not([disabled])")?.click();
    }
  }, true);

  /* The console writes a count four times a second; when it stands still, so does this page, and it says so. */
  setInterval(() => {
    const now = document.querySelector("[data-pulse]")?.dataset.pulse ?? null;
    if (now !== pulse) { pulse = now; beat = performance.now(); }
    if (body.dataset.stop === "done" && document.querySelector(".stop-done.is-on")) delete body.dataset.stop;
    body.classList.toggle("lost", pulse !== null && performance.now() - beat > AWAY_MS);
  }, 250);
  document.addEventListener("visibilitychange", () => { beat = performance.now(); });
})();
