/**
 * Whether something that was asked for just now, and has a deadline, was answered in the turn in which a plain timer of
 * that deadline fires. On a busy machine, both are late by as much.
 */
export function withinDeadline<T>(
  asked: Promise<T>,
  deadlineMs: number,
): Promise<{ readonly answer: T; readonly isLate: boolean }> {
  let isOpen = true;
  const answered = asked.finally(() => {
    isOpen = false;
  });
  return new Promise((resolve, reject) => {
    setTimeout(() => {
      // What has arrived is read before it is too late.
      setImmediate(() => {
        setImmediate(() => {
          const isLate = isOpen;
          answered.then((answer) => resolve({ answer, isLate }), reject);
        });
      });
    }, deadlineMs);
  });
}
