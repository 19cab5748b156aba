import type { MockExchange, MockFault } from '../../../src/contract/mock.ts';

/** Faults ordered for the next requests of an operation: an LX, or query, outbox, ack, statement. */
export interface Faults {
  order: MockExchange['fail'];
  /** The fault due for this request, taken from the order. `*` stands for any document to the inbox. */
  next(operation: string, request: Uint8Array): MockFault | undefined;
}

export function openFaults(): Faults {
  const orders: { operation: string; fault: MockFault; left: number; isAbout: (request: Uint8Array) => boolean }[] = [];
  return {
    order: (operation, fault, count, isAbout = () => true) =>
      void orders.push({ operation, fault, left: count, isAbout }),
    next(operation, request) {
      const isDocument = /^\d{3}$/.test(operation);
      const at = orders.findIndex(
        (one) => (one.operation === operation || (one.operation === '*' && isDocument)) && one.isAbout(request),
      );
      const order = orders[at];
      if (order === undefined) return undefined;
      if (--order.left <= 0) orders.splice(at, 1);
      return order.fault;
    },
  };
}
