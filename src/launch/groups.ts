/** Children with a process group of their own, which end at the latest with this process. */
import { type ChildProcess, spawn } from "node:child_process";

const living = new Set<ChildProcess>();

/**
 * Starts a command in a new session, so that the terminal's Ctrl-C does not reach it; `stdio` as Node has it. Fails by the
 * child's "error" event.
 */
export function spawnGroup(
  command: string,
  argv: readonly string[],
  stdio: ("ignore" | "pipe")[],
): ChildProcess {
  if (living.size === 0) process.on("exit", killAll);
  const child = spawn(command, argv, { detached: true, stdio });
  living.add(child);
  const forget = () => {
    living.delete(child);
    if (living.size === 0) process.off("exit", killAll);
  };
  child.once("exit", forget).once("error", forget);
  return child;
}

/** SIGKILL for the child and all that it started, also where they are stopped. */
export function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "ESRCH") throw thrown;
  }
}

function killAll(): void {
  for (const child of living) killGroup(child);
}
