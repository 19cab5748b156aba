import type { Parts } from '../parts.ts';
import type { Route } from '../route.ts';
import { adapterRoutes } from './adapters.ts';
import { auditRoutes } from './audit.ts';
import { bookRoutes } from './clearing-books.ts';
import { breakRoutes } from './clearing-breaks.ts';
import { cycleRoutes } from './clearing-cycles.ts';
import { netRoutes } from './clearing-nets.ts';
import { queryRoutes } from './clearing-queries.ts';
import { runRoutes } from './clearing-runs.ts';
import { settlementRoutes } from './clearing-settlement.ts';
import { sheetRoutes } from './clearing-sheet.ts';
import { deadLetterRoutes } from './dead-letters.ts';
import { dealRoutes } from './deals.ts';
import { decisionRoutes } from './decisions.ts';
import { evidenceRoutes } from './evidence.ts';
import { healthRoutes } from './health.ts';
import { listingRoutes } from './listings.ts';
import { logRoutes } from './log.ts';
import { messageRoutes } from './messages.ts';
import { rulebookRoutes } from './rulebooks.ts';
import { sessionRoutes } from './sessions.ts';
import { trustRoutes } from './trust.ts';
import { userRoutes } from './users.ts';

/** Every JSON route of the gateway; schemas/openapi.json describes exactly these, and a test holds them together. */
export function routesOf(parts: Parts): readonly Route[] {
  return [
    ...listingRoutes(parts),
    ...dealRoutes(parts),
    ...messageRoutes(),
    ...evidenceRoutes(parts),
    ...decisionRoutes(parts),
    ...adapterRoutes(parts),
    ...trustRoutes(parts),
    ...deadLetterRoutes(parts),
    ...rulebookRoutes(parts),
    ...sessionRoutes(parts),
    ...userRoutes(parts),
    ...auditRoutes(parts),
    ...logRoutes(parts),
    ...cycleRoutes(parts),
    ...bookRoutes(parts),
    ...runRoutes(parts),
    ...breakRoutes(parts),
    ...queryRoutes(parts),
    ...netRoutes(parts),
    ...settlementRoutes(parts),
    ...sheetRoutes(parts),
    ...healthRoutes(parts),
  ];
}
