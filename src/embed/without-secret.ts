/** A command as it may be published: the key of the tokens has no place in a report. */
export const withoutSecret = (command: string, secret: string | undefined): string =>
  secret === undefined || secret === '' ? command : command.replaceAll(secret, '$SECRET');
