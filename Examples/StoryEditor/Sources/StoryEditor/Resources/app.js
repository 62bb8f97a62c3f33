// Liveness only: everything on these pages works without it.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);

  // Times in the reader's own zone.
  const short = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  const exact = new Intl.DateTimeFormat(undefined, {
    day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit",
  });
  const long = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
  function sayTimes(root) {
    for (const element of root.querySelectorAll("time[datetime]")) {
      const time = new Date(element.dateTime);
      if (Number.isNaN(time.getTime())) continue;
      element.textContent = ("seconds" in element.dataset ? exact : short).format(time);
      element.title = long.format(time);
    }
  }

  // A form is sent once.
  document.addEventListener("submit", (event) => {
    const button = event.target.querySelector("button[type=submit]");
    if (button) setTimeout(() => { button.disabled = true; });
  });
  addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("button[disabled]")) button.disabled = false;
  });

  // The server escapes what it puts into `html`; the page's policy runs no script in it.
  function apply(patch) {
    const old = byId(patch.target);
    const list = patch.list && byId(patch.list);
    if (!old && !(list && patch.html)) return;
    const template = document.createElement("template");
    template.innerHTML = patch.html;
    const fresh = template.content.firstElementChild;
    if (fresh) sayTimes(fresh);
    if (!old) {
      list.prepend(fresh);
    } else if (!fresh) {
      old.remove();
    } else {
      // Whoever is on a button stays on it, or on what it belongs to; a scrolled table stays where it is.
      const focus = old.contains(document.activeElement) ? document.activeElement : null;
      const scrolls = [...old.querySelectorAll(".scroll")].map((element) => element.scrollLeft);
      old.replaceWith(fresh);
      fresh.querySelectorAll(".scroll").forEach((element, index) => { element.scrollLeft = scrolls[index] || 0; });
      if (focus) {
        const again = focus.dataset.focus && fresh.querySelector(`[data-focus="${focus.dataset.focus}"]`);
        (again || fresh).focus({ preventScroll: true });
      }
    }
  }

  function showEmpty() {
    const list = byId("list");
    const empty = byId("empty");
    if (list && empty) empty.hidden = list.children.length > 0;
  }

  function say(text) { byId("say").textContent = text; }

  const live = byId("live");
  function showState(isLive) {
    if (!live) return;
    live.hidden = false;
    live.classList.toggle("lost", !isLive);
    live.querySelector(".live-text").textContent = isLive ? "Live" : "Reconnecting…";
  }

  // What was missed cannot be told: the parts of the page that live are fetched anew.
  async function reload() {
    // Not the address: after a form that failed that is the form's, where there is no page.
    const answer = await fetch(feed.split("/events")[0] + location.search, { headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of ["summary", "filters", "list", "operations"]) {
      const fresh = page.getElementById(id);
      if (fresh) apply({ target: id, html: fresh.outerHTML });
    }
    showEmpty();
    return page.body.dataset.feed;
  }

  // A browser has six connections for a site, and each live page holds one: only the page that is looked at is live.
  let source = null;
  let feed = document.body.dataset.feed;

  function follow() {
    if (source || document.hidden) return;
    source = new EventSource(feed);
    source.onopen = () => showState(true);
    // The browser connects again by itself, with Last-Event-ID, but not after a refusal.
    source.onerror = () => {
      showState(false);
      if (source && source.readyState === EventSource.CLOSED) startAnew(5000);
    };
    source.addEventListener("resync", () => startAnew(1000));
    source.addEventListener("patch", (event) => {
      const message = JSON.parse(event.data);
      message.patches.forEach(apply);
      showEmpty();
      if (message.say) say(message.say);
      if (event.lastEventId) goOnAfter(event.lastEventId);
    });
  }

  function goOnAfter(seq) {
    const url = new URL(feed, location.href);
    url.searchParams.set("after", seq);
    feed = url.pathname + url.search;
  }

  function stop() {
    if (source) source.close();
    source = null;
  }

  function startAnew(delay) {
    stop();
    showState(false);
    setTimeout(async () => {
      try { feed = (await reload()) || feed; } catch { return startAnew(5000); }
      follow();
    }, delay);
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) stop();
    else if (feed) follow();
  });
  addEventListener("pagehide", stop);
  addEventListener("pageshow", (event) => { if (event.persisted && feed) follow(); });

  sayTimes(document);
  if (feed) follow();
})();
