/**
 * Access rules as data, after ServiceNow's access control lists: a rule is about one table or one field of
 * it, names the operations it is for, and passes where role AND condition AND script pass. How rules combine
 * is in `decide-access.ts`.
 */
import { z } from 'zod';
import { commandTypes } from '../ticket/commands.ts';
import { fieldNameCharactersMax, nameSchema } from '../ticket/values.ts';

export const policyBounds = {
  rulesMax: 1_000,
  rolesMax: 200,
  expressionCharactersMax: 2_000,
} as const;

/**
 * `create`, `read`, `write` (fields of a ticket that exists), `transition` (every command but `OpenTicket`
 * and `ChangeFields`), or one command by its name.
 */
export const accessOperations = ['create', 'read', 'write', 'transition', ...commandTypes] as const;
export type AccessOperation = 'create' | 'read' | 'write' | 'transition' | (typeof commandTypes)[number];

const operationSchema = z.enum(accessOperations, {
  error: `expected one of ${accessOperations.join(', ')}`,
});

/** A workflow's name, `ticket` (the parent of all workflows), or `*`. */
const tableSchema = z.string().regex(/^(\*|[a-z][a-z0-9_-]{0,63})$/, 'a workflow name, ticket or *');
/** A field or attribute of a ticket, or `*` for any. */
const fieldSchema = z
  .string()
  .max(fieldNameCharactersMax)
  .regex(/^(\*|[a-z][a-z0-9_]*)$/, 'the name of a field or attribute, or *');

const expressionSchema = z.string().min(1).max(policyBounds.expressionCharactersMax);

export const accessRuleSchema = z.strictObject({
  /** Unique in the policy; what decisions and `docket access explain` name. */
  id: nameSchema,
  description: z.string().max(1_000).optional(),
  /**
   * `allow`: one passing rule at the most specific place where there are rules suffices. `deny-unless`: asked
   * first, and every one that applies must pass.
   */
  effect: z.enum(['allow', 'deny-unless']).default('allow'),
  table: tableSchema,
  /** Absent: the rule is about the record as a whole. */
  field: fieldSchema.optional(),
  operations: z.array(operationSchema).min(1).max(accessOperations.length),
  /**
   * Any one of them suffices; none asks for no role. `nobody` is a role that no one has, not even `admin`.
   */
  roles: z.array(nameSchema).max(100).default([]),
  /** CEL over `user` and `ticket`, as `ticket.requester == user.id`. */
  condition: expressionSchema.optional(),
  /** CEL over `user`, `before`, `after` and `command`: what changes, and how. */
  script: expressionSchema.optional(),
  /** Whether the role `admin` passes it whatever its condition and script say. */
  adminOverrides: z.boolean().default(true),
});
export type AccessRule = z.infer<typeof accessRuleSchema>;

export const accessPolicySchema = z.strictObject({
  /** Roles by name, with the roles that each contains. */
  roles: z
    .record(nameSchema, z.strictObject({ contains: z.array(nameSchema).max(32).default([]) }))
    .refine(
      (roles) => Object.keys(roles).length <= policyBounds.rolesMax,
      `at most ${policyBounds.rolesMax} roles`,
    ),
  rules: z.array(accessRuleSchema).max(policyBounds.rulesMax),
});
export type AccessPolicy = z.infer<typeof accessPolicySchema>;
