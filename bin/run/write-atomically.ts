import { existsSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';

/** What is not a file, such as a pipe or /dev/null, can only be written to. */
const isPlain = (file: string): boolean => !existsSync(file) || statSync(file).isFile();

/** The folder takes no new file, though the file itself may be written. */
const FOLDER_IS_CLOSED: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'EROFS']);

/**
 * Writes a file so that whoever reads it meanwhile, or after the kit was killed, finds the old text or the new one, never
 * a part. Where the folder takes no new file, the file itself is written. Throws the errors of `writeFileSync`.
 */
export const writeAtomically = (file: string, text: string): void => {
  if (!isPlain(file)) {
    writeFileSync(file, text);
    return;
  }
  const target = existsSync(file) ? realpathSync(file) : file;
  // One name for all attempts: a killed kit leaves at most one of them.
  const part = `${target}.part`;
  try {
    writeFileSync(part, text, existsSync(target) ? { mode: statSync(target).mode } : {});
    renameSync(part, target);
  } catch (cause) {
    if (!FOLDER_IS_CLOSED.has((cause as NodeJS.ErrnoException).code)) {
      rmSync(part, { force: true });
      throw cause;
    }
    writeFileSync(target, text);
  }
};
