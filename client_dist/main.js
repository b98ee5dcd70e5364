// The page: loading, then images, nothing yet, or what went wrong and a way to try again.

import { ApiError, address, pictures } from "./api.js";

const status = document.getElementById("status");
const again = document.getElementById("again");
const gallery = document.getElementById("gallery");
const count = document.getElementById("count");

again.addEventListener("click", show);
show();

async function show() {
  again.hidden = true;
  status.textContent = "Loading…";
  gallery.setAttribute("aria-busy", "true");
  try {
    const found = await pictures(fetch, await address(fetch));
    gallery.replaceChildren(...found.map(card));
    count.textContent = found.length === 1 ? "1 image" : `${found.length} images`;
    status.textContent = found.length === 0 ? "There are no images yet." : "";
  } catch (problem) {
    console.error(problem);
    status.textContent = problem instanceof ApiError ? problem.message : "This page is broken.";
    again.hidden = false;
  } finally {
    gallery.removeAttribute("aria-busy");
  }
}

/** One image in the gallery. Names come from whoever uploaded it: text, never markup. */
function card(picture) {
  const image = document.createElement("img");
  image.src = picture.thumbnail;
  image.alt = picture.name;
  image.loading = "lazy";
  image.decoding = "async";
  const link = document.createElement("a");
  link.href = picture.url;
  link.append(image);
  const caption = document.createElement("figcaption");
  caption.textContent = picture.name;
  const figure = document.createElement("figure");
  figure.append(link, caption);
  const item = document.createElement("li");
  item.append(figure);
  return item;
}
