/**
 * How long who waits has patience beyond the time limit T: the more one knows of who is to blame, the sooner one speaks.
 *
 *     T           barriers, gates        which rank stands still, of those that were waited for
 *     T + 2 s     a process's watch      which of its ranks stands still, whoever waits for it, and where
 *     T + 5 s     transfers, and what    which process keeps others waiting: it may itself wait for a third, whose watch
 *                 is told between steps  has spoken by then
 */
export const WATCH_GRACE_MS = 2000;
export const TRANSFER_GRACE_MS = 5000;
