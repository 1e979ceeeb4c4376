/**
 * The elements of a JMeter test plan that we use, as JMeter 2.13 writes them and 5 reads them. Each answers
 * its node and the tree below it, which in JMeter's files follows its node.
 */
import type { Outgoing } from '../generator/transport.ts';
import { element, type XmlNode } from './xml.ts';

/** A node, and what hangs below it. */
export type Branch = readonly [XmlNode, XmlNode];

export function string(name: string, value: string): XmlNode {
  return element('stringProp', { name }, value);
}

export function boolean(name: string, value: boolean): XmlNode {
  return element('boolProp', { name }, String(value));
}

export function integer(name: string, value: number): XmlNode {
  return element('intProp', { name }, String(value));
}

export function tree(branches: readonly Branch[]): XmlNode {
  return element('hashTree', {}, branches.flat());
}

/** Nodes of JMeter name the class that shows them beside their own; here one word of each is enough. */
export interface Kind {
  readonly node: string;
  readonly gui: string;
}

export function branch(
  { node, gui }: Kind,
  testname: string,
  properties: readonly XmlNode[],
  below: readonly Branch[] = [],
): Branch {
  const attributes = { guiclass: gui, testclass: node, testname, enabled: 'true' };
  return [element(node, attributes, properties), tree(below)];
}

/** Texts in JMeter may call functions: what begins one is escaped, so that the text stays what it is. */
export function literal(text: string): string {
  return text.replaceAll(/[\\$]/g, '\\$&');
}

export function argumentsNode(
  name: string,
  values: readonly (readonly [name: string, value: string])[],
): XmlNode {
  const one = ([key, value]: readonly [string, string]) =>
    element('elementProp', { name: key, elementType: 'Argument' }, [
      string('Argument.name', key),
      string('Argument.value', value),
      string('Argument.metadata', '='),
    ]);
  const attributes = { name, elementType: 'Arguments', guiclass: 'ArgumentsPanel', testclass: 'Arguments' };
  return element('elementProp', attributes, [
    element('collectionProp', { name: 'Arguments.arguments' }, values.map(one)),
  ]);
}

/** Address and body may call functions. The whole address stands where JMeter wants a path, as it allows. */
export function sampler(label: string, { method, path, body }: Outgoing, below: readonly Branch[]): Branch {
  const kind = { node: 'HTTPSamplerProxy', gui: 'HttpTestSampleGui' };
  const raw = element('elementProp', { name: '', elementType: 'HTTPArgument' }, [
    boolean('HTTPArgument.always_encode', false),
    string('Argument.value', body ?? ''),
    string('Argument.metadata', '='),
  ]);
  const sent = body === undefined ? [] : [raw];
  const properties = [
    boolean('HTTPSampler.postBodyRaw', body !== undefined),
    element('elementProp', { name: 'HTTPsampler.Arguments', elementType: 'Arguments' }, [
      element('collectionProp', { name: 'Arguments.arguments' }, sent),
    ]),
    string('HTTPSampler.contentEncoding', 'UTF-8'),
    string('HTTPSampler.path', path),
    string('HTTPSampler.method', method),
    boolean('HTTPSampler.follow_redirects', false),
    boolean('HTTPSampler.use_keepalive', true),
    string('HTTPSampler.implementation', 'HttpClient4'),
    string('HTTPSampler.connect_timeout', '10000'),
    string('HTTPSampler.response_timeout', '30000'),
  ];
  return branch(kind, label, properties, below);
}

/** Takes the id of a ticket that was opened into a variable of the thread, which else keeps what it has. */
export function ticketTaken(variable: string): Branch {
  return taken(variable, '"ticketId":"([^"]+)"', '$1$', '');
}

/** The variable with how many events an accepted command told of, 0 for whatever else was answered. */
export const eventsVariable = 'docketEvents';

export function eventsTaken(): Branch {
  return taken(eventsVariable, '"status":"accepted",.*"events":(\\d+)', '$1$', '0');
}

const missing = 'ticketMissing';

/** Runs what is below until `ticketThere` saw a ticket opened: the first may be refused, and asked again. */
export function untilTicketThere(name: string, below: readonly Branch[]): Branch {
  const condition = string('WhileController.condition', `\${${missing}}`);
  return branch({ node: 'WhileController', gui: 'WhileControllerGui' }, name, [condition], below);
}

export function ticketThere(): Branch {
  return taken(missing, '"ticketId":', 'false', '');
}

function taken(variable: string, regex: string, template: string, otherwise: string): Branch {
  const properties = [
    string('RegexExtractor.useHeaders', 'false'),
    string('RegexExtractor.refname', variable),
    string('RegexExtractor.regex', regex),
    string('RegexExtractor.template', template),
    string('RegexExtractor.default', otherwise),
    string('RegexExtractor.match_number', '1'),
  ];
  return branch({ node: 'RegexExtractor', gui: 'RegexExtractorGui' }, `keep as ${variable}`, properties);
}

const matchesWhole = 1;

/** Holds for every sampler beside it; without one, JMeter takes whatever is not 2xx or 3xx for an error. */
export function statusExpected(alsoExpected: readonly number[]): Branch {
  const pattern = ['2\\d\\d', ...alsoExpected].join('|');
  const properties = [
    // The name is spelled so in JMeter.
    element('collectionProp', { name: 'Asserion.test_strings' }, [string('1', pattern)]),
    string('Assertion.test_field', 'Assertion.response_code'),
    boolean('Assertion.assume_success', alsoExpected.length > 0),
    integer('Assertion.test_type', matchesWhole),
  ];
  return branch({ node: 'ResponseAssertion', gui: 'AssertionGui' }, `answered ${pattern}`, properties);
}

export function headers(values: readonly (readonly [name: string, value: string])[]): Branch {
  const one = ([name, value]: readonly [string, string]) =>
    element('elementProp', { name: '', elementType: 'Header' }, [
      string('Header.name', name),
      string('Header.value', value),
    ]);
  const collection = element('collectionProp', { name: 'HeaderManager.headers' }, values.map(one));
  return branch({ node: 'HeaderManager', gui: 'HeaderPanel' }, 'headers', [collection]);
}

const sharedInThreadGroup = 4;

/** Paces all samplers of its thread group together; the rate may call functions. */
export function paced(perMinute: string): Branch {
  return branch({ node: 'ConstantThroughputTimer', gui: 'TestBeanGUI' }, 'at most', [
    integer('calcMode', sharedInThreadGroup),
    string('throughput', perMinute),
  ]);
}

export interface Threads {
  readonly threads: number;
  /** Whole seconds; may call functions. */
  readonly seconds: string;
}

export function threadGroup(name: string, { threads, seconds }: Threads, below: readonly Branch[]): Branch {
  const loop = { elementType: 'LoopController', guiclass: 'LoopControlPanel', testclass: 'LoopController' };
  const properties = [
    string('ThreadGroup.on_sample_error', 'continue'),
    element('elementProp', { name: 'ThreadGroup.main_controller', ...loop }, [
      boolean('LoopController.continue_forever', false),
      integer('LoopController.loops', -1),
    ]),
    string('ThreadGroup.num_threads', String(threads)),
    string('ThreadGroup.ramp_time', '0'),
    boolean('ThreadGroup.scheduler', true),
    string('ThreadGroup.duration', seconds),
    string('ThreadGroup.delay', ''),
  ];
  return branch({ node: 'ThreadGroup', gui: 'ThreadGroupGui' }, name, properties, below);
}

/** Runs what is below in so many of a hundred rounds. */
export function inShareOfRounds(name: string, percent: number, below: readonly Branch[]): Branch {
  const share = element('FloatProperty', {}, [
    element('name', {}, 'ThroughputController.percentThroughput'),
    element('value', {}, String(percent)),
    element('savedValue', {}, '0.0'),
  ]);
  const properties = [
    integer('ThroughputController.style', 1),
    boolean('ThroughputController.perThread', false),
    integer('ThroughputController.maxThroughput', 1),
    share,
  ];
  return branch({ node: 'ThroughputController', gui: 'ThroughputControllerGui' }, name, properties, below);
}

/** Runs one of what is below in each round, in turn. */
export function inTurn(name: string, below: readonly Branch[]): Branch {
  const style = integer('InterleaveControl.style', 0);
  return branch({ node: 'InterleaveControl', gui: 'InterleaveControlGui' }, name, [style], below);
}

/** A whole file; thread groups run one after the other. */
export function testPlan(
  name: string,
  comments: string,
  variables: readonly (readonly [string, string])[],
  below: readonly Branch[],
): XmlNode {
  const properties = [
    string('TestPlan.comments', comments),
    boolean('TestPlan.functional_mode', false),
    boolean('TestPlan.serialize_threadgroups', true),
    argumentsNode('TestPlan.user_defined_variables', variables),
  ];
  const whole = branch({ node: 'TestPlan', gui: 'TestPlanGui' }, name, properties, below);
  return element('jmeterTestPlan', { version: '1.2', properties: '2.8', jmeter: '2.13' }, [tree([whole])]);
}
