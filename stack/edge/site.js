// Which object of the bucket answers a request: CloudFront asks this function at its edge, before it
// looks into its cache.
//
// The program puts `const FILES = {...}` before these lines: the path of every file of the site, and
// the key of the object that holds it. A key begins with a hash of the content, so that a changed
// file is another object and an unchanged one stays in every cache.

function handler(event) {
  const request = event.request;
  const key = FILES[request.uri];
  if (key !== undefined) {
    request.uri = key;
    return request;
  }
  const last = request.uri.slice(request.uri.lastIndexOf("/") + 1);
  if (last.includes(".")) {
    return { statusCode: 404, statusDescription: "Not Found" };
  }
  // The page says by itself that there is nothing at an address.
  request.uri = FILES["/index.html"];
  return request;
}
