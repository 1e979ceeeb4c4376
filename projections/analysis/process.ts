/**
 * The work as a process, for a report: what follows what, which ways tickets take, how long they stay, who
 * hands to whom. Of all tickets the analysts' functions tell it, from tables that are added up; of chosen
 * ones it is found in their intervals. Both say the same where both can be asked.
 */
import type { Queries } from '../sql.ts';
import type { Handover, Move, PingPongPair, ProcessFigures, Sojourn, Variant } from './analysis.ts';
import { handoversOfChosen, movesOfChosen, sojournsOfChosen, variantsOfChosen } from './process-of-chosen.ts';
import { namesTickets, type Scope } from './scope.ts';
import { topRows } from './top-rows.ts';

/** Rows of each list; the report says how many there are altogether. */
export const processRowsMax = 20;

/** Statuses are named by workflows, so there are never many; more than these are no report. */
export const statusesMax = 200;

const days = "($1::timestamptz AT TIME ZONE 'UTC')::date, ($2::timestamptz AT TIME ZONE 'UTC')::date - 1";

/** Each names columns as the queries on intervals do, so that what follows is the same for both. */
const ofAll = {
  moves: `SELECT workflow, from_status, to_status, sum(moves)::bigint AS moves, sum(ms)::bigint AS ms,
  sum(business_ms)::bigint AS business_ms
FROM docket.directly_follows(${days}) GROUP BY 1, 2, 3`,
  variants: `SELECT workflow, status_path, tickets, share, cumulative_share, median_ms
FROM docket.process_variant($1, $2)`,
  sojourns: `SELECT * FROM docket.sojourn_percentiles($1, $2)`,
  handovers: `SELECT dimension, from_value, to_value, handovers, returns, ms
FROM docket.handovers(${days})`,
};
const ofChosen: typeof ofAll = {
  moves: movesOfChosen,
  variants: variantsOfChosen,
  sojourns: sojournsOfChosen,
  handovers: handoversOfChosen,
};

/** The process of the period. */
export async function processFigures(sql: Queries, scope: Scope): Promise<ProcessFigures> {
  const texts = namesTickets(scope) ? ofChosen : ofAll;
  const values = namesTickets(scope) ? scope.all : scope.instants;
  const list = { values, rowsMax: processRowsMax };
  return {
    moves: await topRows<Move>(sql, {
      ...list,
      text: `SELECT workflow, from_status AS "from", to_status AS "to", moves,
  (moves / sum(moves) OVER (PARTITION BY workflow, from_status))::double precision AS share,
  (ms / moves::numeric)::double precision AS "meanMs",
  (business_ms / moves::numeric)::double precision AS "meanBusinessMs"
FROM (${texts.moves}) AS move`,
      order: 'moves DESC, workflow, "from", "to"',
    }),
    variants: await topRows<Variant>(sql, {
      ...list,
      text: `SELECT workflow, status_path AS path, tickets, share, cumulative_share AS "cumulativeShare",
  median_ms AS "medianMs"
FROM (${texts.variants}) AS variant`,
      order: 'tickets DESC, workflow, path',
    }),
    sojourns: await topRows<Sojourn>(sql, {
      values,
      rowsMax: statusesMax,
      text: `SELECT workflow, status, status_category AS category, stays AS count, p50, p90, p95, p99, mean,
  mean_business AS "meanBusiness"
FROM (${texts.sojourns}) AS sojourn`,
      order: 'count DESC, workflow, status',
    }),
    handovers: await topRows<Handover>(sql, {
      ...list,
      text: `SELECT dimension, from_value AS "from", to_value AS "to", handovers, returns,
  (ms / handovers::numeric)::double precision AS "meanMs"
FROM (${texts.handovers}) AS handover`,
      order: 'handovers DESC, dimension, "from", "to"',
    }),
    pingPong: await topRows<PingPongPair>(sql, {
      ...list,
      text: `SELECT dimension, least(from_value, to_value) AS one, greatest(from_value, to_value) AS other,
  sum(handovers)::bigint AS handovers, sum(returns)::bigint AS returns
FROM (${texts.handovers}) AS handover GROUP BY 1, 2, 3 HAVING sum(returns) > 0`,
      order: 'returns DESC, handovers DESC, dimension, one, other',
    }),
  };
}
