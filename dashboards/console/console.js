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

  /* The chime: two soft tones at once and every 20 s, while somebody waits and nobody has said "I go". A browser makes
     no sound before somebody has touched the page, so any click or key turns it on, and until then the page asks for one. */
  const CHIME_MS = 20000;
  let audio = null, rang = 0, rangFor = null;

  function hear() { body.classList.toggle("sound-on", audio?.state === "running"); }

  function wake() {
    audio ??= new AudioContext();
    audio.onstatechange = hear;
    if (audio.state !== "running") audio.resume().then(hear, hear);
  }

  function tone(hz, at) {
    const sound = audio.createOscillator(), loud = audio.createGain();
    sound.frequency.value = hz;
    loud.gain.setValueAtTime(0, at);
    loud.gain.linearRampToValueAtTime(0.25, at + 0.02);
    loud.gain.exponentialRampToValueAtTime(0.001, at + 1.1);
    sound.connect(loud).connect(audio.destination);
    sound.start(at);
    sound.stop(at + 1.2);
  }

  function chime() {
    const waiting = document.querySelector("[data-ring]")?.dataset.ring ?? null;
    if (waiting === null || audio?.state !== "running") return;
    if (waiting === rangFor && performance.now() - rang < CHIME_MS) return;
    rang = performance.now();
    rangFor = waiting;
    tone(784, audio.currentTime);
    tone(587, audio.currentTime + 0.35);
    body.dataset.chimes = String(Number(body.dataset.chimes ?? 0) + 1);
  }

  for (const touch of ["pointerdown", "keydown"]) document.addEventListener(touch, wake, true);
  setTimeout(wake, 2000);  /* a browser that was set up to may make sounds without a touch; opening it takes a moment */

  /* The console writes a count four times a second; when it stands still, so does this page, and it says so. */
  setInterval(() => {
    const now = document.querySelector("[data-pulse]")?.dataset.pulse ?? null;
    if (now !== pulse) { pulse = now; beat = performance.now(); }
    if (body.dataset.stop === "done" && document.querySelector(".stop-done.is-on")) delete body.dataset.stop;
    chime();
    body.classList.toggle("lost", pulse !== null && performance.now() - beat > AWAY_MS);
  }, 250);
  document.addEventListener("visibilitychange", () => { beat = performance.now(); });
})();
