/**
 * How a real service desk behaves, as counts: arrivals, ways between states and times in them, priorities,
 * groups. Made by scripts/derive-simulation-rates.ts; it must never be edited by hand.
 *
 * Source: Incident management process enriched event log, C. A. L. Amaral, M. Fantinato, S. M. Peres, 2018,
 * UCI Machine Learning Repository #498, licence CC BY 4.0. Derived by counting over all 24,918 incidents:
 * arrivals by opened_at; a way from the first row in a state to the first row in the next one, with the hours
 * between their sys_updated_at; everything else by the incident's first row. Ways seen fewer than
 * 5 times are left out, and ways out of closed.
 */

export type Phase = 'new' | 'open' | 'caller' | 'vendor' | 'problem' | 'evidence' | 'resolved' | 'closed';

export interface Named<N extends string = string> {
  readonly name: N;
  readonly count: number;
}

export interface Way {
  readonly to: Phase;
  readonly count: number;
  /** Hours in the state before this way was taken: the 0th, 10th, ... 100th percentile. */
  readonly hoursDeciles: readonly number[];
}

export interface Rates {
  /** Incidents opened in each hour of the week, Monday 00:00 UTC first. */
  readonly arrivalsPerHourOfWeek: readonly number[];
  /** The state of an incident's first row. */
  readonly firstPhases: readonly Named<Phase>[];
  readonly transitions: Readonly<Partial<Record<Phase, readonly Way[]>>>;
  readonly priorities: readonly Named[];
  readonly categories: readonly Named[];
  readonly closeCodes: readonly Named[];
  /** The busiest groups: incidents that were theirs first, and agents who ever had one. */
  readonly groups: readonly { readonly incidents: number; readonly agents: number }[];
  /** Incidents by how often their group or agent changed: 0, 1, 2, ... and last: that often or more. */
  readonly reassignments: readonly number[];
}

export const rates: Rates = {
  arrivalsPerHourOfWeek: [
    36, 35, 12, 17, 18, 13, 58, 119, 678, 814, 735, 620, 345, 446, 534, 524, 406, 227, 87, 54, 37, 72, 31, 29,
    32, 45, 25, 32, 13, 20, 64, 99, 519, 622, 577, 466, 281, 336, 467, 409, 391, 222, 85, 58, 52, 58, 55, 23,
    52, 34, 34, 18, 22, 24, 53, 121, 508, 566, 565, 493, 249, 306, 472, 422, 378, 222, 99, 49, 41, 84, 46, 26,
    39, 36, 18, 9, 23, 25, 35, 99, 380, 503, 486, 415, 226, 279, 359, 382, 315, 181, 89, 58, 35, 68, 24, 21,
    43, 23, 27, 19, 24, 19, 50, 88, 369, 444, 426, 412, 197, 230, 366, 343, 314, 183, 62, 36, 34, 45, 44, 31,
    36, 28, 22, 15, 20, 18, 33, 28, 52, 35, 45, 30, 25, 28, 25, 29, 32, 18, 23, 23, 11, 18, 22, 23, 31, 21,
    11, 13, 8, 13, 27, 19, 41, 30, 59, 33, 19, 20, 32, 22, 31, 22, 21, 18, 16, 14, 23, 19,
  ],
  firstPhases: [
    { name: 'new', count: 16397 },
    { name: 'open', count: 6503 },
    { name: 'resolved', count: 1819 },
    { name: 'caller', count: 193 },
    { name: 'problem', count: 6 },
  ],
  transitions: {
    resolved: [
      {
        to: 'closed',
        count: 24917,
        hoursDeciles: [0, 120.08, 120.22, 120.33, 120.45, 120.57, 120.68, 120.8, 120.92, 194.98, 5526.73],
      },
      {
        to: 'open',
        count: 317,
        hoursDeciles: [0.02, 0.17, 0.4, 1.07, 2.22, 5.53, 15.32, 20.85, 29.28, 72.95, 198.88],
      },
    ],
    open: [
      {
        to: 'resolved',
        count: 12048,
        hoursDeciles: [0, 0.03, 0.08, 0.2, 0.45, 1.3, 5.13, 24.28, 69, 173.88, 7220.42],
      },
      {
        to: 'caller',
        count: 3629,
        hoursDeciles: [0, 0.07, 0.5, 1.8, 5.08, 19, 27.35, 51.38, 100.6, 198.3, 5307.42],
      },
      {
        to: 'vendor',
        count: 160,
        hoursDeciles: [0, 2.02, 23.73, 97.85, 361.25, 1054.1, 1396.68, 1677.43, 1821.83, 2015.98, 4179.98],
      },
      {
        to: 'problem',
        count: 146,
        hoursDeciles: [0, 0.02, 0.02, 0.08, 0.52, 2.37, 5.4, 20.47, 31.77, 212.62, 1818.42],
      },
    ],
    'new': [
      {
        to: 'open',
        count: 7936,
        hoursDeciles: [0, 0.02, 0.13, 0.42, 1.1, 2.88, 9.83, 22.77, 56.63, 138.73, 5638.57],
      },
      {
        to: 'resolved',
        count: 6347,
        hoursDeciles: [0, 0.08, 0.17, 0.28, 0.57, 1.48, 5.45, 21.27, 52.82, 144.88, 5885.8],
      },
      {
        to: 'caller',
        count: 1944,
        hoursDeciles: [0, 0.17, 0.73, 2.43, 5.8, 17.48, 25.6, 44.87, 80.88, 139.55, 3864.45],
      },
      {
        to: 'vendor',
        count: 81,
        hoursDeciles: [
          0.52, 3.53, 117.57, 1225.4, 1392.65, 1515.78, 1680.52, 1849.45, 2012.47, 2393.17, 3694.45,
        ],
      },
      {
        to: 'problem',
        count: 75,
        hoursDeciles: [0.05, 0.6, 1.5, 4.03, 6.78, 24.5, 43.3, 62.77, 73.7, 96.37, 289.33],
      },
    ],
    caller: [
      {
        to: 'resolved',
        count: 4657,
        hoursDeciles: [0, 2.32, 18.38, 27, 66.13, 97.63, 142.15, 186.08, 265.03, 507.4, 7225.08],
      },
      {
        to: 'open',
        count: 1140,
        hoursDeciles: [0, 0.75, 4.27, 16.75, 22.42, 39.72, 68.52, 97.4, 141.8, 237.18, 4991.58],
      },
      {
        to: 'problem',
        count: 25,
        hoursDeciles: [0.1, 4.38, 26.07, 47.62, 124.03, 145.42, 146.8, 216.85, 216.9, 554.92, 2129.35],
      },
      {
        to: 'vendor',
        count: 21,
        hoursDeciles: [0.03, 0.27, 72.22, 191.92, 261.65, 314.15, 432.85, 573.1, 1038.3, 1365.17, 2138.45],
      },
      {
        to: 'evidence',
        count: 8,
        hoursDeciles: [
          2.38, 68.17, 68.17, 243.95, 937.03, 2549.7, 2549.7, 2589.92, 4027.12, 4027.12, 5154.83,
        ],
      },
    ],
    vendor: [
      {
        to: 'resolved',
        count: 191,
        hoursDeciles: [
          0.02, 30.45, 126.38, 223.4, 435.65, 623.77, 818.17, 1319.67, 1848.87, 3195.47, 4566.65,
        ],
      },
      {
        to: 'open',
        count: 42,
        hoursDeciles: [0, 1.05, 3.97, 47.5, 216.72, 623.45, 623.98, 1199.38, 2228.47, 3024.6, 4366.78],
      },
      {
        to: 'caller',
        count: 26,
        hoursDeciles: [0, 0.12, 90.93, 160.95, 200.72, 291.58, 605.98, 623.33, 675.03, 961.9, 2999.32],
      },
      {
        to: 'evidence',
        count: 9,
        hoursDeciles: [
          290.07, 307.85, 307.87, 307.87, 960.9, 1483.5, 2108.38, 2180.75, 2180.75, 2305.75, 2306.55,
        ],
      },
    ],
    problem: [
      {
        to: 'resolved',
        count: 155,
        hoursDeciles: [0.03, 5.17, 24.2, 44.03, 70.23, 117.82, 187.47, 307.33, 478.57, 1082.68, 6405.77],
      },
      {
        to: 'caller',
        count: 57,
        hoursDeciles: [0, 0.35, 19.72, 51.57, 76.3, 121.57, 288.3, 964.38, 1245.42, 1268.62, 1387.4],
      },
      {
        to: 'open',
        count: 36,
        hoursDeciles: [0, 0.13, 1.1, 4.9, 14.97, 20.88, 30.3, 69.62, 73.53, 214.83, 673.87],
      },
    ],
    evidence: [
      {
        to: 'resolved',
        count: 17,
        hoursDeciles: [1.92, 3.2, 21.3, 90.78, 138.62, 167.5, 358.77, 405.97, 698.02, 1002.3, 3959.03],
      },
    ],
  },
  priorities: [
    { name: '3 - Moderate', count: 23681 },
    { name: '4 - Low', count: 741 },
    { name: '2 - High', count: 311 },
    { name: '1 - Critical', count: 185 },
  ],
  categories: [
    { name: 'Category 42', count: 3629 },
    { name: 'Category 26', count: 3268 },
    { name: 'Category 53', count: 2655 },
    { name: 'Category 46', count: 2243 },
    { name: 'Category 32', count: 1495 },
    { name: 'Category 9', count: 1141 },
    { name: 'Category 37', count: 1135 },
    { name: 'Category 23', count: 1071 },
    { name: 'Category 20', count: 1067 },
    { name: 'Category 57', count: 916 },
    { name: 'Category 61', count: 805 },
    { name: 'Category 40', count: 686 },
    { name: 'Category 24', count: 638 },
    { name: 'Category 45', count: 625 },
    { name: 'Category 51', count: 545 },
    { name: 'Category 28', count: 522 },
    { name: 'Category 35', count: 512 },
    { name: 'Category 34', count: 498 },
    { name: 'Category 44', count: 331 },
    { name: 'Category 19', count: 220 },
  ],
  closeCodes: [
    { name: 'code 6', count: 14882 },
    { name: 'code 7', count: 4412 },
    { name: 'code 9', count: 2489 },
    { name: 'code 8', count: 831 },
    { name: 'code 5', count: 677 },
    { name: 'code 1', count: 449 },
    { name: 'code 10', count: 314 },
    { name: 'code 11', count: 221 },
    { name: 'code 16', count: 171 },
    { name: 'code 4', count: 130 },
    { name: 'code 3', count: 99 },
    { name: 'code 2', count: 59 },
    { name: 'code 15', count: 43 },
    { name: 'code 17', count: 21 },
    { name: 'code 13', count: 8 },
    { name: 'code 14', count: 3 },
    { name: 'code 12', count: 2 },
  ],
  groups: [
    { incidents: 12791, agents: 172 },
    { incidents: 1367, agents: 98 },
    { incidents: 764, agents: 50 },
    { incidents: 698, agents: 52 },
    { incidents: 622, agents: 22 },
    { incidents: 501, agents: 42 },
    { incidents: 416, agents: 81 },
    { incidents: 389, agents: 35 },
    { incidents: 375, agents: 51 },
    { incidents: 344, agents: 38 },
    { incidents: 341, agents: 45 },
    { incidents: 331, agents: 27 },
    { incidents: 324, agents: 43 },
    { incidents: 304, agents: 31 },
    { incidents: 298, agents: 42 },
    { incidents: 297, agents: 25 },
    { incidents: 294, agents: 46 },
    { incidents: 291, agents: 46 },
    { incidents: 273, agents: 31 },
    { incidents: 243, agents: 43 },
    { incidents: 164, agents: 66 },
    { incidents: 157, agents: 28 },
    { incidents: 156, agents: 29 },
    { incidents: 154, agents: 29 },
    { incidents: 151, agents: 26 },
    { incidents: 149, agents: 50 },
    { incidents: 133, agents: 18 },
    { incidents: 126, agents: 31 },
    { incidents: 124, agents: 17 },
    { incidents: 121, agents: 22 },
    { incidents: 120, agents: 49 },
    { incidents: 113, agents: 44 },
    { incidents: 93, agents: 28 },
    { incidents: 92, agents: 9 },
    { incidents: 91, agents: 37 },
    { incidents: 78, agents: 15 },
    { incidents: 76, agents: 17 },
    { incidents: 73, agents: 15 },
    { incidents: 63, agents: 14 },
    { incidents: 61, agents: 15 },
  ],
  reassignments: [14183, 5567, 2313, 1298, 695, 343, 212, 107, 72, 39, 24, 23, 42],
};
