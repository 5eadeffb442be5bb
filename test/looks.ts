/** Counts how often objects are looked at: what an algorithm costs, whatever the machine is busy with. */
export class Looks {
  count = 0;

  /** `target`, every read of whose properties counts. */
  at<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (of, key) => {
        this.count++;
        return Reflect.get(of, key);
      },
    });
  }
}
