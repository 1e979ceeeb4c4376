/**
 * Who may read: the group role `docket_analyst`, which can look at every read model and change nothing. It
 * has rights on the schema that readers use and on no other, so the tables behind the names stay out of
 * reach. Roles belong to a whole server, which may not be ours: where they can not be made, that is told and
 * the read models are there all the same. Nothing here may ever give a right to write.
 */
import { literal, schemaName } from './table.ts';

/** A role without a login of its own. People and dashboards are members of it. */
export const analystRole = 'docket_analyst';

const meaning = `Reads everything in schema ${schemaName} and changes nothing. \`docket analyst create\` makes members.`;

/**
 * Makes the role where it is missing. It may be there from another database of the server, or appear while
 * we look; and a user without CREATEROLE can not make it at all.
 */
const makeRole = `DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${analystRole}') THEN
    CREATE ROLE ${analystRole} NOLOGIN;
    COMMENT ON ROLE ${analystRole} IS ${literal(meaning)};
  END IF;
EXCEPTION
  WHEN duplicate_object OR unique_violation THEN
    NULL;
  WHEN insufficient_privilege THEN
    RAISE NOTICE 'role ${analystRole} can not be made by this user; reading is left to whoever has the right';
END $$`;

/** Rights on what is there now, and on whatever the same user makes later. */
const grantReading = `DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = '${analystRole}') THEN
    GRANT USAGE ON SCHEMA ${schemaName} TO ${analystRole};
    GRANT SELECT ON ALL TABLES IN SCHEMA ${schemaName} TO ${analystRole};
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${schemaName} TO ${analystRole};
    ALTER DEFAULT PRIVILEGES IN SCHEMA ${schemaName} GRANT SELECT ON TABLES TO ${analystRole};
    ALTER DEFAULT PRIVILEGES IN SCHEMA ${schemaName} GRANT EXECUTE ON FUNCTIONS TO ${analystRole};
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'rights could not be given to ${analystRole} by this user';
END $$`;

/** To be run after the schema, its tables and views are there. They may be run again at any time. */
export const roleStatements: readonly string[] = [makeRole, grantReading];
