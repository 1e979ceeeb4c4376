/** The dashboard's rows about the server: requests, the database, processes and the disk. */
import { quantiles, type Row, sumOfRate } from './panel.ts';

export const http: Row = {
  title: 'HTTP and webhooks',
  panels: [
    {
      title: 'Requests',
      description: 'By what became of them.',
      unit: 'reqps',
      queries: [{ expression: sumOfRate('status', 'docket_http_requests_total'), legend: '{{status}}' }],
    },
    {
      title: 'Requests by route',
      description: 'By the template of the path; unmatched is what no route is for.',
      unit: 'reqps',
      queries: [
        {
          expression: sumOfRate('method, route', 'docket_http_requests_total'),
          legend: '{{method}} {{route}}',
        },
      ],
    },
    {
      title: 'Answer time by route, p99',
      description: 'From the head of the request to the end of the answer.',
      unit: 's',
      exemplars: true,
      queries: quantiles('docket_http_request_duration_seconds', 'route').slice(1),
    },
    {
      title: 'Requests and connections now',
      description: 'In flight, waiting for admission, and what connections there are.',
      unit: 'short',
      queries: [
        { expression: 'sum(docket_http_requests_in_flight{$of})', legend: 'in flight' },
        { expression: 'sum by (lane) (docket_http_admission_waiting{$of})', legend: 'waiting, {{lane}}' },
        {
          expression: 'sum by (protocol) (docket_http_connections{$of})',
          legend: 'connections, {{protocol}}',
        },
        { expression: 'sum(docket_event_stream_listeners{$of})', legend: 'event streams' },
      ],
    },
    {
      title: 'Admission limit',
      description: 'How many requests are let in at once; it adapts to what the server can answer in time.',
      unit: 'short',
      queries: [{ expression: 'sum by (lane) (docket_http_admission_limit{$of})', legend: '{{lane}}' }],
    },
    {
      title: 'Refused requests',
      description: 'Overload is the server, rate is one client, failed credentials is somebody guessing.',
      unit: 'reqps',
      queries: [
        {
          expression: sumOfRate('lane, reason', 'docket_http_refused_total'),
          legend: '{{reason}}, {{lane}}',
        },
      ],
    },
    {
      title: 'Connection errors',
      description: 'Connections that ended otherwise than they should, as Node names it.',
      unit: 'cps',
      queries: [{ expression: sumOfRate('code', 'docket_http_connection_errors_total'), legend: '{{code}}' }],
    },
    {
      title: 'Webhook deliveries',
      description: 'By source and result; dead letters wait for somebody to look at them.',
      unit: 'short',
      queries: [
        {
          expression: sumOfRate('source, result', 'docket_webhook_deliveries_total'),
          legend: '{{source}} {{result}} per second',
        },
        {
          expression: 'sum by (source) (docket_webhook_dead_letters{$of})',
          legend: '{{source}} dead letters',
        },
      ],
    },
  ],
};

export const machine: Row = {
  title: 'Database and processes',
  panels: [
    {
      title: 'Database connections',
      description: "The server's pool. Queries that wait for a connection are slower than the database.",
      unit: 'short',
      queries: [
        { expression: 'sum by (state) (docket_database_connections{$of})', legend: '{{state}}' },
        { expression: 'sum(docket_database_connections_max{$of})', legend: 'limit' },
        { expression: 'sum(docket_database_waiting{$of})', legend: 'waiting' },
      ],
    },
    {
      title: 'Database statements',
      description: "How long the server's statements take.",
      unit: 's',
      queries: quantiles('docket_database_query_duration_seconds'),
    },
    {
      title: 'Database errors',
      description: 'By SQLSTATE class, or connection where there was none to have.',
      unit: 'cps',
      queries: [{ expression: sumOfRate('class', 'docket_database_errors_total'), legend: '{{class}}' }],
    },
    {
      title: 'CPU',
      description: 'Of one core. A process near 100 % of one core is at its end, whatever else is idle.',
      unit: 'percentunit',
      queries: [
        { expression: sumOfRate('instance, process', 'process_cpu_seconds_total'), legend: '{{process}}' },
      ],
    },
    {
      title: 'Memory',
      description: 'What each process holds of the memory there is.',
      unit: 'bytes',
      queries: [
        {
          expression: 'sum by (instance, process) (process_resident_memory_bytes{$of})',
          legend: '{{process}}',
        },
      ],
    },
    {
      title: 'Heap after full collections',
      description: 'Flat troughs are healthy, however far the peaks go. Rising ones are a leak.',
      unit: 'bytes',
      queries: [
        { expression: 'docket_heap_after_major_gc_bytes{$of}', legend: '{{process}}' },
        { expression: 'docket_heap_limit_bytes{$of}', legend: '{{process}} limit' },
      ],
    },
    {
      title: 'Event loop delay',
      description: 'How late the process gets to what is due. Every request waits so long somewhere.',
      unit: 's',
      queries: [
        {
          expression: 'max by (process, percentile) (nodejs_eventloop_delay_seconds{$of})',
          legend: '{{process}} p{{percentile}}',
        },
      ],
    },
    {
      title: 'Garbage collection',
      description: 'Share of the time that goes to it, by kind.',
      unit: 'percentunit',
      queries: [
        {
          expression: sumOfRate('process, kind', 'docket_gc_duration_seconds_sum'),
          legend: '{{process}} {{kind}}',
        },
      ],
    },
    {
      title: 'File descriptors',
      description: 'Share of what the process may open. At 100 % no connection is accepted.',
      unit: 'percentunit',
      queries: [{ expression: 'process_open_fds{$of} / process_max_fds{$of}', legend: '{{process}}' }],
    },
    {
      title: 'Data disk',
      description: 'Free space where the log is, and what the log takes.',
      unit: 'bytes',
      queries: [
        { expression: 'min(docket_data_disk_free_bytes{$of})', legend: 'free' },
        { expression: 'sum(docket_log_bytes{$of})', legend: 'log' },
      ],
    },
  ],
};
