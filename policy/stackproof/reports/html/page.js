"use strict";
// Everything here is an addition: without it the page has the same content, and links that work.
(() => {
  document.documentElement.classList.add("scripted");
  const one = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  const canvas = one(".diagram .canvas");
  const picture = one(".picture", canvas);
  const card = one("#card");
  const natural = picture.viewBox.baseVal.width;
  const smallest = 0.15, largest = 4;
  let scale = null; // of the picture's own size; null fits it to the page

  // ── zoom ──────────────────────────────────────────────────────────────────────────────────────

  const current = () => picture.getBoundingClientRect().width / natural;

  function zoom(to, clientX, clientY) {
    const box = canvas.getBoundingClientRect();
    const x = (clientX ?? box.left + box.width / 2) - box.left;
    const y = (clientY ?? box.top + box.height / 2) - box.top;
    const before = current();
    scale = Math.min(largest, Math.max(smallest, to));
    picture.style.width = `${natural * scale}px`;
    picture.style.minWidth = "0";
    const factor = scale / before;
    canvas.scrollLeft = (canvas.scrollLeft + x) * factor - x;
    canvas.scrollTop = (canvas.scrollTop + y) * factor - y;
  }

  function fit() {
    const height = Math.max(240, innerHeight * 0.85);
    const inside = canvas.clientWidth / natural;
    zoom(Math.min(inside, height / picture.viewBox.baseVal.height, 1.5));
    canvas.scrollTo(0, 0);
  }

  for (const button of all("[data-zoom]")) {
    button.addEventListener("click", () => {
      if (button.dataset.zoom === "fit") fit();
      else zoom(current() * (button.dataset.zoom === "in" ? 1.25 : 0.8));
    });
  }
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "+" || event.key === "=") zoom(current() * 1.25);
    else if (event.key === "-") zoom(current() * 0.8);
    else if (event.key === "0") fit();
    else if (event.key === "Escape") leave();
    else return;
    event.preventDefault();
  });
  // A turn of the wheel scrolls, as everywhere; with Ctrl (or two fingers on a pad) it zooms.
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(current() * Math.exp(-event.deltaY / 300), event.clientX, event.clientY);
  }, { passive: false });

  // ── move: with the mouse here, by touch and keys as the browser scrolls ───────────────────────

  let held = null;
  let moved = false;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.button !== 0) return;
    held = { x: event.clientX, y: event.clientY, left: canvas.scrollLeft, top: canvas.scrollTop };
    moved = false;
  });
  addEventListener("pointermove", (event) => {
    if (!held) return;
    const x = event.clientX - held.x, y = event.clientY - held.y;
    if (!moved && Math.hypot(x, y) < 5) return;
    moved = true;
    canvas.classList.add("held");
    canvas.scrollTo(held.left - x, held.top - y);
  });
  addEventListener("pointerup", () => {
    held = null;
    canvas.classList.remove("held");
  });
  canvas.addEventListener("dragstart", (event) => event.preventDefault());

  let pinch = null;
  const spread = ([a, b]) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
  canvas.addEventListener("touchstart", (event) => {
    if (event.touches.length === 2) pinch = { from: spread(event.touches), scale: current() };
  }, { passive: true });
  canvas.addEventListener("touchmove", (event) => {
    if (!pinch || event.touches.length !== 2) return;
    event.preventDefault();
    const [a, b] = event.touches;
    zoom(pinch.scale * spread(event.touches) / pinch.from,
      (a.clientX + b.clientX) / 2, (a.clientY + b.clientY) / 2);
  }, { passive: false });
  canvas.addEventListener("touchend", () => { pinch = null; });

  // ── what a flow or a group is about ───────────────────────────────────────────────────────────

  const flows = all("a.flow", picture);
  const groups = all("a.group, a.node", picture);
  let kept = null;

  function show(thing) {
    const about = document.getElementById(thing.getAttribute("href").slice(1));
    const copy = about.cloneNode(true);
    copy.removeAttribute("id");
    // Here it stands right under the section's heading.
    const heading = document.createElement("h3");
    heading.append(...one("h4", copy).childNodes);
    one("h4", copy).replaceWith(heading);
    card.replaceChildren(copy);
    card.hidden = false;
    // Not over what it is about.
    const box = canvas.getBoundingClientRect(), mine = thing.getBoundingClientRect();
    card.classList.toggle("aside", mine.left + mine.width / 2 < box.left + box.width / 2);
    const ends = new Set(thing.dataset.ends?.split(" ") ?? [thing.dataset.group]);
    for (const flow of flows) {
      const near = thing.dataset.ends ? flow === thing
        : flow.dataset.ends.split(" ").includes(thing.dataset.group);
      flow.classList.toggle("near", near);
      if (near) for (const end of flow.dataset.ends.split(" ")) ends.add(end);
    }
    for (const group of groups) group.classList.toggle("near", ends.has(group.dataset.group));
    picture.classList.add("pointed");
  }

  function leave() {
    kept = null;
    card.hidden = true;
    picture.classList.remove("pointed");
    for (const thing of [...flows, ...groups]) thing.classList.remove("near");
  }

  for (const thing of [...flows, ...groups]) {
    thing.addEventListener("pointerenter", (event) => {
      if (event.pointerType === "mouse" && !held && !kept) show(thing);
    });
    thing.addEventListener("pointerleave", () => { if (!kept) leave(); });
    thing.addEventListener("focus", () => {
      kept = null;
      if (thing.matches(":focus-visible")) show(thing);
    });
    thing.addEventListener("blur", (event) => {
      if (!kept && !card.contains(event.relatedTarget)) leave();
    });
    thing.addEventListener("click", (event) => {
      event.preventDefault();
      if (moved) return;
      const again = kept === thing;
      leave();
      if (again) return;
      kept = thing;
      show(thing);
    });
  }
  card.addEventListener("focusout", (event) => {
    if (!kept && !card.contains(event.relatedTarget)) leave();
  });
  addEventListener("keydown", (event) => { if (event.key === "Escape") leave(); });
  addEventListener("click", (event) => {
    if (kept && !event.target.closest(".card, a.flow, a.group, a.node")) leave();
  });

  // ── the filter of the claims ──────────────────────────────────────────────────────────────────

  const form = one("#filter");
  const rows = all(".claims tbody tr").map((row) => [row, row.textContent.toLowerCase()]);
  const said = one(".shown", form);

  function filter() {
    const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const family = form.elements.family.value;
    const verdicts = new Set(all("input[name=verdict]:checked", form).map((box) => box.value));
    let shown = 0;
    for (const [row, text] of rows) {
      const fits = verdicts.has(row.dataset.verdict)
        && (!family || row.dataset.family === family)
        && words.every((word) => text.includes(word));
      row.hidden = !fits;
      shown += fits;
    }
    said.textContent = shown === rows.length ? `${shown} claims` : `${shown} of ${rows.length} claims`;
  }

  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const tile of all("[data-show]")) {
    tile.addEventListener("click", () => {
      for (const box of all("input[name=verdict]", form)) box.checked = box.value === tile.dataset.show;
      form.elements.text.value = "";
      form.elements.family.value = "";
      filter();
    });
  }

  // A link to a claim leads there, whatever is filtered; what it is about unfolds.
  function follow() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.hidden) {
      form.reset();
      filter();
    }
    const more = one("details", target) ?? target.closest("details");
    if (more && target.matches("tr, article")) more.open = true;
    target.scrollIntoView();
  }
  addEventListener("hashchange", follow);
  if (location.hash) follow();
  // As wide as the page; what is taller is scrolled, so that it can be read.
  zoom(Math.max(0.75, Math.min(canvas.clientWidth / natural, 1.25)));
  canvas.scrollTo(0, 0);
})();
