/** Waits until nothing is missing; the time of `wait` begins anew with each that comes. False: it passed. */
export const allCome = async (
  missing: () => readonly string[],
  wait: (isOver: () => boolean) => Promise<boolean>,
): Promise<boolean> => {
  for (let left = missing().length; left > 0; left = missing().length) {
    if (!(await wait(() => missing().length < left))) return false;
  }
  return true;
};
