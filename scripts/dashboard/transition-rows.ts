/** The dashboard's rows about tickets: what was asked, what was committed, and who can see it. */
import { quantiles, type Row, rate, sumOfRate } from './panel.ts';

/** Without the probes, which ask about the server instead of using it. */
const used = '$of,route!~"/healthz|/readyz"';
const failed = `${used},status=~"5.."`;

export const overview: Row = {
  title: 'At a glance',
  panels: [
    {
      title: 'Transitions per second',
      description: 'Events that the log took durably. This is the number that Docket promises.',
      unit: 'cps',
      isFigure: true,
      queries: [{ expression: `sum(${rate('docket_transitions_committed_total')})`, legend: 'committed' }],
    },
    {
      title: 'Commands, p99',
      description: 'From a command taken in to its durable answer. Alarms begin at 250 ms.',
      unit: 's',
      isFigure: true,
      queries: quantiles('docket_command_duration_seconds').slice(1),
    },
    {
      title: 'Failed requests',
      description: 'Share of requests answered with 5xx, 503 for overload included. The budget is 0.1 %.',
      unit: 'percentunit',
      isFigure: true,
      queries: [
        {
          expression:
            `(sum(${rate('docket_http_requests_total', failed)}) or vector(0))` +
            ` / sum(${rate('docket_http_requests_total', used)})`,
          legend: 'failed',
        },
      ],
    },
    {
      title: 'Read models behind by',
      description: 'Age of the oldest event that some read model does not show yet.',
      unit: 's',
      isFigure: true,
      queries: [{ expression: 'max(docket_projection_lag_seconds{$of})', legend: 'lag' }],
    },
    {
      title: 'Parked tickets',
      description: 'Left behind in a read model; `docket projections status` says why.',
      unit: 'short',
      isFigure: true,
      queries: [{ expression: 'sum(docket_projection_parked_tickets{$of})', legend: 'parked' }],
    },
    {
      title: 'Data disk free',
      description: 'Share of the disk of the data folder. On a full one the log takes nothing more.',
      unit: 'percentunit',
      isFigure: true,
      queries: [
        {
          expression: 'min(docket_data_disk_free_bytes{$of} / docket_data_disk_bytes{$of})',
          legend: 'free',
        },
      ],
    },
  ],
};

export const commands: Row = {
  title: 'Commands and transitions',
  panels: [
    {
      title: 'Transitions committed',
      description: 'Events per second by type, counted when they were durable.',
      unit: 'cps',
      queries: [{ expression: sumOfRate('type', 'docket_transitions_committed_total'), legend: '{{type}}' }],
    },
    {
      title: 'Commands by outcome',
      description: 'Deduplicated: the same command again, which got its first answer.',
      unit: 'cps',
      queries: ['accepted', 'rejected', 'deduplicated'].map((outcome) => ({
        expression: `sum(${rate(`docket_commands_${outcome}_total`)})`,
        legend: outcome,
      })),
    },
    {
      title: 'Commands rejected',
      description: 'By reason, as the code of the error table. One client that keeps trying shows here.',
      unit: 'cps',
      queries: [{ expression: sumOfRate('reason', 'docket_commands_rejected_total'), legend: '{{reason}}' }],
    },
    {
      title: 'Command to durable answer',
      description: 'If it rises with the queue there are too many commands; if alone, look at the sync.',
      unit: 's',
      exemplars: true,
      queries: quantiles('docket_command_duration_seconds'),
    },
    {
      title: 'Command to visible row',
      description: 'Until every live read model shows it, of the commands that were watched.',
      unit: 's',
      exemplars: true,
      queries: quantiles('docket_command_visible_seconds'),
    },
    {
      title: 'Commands waiting',
      description:
        'Unanswered ones are queued or on their way to the disk; beyond the limit they are refused.',
      unit: 'short',
      queries: [
        { expression: 'sum(docket_engine_queue_commands{$of})', legend: 'queued' },
        { expression: 'sum(docket_engine_unanswered_commands{$of})', legend: 'unanswered' },
        { expression: 'sum(docket_engine_unanswered_commands_max{$of})', legend: 'limit' },
      ],
    },
  ],
};

export const log: Row = {
  title: 'Log',
  panels: [
    {
      title: 'Append and sync',
      description: 'What the disk (or the COMMIT) takes, and what an append takes with it.',
      unit: 's',
      queries: [
        ...quantiles('docket_append_duration_seconds').map((query) => ({
          ...query,
          legend: `append ${query.legend}`,
        })),
        ...quantiles('docket_log_sync_duration_seconds').map((query) => ({
          ...query,
          legend: `sync ${query.legend}`,
        })),
      ],
    },
    {
      title: 'Events per append',
      description: 'Under load many commands share a sync: larger batches are how the log keeps up.',
      unit: 'short',
      queries: quantiles('docket_append_batch_events'),
    },
    {
      title: 'Conflicts and setbacks',
      description:
        'Conflicts come with several writers on one log. Setbacks without conflicts: the log fails.',
      unit: 'cps',
      queries: [
        { expression: `sum(${rate('docket_append_conflicts_total')})`, legend: 'conflicts' },
        { expression: `sum(${rate('docket_engine_setbacks_total')})`, legend: 'setbacks' },
      ],
    },
    {
      title: 'Position',
      description: 'Events in the log, and what each read model holds of them.',
      unit: 'short',
      queries: [
        { expression: 'max(docket_log_position{$of})', legend: 'log' },
        { expression: 'max by (projection) (docket_projection_position{$of})', legend: '{{projection}}' },
      ],
    },
  ],
};

export const readModels: Row = {
  title: 'Read models',
  panels: [
    {
      title: 'Lag in seconds',
      description: 'Age of the oldest event that is not visible yet. Absent while the database is away.',
      unit: 's',
      queries: [
        { expression: 'max by (projection) (docket_projection_lag_seconds{$of})', legend: '{{projection}}' },
      ],
    },
    {
      title: 'Lag in events',
      description: 'Falling: it catches up. Rising for minutes: more comes than is projected.',
      unit: 'short',
      queries: [
        { expression: 'max by (projection) (docket_projection_lag_events{$of})', legend: '{{projection}}' },
      ],
    },
    {
      title: 'Batch time, p99',
      description: 'Fold is the process, commit is PostgreSQL: the larger one is what limits the projector.',
      unit: 's',
      queries: quantiles('docket_projection_batch_duration_seconds', 'stage').slice(1),
    },
    {
      title: 'Events per batch',
      description: 'One transaction moves rows and checkpoints on by so many events.',
      unit: 'short',
      queries: quantiles('docket_projection_batch_events'),
    },
    {
      title: 'Projector',
      description: 'Whether its process runs, and how often it was started again.',
      unit: 'short',
      queries: [
        { expression: 'min(docket_projector_running{$of})', legend: 'running' },
        {
          expression: 'sum(increase(docket_projector_restarts_total{$of}[$__rate_interval]))',
          legend: 'restarts',
        },
      ],
    },
    {
      title: 'Tickets left behind',
      description: 'Parked in a read model because an event could not be projected.',
      unit: 'short',
      queries: [
        {
          expression: 'sum by (projection) (docket_projection_parked_tickets{$of})',
          legend: '{{projection}}',
        },
      ],
    },
  ],
};
