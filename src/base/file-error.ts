/** What an errno of the file system means to a person: one sentence of cause, one of fix. */
import { EnvironmentError, InputError } from "./errors.ts";

const WRITING: Record<string, [cause: string, fix: string]> = {
  ENOSPC: ["the disk is full", "free some space there, or choose a folder on another disk"],
  EDQUOT: ["your disk quota is used up", "delete files of yours there, or choose a folder on another disk"],
  EACCES: ["permission denied", "choose a folder that you may write to, or change its permissions"],
  EPERM: ["the operation is not permitted", "choose a folder that you may write to"],
  EROFS: ["the file system is read-only", "choose a folder on a writable file system"],
  ENOENT: ["its folder does not exist, or takes no files", "create the folder first, or choose another one"],
  ENOTDIR: ["a part of the path is a file, not a folder", "choose another path"],
  EISDIR: ["it is a folder, not a file", "choose another path, or remove that folder"],
  ENAMETOOLONG: ["the name is too long for the file system", "choose a shorter name"],
  EMFILE: ["this process has too many open files", "raise the limit with `ulimit -n`"],
  ENFILE: ["the machine has too many open files", "close other programs, or raise fs.file-max"],
  EFBIG: ["the file would be larger than the file system or `ulimit -f` allows", "raise the limit"],
};

const READING: Record<string, [cause: string, fix: string]> = {
  ENOENT: ["it does not exist", "check the path"],
  EACCES: ["permission denied", "make the file readable for this user"],
  EPERM: ["the operation is not permitted", "make the file readable for this user"],
  ENOTDIR: ["a part of the path is a file, not a folder", "check the path"],
  EISDIR: ["it is a folder, not a file", "name a file inside it"],
  ENAMETOOLONG: ["the name is too long for the file system", "check the path"],
  ELOOP: ["its symbolic links go in a circle", "repair the links"],
};

/** The errno code of what a file operation threw ("ENOSPC"), or null. */
export function errnoOf(thrown: unknown): string | null {
  if (!(thrown instanceof Error) || !("code" in thrown)) return null;
  return typeof thrown.code === "string" && /^E[A-Z0-9]+$/.test(thrown.code) ? thrown.code : null;
}

/** The error for a `path` that could not be written. */
export function writeError(path: string, thrown: unknown): EnvironmentError {
  const errno = errnoOf(thrown);
  const [cause, fix] = (errno === null ? undefined : WRITING[errno]) ?? [
    unnamed(thrown),
    "look at the file system of that path",
  ];
  return new EnvironmentError(
    errno === "ENOSPC" || errno === "EDQUOT" ? "disk-full" : "cannot-write",
    `cannot write ${path}: ${cause}${errno === null ? "" : ` (${errno})`}`,
    fix,
    thrown,
  );
}

/** The error for a `path` that could not be read: the user's mistake where the errno says so, else the machine's. */
export function readError(path: string, thrown: unknown): InputError | EnvironmentError {
  const errno = errnoOf(thrown);
  const known = errno === null ? undefined : READING[errno];
  if (known !== undefined) {
    return new InputError("cannot-read", `cannot read ${path}: ${known[0]} (${errno})`, known[1], thrown);
  }
  return new EnvironmentError(
    "cannot-read",
    `cannot read ${path}: ${unnamed(thrown)}`,
    "look at the file system of that path",
    thrown,
  );
}

function unnamed(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
