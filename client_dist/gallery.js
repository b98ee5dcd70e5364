// What the bucket holds, as pictures: an upload lies under `orig/`, its thumbnail has the same name
// under `thumbnails/` as soon as it has been made.

const ORIGINALS = "orig/";
const THUMBNAILS = "thumbnails/";
const MOST_PAGES = 10;

/**
 * @typedef {{
 *   name: string, url: string, thumbnail: string | null, size: number, uploaded: Date | null,
 * }} Picture
 */

/**
 * Every picture, newest first.
 * @param {{base: string, images: Function}} api
 * @returns {Promise<{pictures: Picture[], complete: boolean}>}
 */
export async function everything(api, { signal } = {}) {
  const objects = [];
  let query = {};
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await api.images(query, { signal });
    objects.push(...contents(answer));
    if (!answer.IsTruncated) return { pictures: pictures(objects, api.base), complete: true };
    query = { continuationToken: answer.NextContinuationToken };
  }
  return { pictures: pictures(objects, api.base), complete: false };
}

/**
 * The thumbnail of a picture, if there is one by now.
 * @returns {Promise<string | null>}
 */
export async function thumbnailOf(api, name, { signal } = {}) {
  const key = THUMBNAILS + name;
  const answer = await api.images({ prefix: key }, { signal });
  const found = contents(answer).find(({ Key }) => Key === key);
  return found ? url(found, api.base) : null;
}

/** @returns {Picture[]} */
export function pictures(objects, base) {
  const byKey = new Map(objects.map((object) => [object.Key, object]));
  return [...byKey.values()]
    .filter(({ Key }) => Key.startsWith(ORIGINALS) && Key.length > ORIGINALS.length)
    .map((object) => {
      const name = object.Key.slice(ORIGINALS.length);
      const thumbnail = byKey.get(THUMBNAILS + name);
      return {
        name,
        url: url(object, base),
        thumbnail: thumbnail ? url(thumbnail, base) : null,
        size: Number(object.Size) || 0,
        uploaded: object.LastModified ? new Date(object.LastModified) : null,
      };
    })
    .sort((one, other) => (other.uploaded ?? 0) - (one.uploaded ?? 0) || order(one, other));
}

/** What an upload's answer says, as the picture that it became. */
export function uploaded(answer, base, now = new Date()) {
  return {
    name: answer.Name,
    url: url({ Key: answer.Key, Url: answer.Url }, base),
    thumbnail: null,
    size: answer.Size,
    uploaded: now,
  };
}

/**
 * Where the bytes of an object are: at the signed address if the API gives one (an `<img>` cannot send
 * the bearer), else at its key, whose slash comes encoded as everything else that a URL reads.
 */
function url({ Key, Url }, base) {
  return `${base}${Url ?? `/images/${encodeURIComponent(Key)}`}`;
}

/** S3 leaves `Contents` out when there is nothing. */
function contents(answer) {
  return (answer?.Contents ?? []).filter((object) => typeof object?.Key === "string");
}

function order(one, other) {
  return one.name < other.name ? -1 : 1;
}
