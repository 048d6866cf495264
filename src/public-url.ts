/** The URL without what only its owner may know: an access token in the query, a password. */
export const publicUrl = (url: string): string =>
  url.replace(/([?&]access_token=)[^&#]*/g, '$1***').replace(/^(\w+:\/\/)[^/@]*@/, '$1***@');

/** A text in which each URL is as it may be published. */
export const withPublicUrls = (text: string): string =>
  text.replace(/\b[a-z]\w*:\/\/[^\s"'<>`]*[^\s"'<>`:.,;)]/gi, publicUrl);
